package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import io.ringvault.log.Le;

/**
 * Block of trimmed and lost ranges, sorted and disjoint ({@code docs/format.md}, section 7.2). Stateless; any thread.
 */
final class RangeBlockCodec {
    static final int COUNT_OFFSET = 0;
    static final int RESERVED_OFFSET = 2;
    static final int ENTRIES_OFFSET = 16;
    static final int ENTRY_LENGTH = 16;
    static final int MAX_ENTRIES = (Geometry.SEALED_BYTES - ENTRIES_OFFSET) / ENTRY_LENGTH;
    private static final int KIND_SHIFT = 56;

    private RangeBlockCodec() {
    }

    static int count(final byte[] block) {
        return Le.getShort(block, COUNT_OFFSET);
    }

    static void putCount(final byte[] block, final int count) {
        Le.putShort(block, COUNT_OFFSET, count);
    }

    static void put(final byte[] block, final int entry, final long first, final long last, final int kind) {
        final int at = ENTRIES_OFFSET + entry * ENTRY_LENGTH;
        Le.putLong(block, at, first);
        Le.putLong(block, at + 8, (long) kind << KIND_SHIFT | last - first + 1);
    }

    static long first(final byte[] block, final int entry) {
        return Le.getLong(block, ENTRIES_OFFSET + entry * ENTRY_LENGTH);
    }

    /** Last LBA of a range, inclusive. */
    static long last(final byte[] block, final int entry) {
        final long count = Le.getLong(block, ENTRIES_OFFSET + entry * ENTRY_LENGTH + 8) & (1L << KIND_SHIFT) - 1;
        return first(block, entry) + count - 1;
    }

    static int kind(final byte[] block, final int entry) {
        return (int) (Le.getLong(block, ENTRIES_OFFSET + entry * ENTRY_LENGTH + 8) >>> KIND_SHIFT);
    }

    /** TRIMMED, LOST, ABSENT, or ERROR when the block does not decode. Allocates nothing. */
    static int find(final byte[] block, final long lba) {
        final int count = count(block);
        if (count < 1 || count > MAX_ENTRIES) {
            return Lookup.ERROR;
        }
        int low = 0;
        int high = count - 1;
        while (low < high) {
            final int middle = low + high + 1 >>> 1;
            if (first(block, middle) <= lba) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        if (lba < first(block, low) || lba > last(block, low)) {
            return Lookup.ABSENT;
        }
        final int kind = kind(block, low);
        return kind == Lookup.TRIMMED || kind == Lookup.LOST ? kind : Lookup.ERROR;
    }

    /**
     * Null when the block is sound and all its ranges lie in {@code firstLba..lastLba}, beginning at the first; else
     * what is wrong.
     */
    static String check(final byte[] block, final long firstLba, final long lastLba) {
        final int count = count(block);
        if (count < 1 || count > MAX_ENTRIES || !Le.isZero(block, RESERVED_OFFSET, ENTRIES_OFFSET)) {
            return "its header is out of range";
        }
        if (first(block, 0) != firstLba) {
            return "it begins at LBA " + first(block, 0) + " though its fence is " + firstLba;
        }
        long next = firstLba;
        for (int entry = 0; entry < count; entry++) {
            final int kind = kind(block, entry);
            final long first = first(block, entry);
            final long last = last(block, entry);
            if (kind != Lookup.TRIMMED && kind != Lookup.LOST || first < next || last < first || last > lastLba) {
                return "range " + entry + " (kind " + kind + ", LBA " + first + ".." + last
                    + ") is out of order or beyond LBA " + lastLba;
            }
            next = last + 1;
        }
        return null;
    }
}
