package io.ringvault.crypto;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * {@link Aead} over SunJCE on heap arrays, where it is fastest and free of its direct-buffer defects. Owned by one
 * thread.
 *
 * <p>SunJCE itself allocates a little under 1 kB per call (parameter object, key copy, counters); nothing is added to
 * that. It refuses the key and nonce that the same {@code Cipher} sealed with just before, and no other repetition.
 */
final class SunJceAead implements Aead {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int TAG_BITS = TAG_BYTES * 8;
    /** Protects nothing: what a cipher is given to hold when its last key is to go. */
    private static final SecretKeySpec NOTHING = new SecretKeySpec(new byte[KEY_BYTES], "AES");

    private final Cipher sealing = cipher();
    private final Cipher opening = cipher();
    private final byte[] nonce = new byte[NONCE_BYTES];
    private int forgotten;

    private static Cipher cipher() {
        try {
            return Cipher.getInstance("AES/GCM/NoPadding", "SunJCE");
        } catch (final GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no AES/GCM/NoPadding in SunJCE (module java.base)", missing);
        }
    }

    @Override
    public AeadKey importKey(final byte[] key32) {
        return new SunJceKey(key32);
    }

    @Override
    public void seal(final AeadKey key, final long generation, final int slot, final byte[] aad, final int aadLength,
        final byte[] plain, final int plainLength, final byte[] out) {
        check(aad, aadLength, plain, plainLength, out, plainLength + TAG_BYTES);
        try {
            sealing.init(Cipher.ENCRYPT_MODE, own(key), parameters(generation, slot));
            sealing.updateAAD(aad, 0, aadLength);
            final int written = sealing.doFinal(plain, 0, plainLength, out, 0);
            if (written != plainLength + TAG_BYTES) {
                throw new IllegalStateException("SunJCE wrote " + written + " bytes for " + plainLength);
            }
        } catch (final InvalidAlgorithmParameterException repeated) {
            throw new IllegalStateException("refused to seal a second time at generation " + generation + " slot "
                + slot, repeated);
        } catch (final GeneralSecurityException impossible) {
            throw new IllegalStateException("SunJCE failed to seal: " + impossible.getMessage(), impossible);
        }
    }

    @Override
    public boolean open(final AeadKey key, final long generation, final int slot, final byte[] aad,
        final int aadLength, final byte[] in, final int cipherLength, final byte[] plain) {
        check(aad, aadLength, in, cipherLength + TAG_BYTES, plain, cipherLength);
        try {
            opening.init(Cipher.DECRYPT_MODE, own(key), parameters(generation, slot));
            opening.updateAAD(aad, 0, aadLength);
            opening.doFinal(in, 0, cipherLength + TAG_BYTES, plain, 0);
            return true;
        } catch (final AEADBadTagException expected) {
            Arrays.fill(plain, 0, cipherLength, (byte) 0);
            return false;
        } catch (final GeneralSecurityException impossible) {
            Arrays.fill(plain, 0, cipherLength, (byte) 0);
            throw new IllegalStateException("SunJCE failed to open: " + impossible.getMessage(), impossible);
        }
    }

    /**
     * A cipher zeroes its copies of a key, raw and expanded, when it is given another one. Without that they would lie
     * in the heap as they are when the cipher has been collected: the collector does not clear what it frees, and a
     * heap dump shows the gaps too. (The nonce differs each time, since SunJCE refuses the one before.)
     */
    @Override
    public void forgetKeys() {
        try {
            sealing.init(Cipher.ENCRYPT_MODE, NOTHING, parameters(0, ++forgotten));
            opening.init(Cipher.DECRYPT_MODE, NOTHING, parameters(0, forgotten));
        } catch (final GeneralSecurityException impossible) {
            throw new IllegalStateException("SunJCE failed to take another key: " + impossible.getMessage(),
                impossible);
        }
    }

    /** The specification object copies the nonce, so one array serves every call. */
    private GCMParameterSpec parameters(final long generation, final int slot) {
        LONGS.set(nonce, 0, generation);
        INTS.set(nonce, Long.BYTES, slot);
        return new GCMParameterSpec(TAG_BITS, nonce);
    }

    private static SunJceKey own(final AeadKey key) {
        if (key instanceof SunJceKey mine) {
            return mine;
        }
        throw new IllegalArgumentException("the key was imported by another provider");
    }

    private static void check(final byte[] aad, final int aadLength, final byte[] in, final int inLength,
        final byte[] out, final int outLength) {
        if (aadLength < 0 || aadLength > aad.length || inLength < 0 || inLength > in.length || outLength < 0
            || outLength > out.length || in == out) {
            throw new IllegalArgumentException("aad " + aadLength + " of " + aad.length + ", input " + inLength + " of "
                + in.length + ", output " + outLength + " of " + out.length
                + (in == out ? ", one array for both" : ""));
        }
    }
}
