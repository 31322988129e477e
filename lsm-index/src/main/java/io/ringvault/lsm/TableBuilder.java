package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.ObjectSink;

import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * Writes one table after another from sorted points and ranges: record blocks as they fill, then range blocks, fence
 * blocks and the head. A table's id is drawn when it gets its first content. Owned by its {@link MergeJob}; reused for
 * each output table.
 */
final class TableBuilder {
    private static final int FIRST_FENCES = 64;
    /** Blocks at which a table is finished in any case; ordinals stay below 2^16. */
    private static final int HARD_MAX_BLOCKS = 60_000;

    private final LongSupplier ids;
    private final int level;
    private final int maxBlocks;
    private final RecordBlockBuilder records = new RecordBlockBuilder();
    private final byte[] block = new byte[Geometry.SEALED_BYTES];
    private long[] fences = new long[FIRST_FENCES];
    private int fenceCount;
    private long[] rangeFirsts = new long[FIRST_FENCES];
    private long[] rangeLasts = new long[FIRST_FENCES];
    private byte[] rangeKinds = new byte[FIRST_FENCES];
    private int rangeCount;
    private int rangesWritten;
    private final long[] extentGenerations = new long[TableHeadCodec.MAX_EXTENTS];
    private final int[] extentSlots = new int[TableHeadCodec.MAX_EXTENTS];
    private final int[] extentEnds = new int[TableHeadCodec.MAX_EXTENTS];
    private int extentCount;
    private int appended;
    private Table.Shape shape = new Table.Shape();
    private Table table;

    TableBuilder(final LongSupplier ids, final int level, final int maxBlocks) {
        this.ids = ids;
        this.level = level;
        this.maxBlocks = maxBlocks;
    }

    boolean isEmpty() {
        return shape.id == 0;
    }

    /** Adds a point behind all others; false, and nothing changed, when a record block must be appended first. */
    boolean add(final long lba, final int kind, final long generation, final int slot, final long tag0,
        final long tag1) {
        if (!records.add(lba, kind, generation, slot, tag0, tag1)) {
            return false;
        }
        begin(lba);
        return true;
    }

    /** Adds a range behind all others, or makes the last one longer. */
    void addRange(final long first, final long last, final int kind) {
        begin(first);
        if (rangeCount > 0 && rangeKinds[rangeCount - 1] == kind && rangeLasts[rangeCount - 1] == first - 1) {
            rangeLasts[rangeCount - 1] = last;
            return;
        }
        if (rangeCount == rangeFirsts.length) {
            rangeFirsts = Arrays.copyOf(rangeFirsts, 2 * rangeCount);
            rangeLasts = Arrays.copyOf(rangeLasts, 2 * rangeCount);
            rangeKinds = Arrays.copyOf(rangeKinds, 2 * rangeCount);
        }
        rangeFirsts[rangeCount] = first;
        rangeLasts[rangeCount] = last;
        rangeKinds[rangeCount] = (byte) kind;
        rangeCount++;
    }

    /** Appends the record block that is being filled; the sink has room for one. */
    void appendRecords(final ObjectSink sink) {
        addFence(records.firstLba());
        shape.recordBlocks++;
        shape.records += records.recordCount();
        shape.present += records.presentCount();
        shape.lastPoint = records.lastLba();
        records.finish(block);
        append(sink, ObjectKind.TABLE_RECORDS);
    }

    /** Whether the table has to end here; {@code relaxed} looks only at the limits of the format. */
    boolean isFull(final boolean relaxed) {
        final int rangeBlocks = (rangeCount + RangeBlockCodec.MAX_ENTRIES - 1) / RangeBlockCodec.MAX_ENTRIES;
        final int blocks = shape.recordBlocks + rangeBlocks;
        final int rest = rangeBlocks + FenceBlockCodec.blocksFor(blocks) + 2;
        return blocks >= (relaxed ? HARD_MAX_BLOCKS : maxBlocks) || extentCount + rest >= TableHeadCodec.MAX_EXTENTS;
    }

