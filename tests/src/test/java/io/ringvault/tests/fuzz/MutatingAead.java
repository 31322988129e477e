package io.ringvault.tests.fuzz;

import io.ringvault.tests.harness.WatchedCipher;
import java.util.Arrays;
import java.util.Random;

/**
 * Opens blocks as it should and then changes the plaintext of some, as if a holder of the key had sealed it so: what
 * lies behind the cipher must not trust what it finds there. Data blocks are left alone. One thread.
 */
final class MutatingAead extends WatchedCipher {
    private static final int KIND_DATA = 2;
    private static final int KINDS = 12;
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
    protected void opened(final byte[] aad, final byte[] plain, final int length) {
        final int found = aad[0];
        if (found > 0 && found < KINDS && found != KIND_DATA && (kind == 0 || kind == found)
            && random.nextInt(oneIn) == 0) {
            final byte[] before = Arrays.copyOf(plain, length);
            Mutations.change(random, plain, 0, length, donor);
            System.arraycopy(before, 0, donor, 0, Math.min(donor.length, before.length));
            changed++;
        }
    }
}
