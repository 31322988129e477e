package io.ringvault.crypto;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import javax.crypto.SecretKey;

/**
 * A key of {@link SunJceAead}. A class of our own because {@code SecretKeySpec} cannot be destroyed (JDK 25).
 *
 * <p>What remains beyond this object: a {@code Cipher} keeps the last key it was given, raw and expanded, until it is
 * initialised with another one or collected, and the garbage collector may have moved any of these arrays.
 */
final class SunJceKey implements SecretKey, AeadKey {
    private static final long serialVersionUID = 1L;

    private final transient byte[] bytes;
    private transient boolean destroyed;

    SunJceKey(final byte[] key32) {
        if (key32.length != Aead.KEY_BYTES) {
            throw new IllegalArgumentException("AES-256 key of " + key32.length + " bytes, expected " + Aead.KEY_BYTES);
        }
        bytes = key32.clone();
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
        if (destroyed) {
            throw new IllegalStateException("this key was destroyed");
        }
        return bytes.clone();
    }

    @Override
    public void destroy() {
        destroyed = true;
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public boolean isDestroyed() {
        return destroyed;
    }

    @Override
    public String toString() {
        return destroyed ? "AeadKey[destroyed]" : "AeadKey";
    }

    private void writeObject(final ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException("keys are never serialised");
    }
}