    /** Appends what is left of the table, as far as the sink has room; true when the head is appended. */
    boolean finish(final ObjectSink sink) {
        while (sink.available() > 0) {
            if (!records.isEmpty()) {
                appendRecords(sink);
            } else if (rangesWritten < rangeCount) {
                appendRanges(sink);
            } else if (appended < fenceCount + FenceBlockCodec.blocksFor(fenceCount)) {
                Arrays.fill(block, (byte) 0);
                FenceBlockCodec.encode(fences, fenceCount, appended - fenceCount, block);
                append(sink, ObjectKind.TABLE_FENCES);
            } else {
                appendHead(sink);
                return true;
            }
        }
        return false;
    }

    /** The finished table; the builder starts the next one. */
    Table take() {
        final Table taken = table;
        table = null;
        shape = new Table.Shape();
        fenceCount = 0;
        rangeCount = 0;
        rangesWritten = 0;
        extentCount = 0;
        appended = 0;
        return taken;
    }

    private void begin(final long firstLba) {
        if (shape.id == 0) {
            shape.id = ids.getAsLong();
            if (shape.id < 1) {
                throw new IllegalStateException("table ids must be 1 or more but one is " + shape.id);
            }
            shape.level = level;
            shape.firstLba = firstLba;
        }
        shape.firstLba = Math.min(shape.firstLba, firstLba);
    }

    private void appendRanges(final ObjectSink sink) {
        Arrays.fill(block, (byte) 0);
        final int count = Math.min(RangeBlockCodec.MAX_ENTRIES, rangeCount - rangesWritten);
        RangeBlockCodec.putCount(block, count);
        for (int i = 0; i < count; i++) {
            final int range = rangesWritten + i;
            RangeBlockCodec.put(block, i, rangeFirsts[range], rangeLasts[range], rangeKinds[range]);
        }
        addFence(rangeFirsts[rangesWritten]);
        shape.rangeBlocks++;
        rangesWritten += count;
        shape.ranges = rangesWritten;
        shape.lastRange = rangeLasts[rangesWritten - 1];
        append(sink, ObjectKind.TABLE_RANGES);
    }

    private void appendHead(final ObjectSink sink) {
        shape.lastLba = Math.max(shape.lastPoint, shape.lastRange);
        shape.fences = Arrays.copyOf(fences, fenceCount);
        shape.extentGenerations = Arrays.copyOf(extentGenerations, extentCount);
        shape.extentSlots = Arrays.copyOf(extentSlots, extentCount);
        shape.extentEnds = Arrays.copyOf(extentEnds, extentCount);
        table = new Table(shape);
        Arrays.fill(block, (byte) 0);
        TableHeadCodec.encode(table, block);
        sink.append(ObjectKind.TABLE_HEAD, shape.id, TableHeadCodec.HEAD_ORDINAL, block);
        shape.headGeneration = sink.lastGeneration();
        shape.headSlot = sink.lastSlot();
    }

    private void append(final ObjectSink sink, final int kind) {
        sink.append(kind, shape.id, appended++, block);
        final long generation = sink.lastGeneration();
        final int slot = sink.lastSlot();
        if (extentCount > 0 && extentGenerations[extentCount - 1] == generation) {
            final int begin = extentCount == 1 ? 0 : extentEnds[extentCount - 2];
            if (extentSlots[extentCount - 1] + extentEnds[extentCount - 1] - begin == slot) {
                extentEnds[extentCount - 1] = appended;
                return;
            }
        }
        extentGenerations[extentCount] = generation;
        extentSlots[extentCount] = slot;
        extentEnds[extentCount] = appended;
        extentCount++;
    }

    private void addFence(final long lba) {
        if (fenceCount == fences.length) {
            fences = Arrays.copyOf(fences, 2 * fenceCount);
        }
        fences[fenceCount++] = lba;
    }
}
