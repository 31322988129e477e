package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import io.ringvault.log.Le;

/**
 * Block of fences: the first LBA of each record block, then of each range block ({@code docs/format.md}, section 7.3).
 * Stateless; any thread.
 */
final class FenceBlockCodec {
    static final int COUNT_OFFSET = 0;
    static final int FIRST_OFFSET = 4;
    static final int RESERVED_OFFSET = 8;
    static final int FENCES_OFFSET = 16;
    static final int FENCES_PER_BLOCK = (Geometry.SEALED_BYTES - FENCES_OFFSET) / 8;

    private FenceBlockCodec() {
    }

    /** Fence blocks that a table with so many record and range blocks has. */
    static int blocksFor(final int fences) {
        return (fences + FENCES_PER_BLOCK - 1) / FENCES_PER_BLOCK;
    }

    /** Encodes fence block number {@code block} of a table into zeroed {@code target}. */
    static void encode(final long[] fences, final int fenceCount, final int block, final byte[] target) {
        final int first = block * FENCES_PER_BLOCK;
        final int count = Math.min(FENCES_PER_BLOCK, fenceCount - first);
        Le.putInt(target, COUNT_OFFSET, count);
        Le.putInt(target, FIRST_OFFSET, first);
        for (int i = 0; i < count; i++) {
            Le.putLong(target, FENCES_OFFSET + 8 * i, fences[first + i]);
        }
    }

    /** Reads fence block number {@code block} into {@code fences}; null when sound, else what is wrong. */
    static String decode(final byte[] source, final int block, final long[] fences) {
        final int first = block * FENCES_PER_BLOCK;
        final int count = Math.min(FENCES_PER_BLOCK, fences.length - first);
        if (Le.getInt(source, COUNT_OFFSET) != count || Le.getInt(source, FIRST_OFFSET) != first) {
            return "it holds " + Le.getInt(source, COUNT_OFFSET) + " fences from " + Le.getInt(source, FIRST_OFFSET)
                + " though " + count + " from " + first + " are expected";
        }
        if (!Le.isZero(source, RESERVED_OFFSET, FENCES_OFFSET)) {
            return "a reserved field is not zero";
        }
        for (int i = 0; i < count; i++) {
            final long fence = Le.getLong(source, FENCES_OFFSET + 8 * i);
            if (fence < 0 || fence > Memtable.MAX_LBA) {
                return "fence " + (first + i) + " is " + fence + ", beyond the largest LBA";
            }
            fences[first + i] = fence;
        }
        return null;
    }
}
