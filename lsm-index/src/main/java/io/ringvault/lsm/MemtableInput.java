package io.ringvault.lsm;

import io.ringvault.log.ObjectReader;

/** A frozen, sorted memtable as a merge input. */
final class MemtableInput extends MergeInput {
    private final Memtable memtable;
    private final RecordSort sort;
    private int nextPoint;
    private int nextRange;

    MemtableInput(final Memtable memtable, final RecordSort sort) {
        this.memtable = memtable;
        this.sort = sort;
        nextPoint();
        nextRange();
        settled = true;
    }

    @Override
    boolean settle(final ObjectReader reader) {
        settled = true;
        return true;
    }

    @Override
    void nextPoint() {
        if (nextPoint == sort.count()) {
            noPoint();
            return;
        }
        final int record = sort.record(nextPoint++);
        pointLba = memtable.lba(record);
        pointKind = memtable.kind(record);
        pointGeneration = memtable.generation(record);
        pointSlot = memtable.slot(record);
        pointTag0 = memtable.tag0(record);
        pointTag1 = memtable.tag1(record);
    }

    @Override
    void nextRange() {
        if (nextRange == memtable.ranges().size()) {
            noRange();
            return;
        }
        rangeFirst = memtable.ranges().first(nextRange);
        rangeLast = memtable.ranges().last(nextRange);
        rangeKind = memtable.ranges().kind(nextRange);
        nextRange++;
    }

    @Override
    boolean isCounted() {
        return false;
    }

    @Override
    boolean drain(final ObjectReader reader) {
        return true;
    }
}
