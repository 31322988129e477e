package io.ringvault.lsm;

import io.ringvault.log.ObjectReader;

/**
 * One sorted input of a merge: its next point, the range at or behind the sweep position, and, for a block that could
 * not be read, the span that is lost. Owned by its {@link MergeJob}.
 */
abstract class MergeInput {
    /** LBA of a point or range that does not exist. */
    static final long NONE = Long.MAX_VALUE;

    /** Next point, or NONE. */
    long pointLba = NONE;
    int pointKind;
    long pointGeneration;
    int pointSlot;
    long pointTag0;
    long pointTag1;
    /** Range over or behind the position, or NONE. */
    long rangeFirst = NONE;
    long rangeLast = NONE;
    int rangeKind;
    /** Span of a record block that could not be read, or NONE. It lies over the input's own ranges. */
    long lostFirst = NONE;
    long lostLast = NONE;
    /** Whether the fields above are known as far as the position needs. */
    boolean settled;
    /** Blocks that could not be read. */
    int lostBlocks;

    /** Works towards {@link #settled}; false when it must wait for a read. */
    abstract boolean settle(ObjectReader reader);

    /** Goes to the next point. */
    abstract void nextPoint();

    /** Goes to the next range. */
    abstract void nextRange();

    /** Whether its PRESENT records are counted in tables (a memtable's are not). */
    abstract boolean isCounted();

    /** False while a read is in flight into this input's memory. */
    abstract boolean drain(ObjectReader reader);

    /** The sweep arrived at {@code position}: leaves ranges and lost spans that end before it. */
    final void pass(final long position) {
        if (rangeLast < position) {
            nextRange();
        }
        if (lostLast < position) {
            lostFirst = NONE;
            lostLast = NONE;
            settled = false;
        }
    }

    final void noPoint() {
        pointLba = NONE;
    }

    final void noRange() {
        rangeFirst = NONE;
        rangeLast = NONE;
    }
}
