package io.ringvault.lsm;

/**
 * Sorted, disjoint ranges of LBAs with a kind, in preallocated primitive arrays: a later range replaces what it
 * covers, clips what it overlaps, and joins neighbours of its own kind. Owned by one thread while it changes.
 */
final class RangeSet {
    /** Most pieces that one insertion can add: a range inside another of a different kind splits it. */
    static final int PIECES_PER_INSERT = 2;

    private final long[] firsts;
    private final long[] lasts;
    private final byte[] kinds;
    private int size;

    RangeSet(final int capacity) {
        firsts = new long[capacity + PIECES_PER_INSERT];
        lasts = new long[capacity + PIECES_PER_INSERT];
        kinds = new byte[capacity + PIECES_PER_INSERT];
    }

    int size() {
        return size;
    }

    int capacity() {
        return firsts.length - PIECES_PER_INSERT;
    }

    long first(final int range) {
        return firsts[range];
    }

    /** Last LBA, inclusive. */
    long last(final int range) {
        return lasts[range];
    }

    int kind(final int range) {
        return kinds[range];
    }

    void clear() {
        size = 0;
    }

    /** Kind of the range over an LBA, or ABSENT. */
    int find(final long lba) {
        if (size == 0) {
            return Lookup.ABSENT;
        }
        final int at = firstEndingAtOrAfter(lba);
        return at < size && firsts[at] <= lba ? kinds[at] : Lookup.ABSENT;
    }

    /**
     * Puts a range over everything that is there. The caller made sure of room for {@link #PIECES_PER_INSERT} more
     * pieces.
     */
    void insert(final long first, final long last, final int kind) {
        long from = first;
        long to = last;
        int low = firstEndingAtOrAfter(first);
        if (low > 0 && kinds[low - 1] == kind && lasts[low - 1] == first - 1) {
            low--;
            from = firsts[low];
        }
        long leftFirst = -1;
        long leftLast = -1;
        byte leftKind = 0;
        if (low < size && firsts[low] < from) {
            if (kinds[low] == kind) {
                from = firsts[low];
            } else {
                leftFirst = firsts[low];
                leftLast = from - 1;
                leftKind = kinds[low];
            }
        }
        int high = low;
        long rightLast = -1;
        byte rightKind = 0;
        while (high < size && (firsts[high] <= last || firsts[high] == last + 1 && kinds[high] == kind)) {
            if (lasts[high] > last) {
                if (kinds[high] == kind) {
                    to = lasts[high];
                } else {
                    rightLast = lasts[high];
                    rightKind = kinds[high];
                }
            }
            high++;
        }
        final int pieces = 1 + (leftFirst >= 0 ? 1 : 0) + (rightLast >= 0 ? 1 : 0);
        move(high, low + pieces);
        if (leftFirst >= 0) {
            store(low++, leftFirst, leftLast, leftKind);
        }
        store(low++, from, to, (byte) kind);
        if (rightLast >= 0) {
            store(low, last + 1, rightLast, rightKind);
        }
    }

    private void store(final int at, final long first, final long last, final byte kind) {
        firsts[at] = first;
        lasts[at] = last;
        kinds[at] = kind;
    }

    private void move(final int from, final int to) {
        final int count = size - from;
        System.arraycopy(firsts, from, firsts, to, count);
        System.arraycopy(lasts, from, lasts, to, count);
        System.arraycopy(kinds, from, kinds, to, count);
        size = to + count;
    }

    private int firstEndingAtOrAfter(final long lba) {
        int low = 0;
        int high = size;
        while (low < high) {
            final int middle = low + high >>> 1;
            if (lasts[middle] < lba) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
