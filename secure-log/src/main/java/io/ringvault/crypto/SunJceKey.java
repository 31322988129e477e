package io.ringvault.crypto;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import javax.crypto.SecretKey;

/**
 * A key of {@link SunJceAead}. A class of our own because {@code SecretKeySpec} cannot be destroyed (JDK 25)
 * and lies on the heap; ours lies outside.
 *
 * <p>What remains beyond this object: a {@code Cipher} keeps the last key it was given, raw and expanded, until it is
 * initialised with another one ({@link Aead#forgetKeys}), and the garbage collector may have moved any of these arrays.
 */
final class SunJceKey implements SecretKey, AeadKey {
    private static final long serialVersionUID = 1L;

    private final transient Secret secret;

    SunJceKey(final byte[] key32) {
        if (key32.length != Aead.KEY_BYTES) {
            throw new IllegalArgumentException("AES-256 key of " + key32.length + " bytes, expected " + Aead.KEY_BYTES);
        }
        secret = Secret.of(key32);
    }

    @Override
    public String getAlgorithm() {
        return "AES";
    }

    @Override
    public String getFormat() {
        return "RAW";
    }

    /** A copy, which SunJCE zeroes or keeps as its own. */
    @Override
    public byte[] getEncoded() {
        return secret.copy();
    }

    @Override
    public void destroy() {
        secret.close();
    }

    @Override
    public boolean isDestroyed() {
        return secret.isClosed();
    }

    @Override
    public String toString() {
        return secret.isClosed() ? "AeadKey[destroyed]" : "AeadKey";
    }

    private void writeObject(final ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException("keys are never serialised");
    }
}
