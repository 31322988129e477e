package io.ringvault.anchor.tpm;

import io.ringvault.crypto.LentKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * One authorisation session, unsalted and unbound, used for one command (TPM 2.0 Library, part 1, sections 19 and 21):
 * what proves that the caller knows the index's secret, and that the answer comes from the TPM that knows it too. One
 * thread.
 */
final class TpmSession {
    static final int HMAC = 0;
    static final int POLICY = 1;
    static final int NONCE_BYTES = 32;
    /** The TPM decrypts the first parameter. */
    static final int DECRYPT = 0x20;

    private static final int KEY_BYTES = 16;

    private final int handle;
    private final byte[] nonceTpm;
    private final byte[] nonceCaller;
    private final byte[] auth;
    private final int attributes;

    /**
     * @param auth the secret of the entity that is authorised; empty when the policy needs none
     */
    TpmSession(final int handle, final byte[] nonceTpm, final byte[] nonceCaller, final byte[] auth,
               final int attributes) {
        this.handle = handle;
        this.nonceTpm = nonceTpm;
        this.nonceCaller = nonceCaller;
        this.auth = auth;
        this.attributes = attributes;
    }

    int handle() {
        return handle;
    }

    /** The authorisation area of a command. */
    byte[] authorise(final byte[] cpHash) {
        final byte[] mac = auth.length == 0 ? new byte[0]
            : hmac(auth, cpHash, nonceCaller, nonceTpm, new byte[] {(byte) attributes});
        return new TpmBuffer().u32(handle).sized(nonceCaller).u8(attributes).sized(mac).toBytes();
    }

    /** Whether the authorisation area of an answer was made with the secret. */
    boolean verify(final byte[] rpHash, final ByteBuffer area, final byte[] authThen) {
        final byte[] nonce = sized(area);
        final byte answered = area.get();
        final byte[] mac = sized(area);
        return authThen.length == 0
            || MessageDigest.isEqual(mac, hmac(authThen, rpHash, nonce, nonceCaller, new byte[] {answered}));
    }

    /** Encrypts a parameter in place, AES-128-CFB under the secret and both nonces. */
    void encrypt(final byte[] parameter) {
        final byte[] label = "CFB".getBytes(StandardCharsets.US_ASCII);
        final byte[] derived = hmac(auth, ByteBuffer.allocate(4).putInt(1).array(), label, new byte[1], nonceCaller,
            nonceTpm, ByteBuffer.allocate(4).putInt(2 * KEY_BYTES * 8).array());
        try {
            final Cipher cipher = Cipher.getInstance("AES/CFB/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(derived, 0, KEY_BYTES, "AES"),
                new IvParameterSpec(derived, KEY_BYTES, KEY_BYTES));
            cipher.doFinal(parameter.clone(), 0, parameter.length, parameter, 0);
        } catch (final GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no AES/CFB (module java.base)", missing);
        } finally {
            Arrays.fill(derived, (byte) 0);
        }
    }

    static byte[] sized(final ByteBuffer from) {
        final byte[] bytes = new byte[Short.toUnsignedInt(from.getShort())];
        from.get(bytes);
        return bytes;
    }

    static byte[] sha256(final byte[]... parts) {
        try {
            final MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (final byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (final GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no SHA-256 (module java.base)", missing);
        }
    }

    private static byte[] hmac(final byte[] key, final byte[]... parts) {
        try {
            final Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new LentKey(key, "HmacSHA256"));
            for (final byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (final GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no HmacSHA256 (module java.base)", missing);
        }
    }
}
