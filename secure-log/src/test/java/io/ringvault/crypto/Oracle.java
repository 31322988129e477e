package io.ringvault.crypto;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.generators.HKDFBytesGenerator;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.HKDFParameters;
import org.bouncycastle.crypto.params.KeyParameter;

/** AES-GCM and HKDF by Bouncy Castle: an implementation that shares no code with what is tested. */
public final class Oracle {

    private Oracle() {
    }

    /** Ciphertext and tag. */
    public static byte[] seal(final byte[] key, final byte[] nonce, final byte[] aad, final byte[] plain) {
        return run(true, key, nonce, aad, plain);
    }

    /** The plaintext, or null when the tag is wrong. */
    public static byte[] open(final byte[] key, final byte[] nonce, final byte[] aad, final byte[] sealed) {
        return run(false, key, nonce, aad, sealed);
    }

    private static byte[] run(final boolean encrypt, final byte[] key, final byte[] nonce, final byte[] aad,
        final byte[] in) {
        final var gcm = GCMBlockCipher.newInstance(AESEngine.newInstance());
        gcm.init(encrypt, new AEADParameters(new KeyParameter(key), 128, nonce, aad));
        final byte[] out = new byte[gcm.getOutputSize(in.length)];
        try {
            gcm.doFinal(out, gcm.processBytes(in, 0, in.length, out, 0));
            return out;
        } catch (final InvalidCipherTextException bad) {
            return null;
        }
    }

    /** HKDF-SHA-256. */
    public static byte[] hkdf(final byte[] ikm, final byte[] salt, final byte[] info, final int length) {
        final HKDFBytesGenerator generator = new HKDFBytesGenerator(new SHA256Digest());
        generator.init(new HKDFParameters(ikm, salt, info));
        final byte[] out = new byte[length];
        generator.generateBytes(out, 0, length);
        return out;
    }

    /** The nonce of a place, written down a second time. */
    public static byte[] nonce(final long generation, final int slot) {
        return ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putLong(generation).putInt(slot).array();
    }
}
