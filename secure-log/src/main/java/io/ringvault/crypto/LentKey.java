package io.ringvault.crypto;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import javax.crypto.SecretKey;

/**
 * A key for one call of the JDK's {@code Mac} or {@code KDF}: a view of an array that its owner zeroes afterwards. A
 * {@code SecretKeySpec} would keep a copy of its own, which nobody can zero; the copies that this one hands out are
 * zeroed by the JDK. One thread.
 */
public final class LentKey implements SecretKey {
    private static final long serialVersionUID = 1L;

    private final transient byte[] bytes;
    private final String algorithm;

    /** @param bytes stay the caller's, to zero when the call is over */
    public LentKey(final byte[] bytes, final String algorithm) {
        this.bytes = bytes;
        this.algorithm = algorithm;
    }

    @Override
    public String getAlgorithm() {
        return algorithm;
    }

    @Override
    public String getFormat() {
        return "RAW";
    }

    /** A copy, which the JDK zeroes. */
    @Override
    public byte[] getEncoded() {
        return bytes.clone();
    }

    /** Says nothing. */
    @Override
    public String toString() {
        return "LentKey[" + algorithm + "]";
    }

    private void writeObject(final ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException("keys are never serialised");
    }
}
