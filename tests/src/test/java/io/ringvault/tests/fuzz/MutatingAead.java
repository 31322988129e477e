package io.ringvault.tests.fuzz;

import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.SunJceProvider;
import java.util.Random;

/**
 * Opens blocks as it should and then changes the plaintext of some, as if a holder of the key had sealed it so: what
 * lies behind the cipher must not trust what it finds there. Data blocks are left alone. One thread.
 */
final class MutatingAead implements AeadProvider {
    private static final int KIND_DATA = 2;
    private static final int KINDS = 12;
    private final AeadProvider honest = new SunJceProvider();
    private final int kind;
    private final Random random;
    private final int oneIn;
    private final byte[] donor = new byte[4080];
    private int changed;

    /**
     * @param kind  of blocks to change ({@code docs/format.md} section 2); 0: all but data
     * @param oneIn of so many blocks
     */
    MutatingAead(final int kind, final int oneIn, final Random random) {
        this.kind = kind;
        this.oneIn = oneIn;
        this.random = random;
    }

    /** Blocks changed so far. */
    int changed() {
        return changed;
    }

    @Override
    public String name() {
        return "mutating";
    }

    @Override
    public Aead create() {
        return new Opener(honest.create());
    }

    private final class Opener implements Aead {
        private final Aead real;

        Opener(final Aead real) {
            this.real = real;
        }

        @Override
        public AeadKey importKey(final byte[] key32) {
            return real.importKey(key32);
        }

        @Override
        public void seal(final AeadKey key, final long generation, final int slot, final byte[] aad,
            final int aadLength, final byte[] plain, final int plainLength, final byte[] out) {
            real.seal(key, generation, slot, aad, aadLength, plain, plainLength, out);
        }

        @Override
        public boolean open(final AeadKey key, final long generation, final int slot, final byte[] aad,
            final int aadLength, final byte[] in, final int cipherLength, final byte[] plain) {
            final boolean good = real.open(key, generation, slot, aad, aadLength, in, cipherLength, plain);
            final int found = aad[0];
            if (good && found > 0 && found < KINDS && found != KIND_DATA && (kind == 0 || kind == found)
                && random.nextInt(oneIn) == 0) {
                final byte[] before = java.util.Arrays.copyOf(plain, cipherLength);
                Mutations.change(random, plain, 0, cipherLength, donor);
                System.arraycopy(before, 0, donor, 0, Math.min(donor.length, before.length));
                changed++;
            }
            return good;
        }
    }
}
