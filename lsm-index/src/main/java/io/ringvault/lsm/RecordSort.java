package io.ringvault.lsm;

/**
 * Sorts a frozen memtable's records by LBA: a radix sort of (LBA - lowest LBA, record) packed in one long, 11 bits a
 * pass, over only the bits that differ. Runs in bounded steps on the index agent's thread; allocates 16 bytes per
 * record for as long as it lives.
 */
final class RecordSort {
    private static final int RECORD_BITS = 24;
    private static final int DIGIT_BITS = 11;
    private static final int DIGITS = 1 << DIGIT_BITS;

    private final Memtable memtable;
    private final int size;
    private final int passes;
    private long[] keys;
    private long[] other;
    private final int[][] positions;
    private int live;
    private int at;
    private int pass = -1;

    RecordSort(final Memtable memtable) {
        this.memtable = memtable;
        size = memtable.size();
        keys = new long[size];
        other = new long[size];
        final long span = size == 0 ? 0 : memtable.highestLba() - memtable.lowestLba();
        passes = (64 - Long.numberOfLeadingZeros(span) + DIGIT_BITS - 1) / DIGIT_BITS;
        positions = new int[passes][DIGITS];
    }

    /** Handles up to {@code budget} records of the present pass; true when all is sorted. */
    boolean step(final int budget) {
        if (pass < 0) {
            load(budget);
        } else if (pass < passes) {
            scatter(budget);
        }
        return pass == passes;
    }

    /** Records in order, without those that a range removed. */
    int count() {
        return live;
    }

    /** Record index of the i-th record in LBA order. */
    int record(final int i) {
        return (int) keys[i] & (1 << RECORD_BITS) - 1;
    }

    private void load(final int budget) {
        final int end = Math.min(size, at + budget);
        final long lowest = memtable.lowestLba();
        for (; at < end; at++) {
            if (memtable.kind(at) != 0) {
                final long offset = memtable.lba(at) - lowest;
                for (int i = 0; i < passes; i++) {
                    positions[i][digit(offset, i)]++;
                }
                keys[live++] = offset << RECORD_BITS | at;
            }
        }
        if (at == size) {
            for (final int[] counts : positions) {
                int sum = 0;
                for (int i = 0; i < DIGITS; i++) {
                    final int count = counts[i];
                    counts[i] = sum;
                    sum += count;
                }
            }
            nextPass();
        }
    }

    private void scatter(final int budget) {
        final int end = Math.min(live, at + budget);
        final int[] next = positions[pass];
        for (; at < end; at++) {
            final long key = keys[at];
            other[next[digit(key >>> RECORD_BITS, pass)]++] = key;
        }
        if (at == live) {
            final long[] sorted = other;
            other = keys;
            keys = sorted;
            nextPass();
        }
    }

    private void nextPass() {
        at = 0;
        pass++;
        if (pass == passes) {
            other = null;
        }
    }

    private static int digit(final long offset, final int pass) {
        return (int) (offset >>> pass * DIGIT_BITS) & DIGITS - 1;
    }
}
