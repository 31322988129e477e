package io.ringvault.crypto;

import java.security.GeneralSecurityException;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/** HKDF with SHA-256 (RFC 5869), by the JDK's {@code javax.crypto.KDF}. Control plane, any thread. */
public final class Hkdf {
    private static final int MAX_BYTES = 255 * 32;

    private Hkdf() {
    }

    /**
     * Extracts and expands.
     *
     * @param ikm    input keying material; stays the caller's to zero
     * @param salt   may be empty
     * @param info   may be empty
     * @param length output bytes, 1..8160
     * @return a new array; the caller zeroes it when done
     */
    public static byte[] derive(final byte[] ikm, final byte[] salt, final byte[] info, final int length) {
        if (length < 1 || length > MAX_BYTES) {
            throw new IllegalArgumentException("HKDF output of " + length + " bytes, allowed 1.." + MAX_BYTES);
        }
        try {
            final HKDFParameterSpec.Builder extract = HKDFParameterSpec.ofExtract().addIKM(new LentKey(ikm, "Generic"));
            if (salt.length > 0) {
                extract.addSalt(salt);
            }
            return KDF.getInstance("HKDF-SHA256").deriveData(extract.thenExpand(info, length));
        } catch (final GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no HKDF-SHA256 (module java.base, JDK 25)", missing);
        }
    }
}
