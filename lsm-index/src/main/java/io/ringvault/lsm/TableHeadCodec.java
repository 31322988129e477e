package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import io.ringvault.log.Geometry;
import io.ringvault.log.Le;

/**
 * Head of a table ({@code docs/format.md}, section 7.4): sizes, key range, and where the other blocks lie. Stateless;
 * any thread.
 */
final class TableHeadCodec {
    static final int TABLE_ID_OFFSET = 0;
    static final int LEVEL_OFFSET = 8;
    static final int RECORD_BLOCKS_OFFSET = 12;
    static final int RANGE_BLOCKS_OFFSET = 16;
    static final int FENCE_BLOCKS_OFFSET = 20;
    static final int RECORDS_OFFSET = 24;
    static final int PRESENT_OFFSET = 32;
    static final int RANGES_OFFSET = 40;
    static final int FIRST_LBA_OFFSET = 48;
    static final int LAST_LBA_OFFSET = 56;
    static final int LAST_POINT_OFFSET = 64;
    static final int LAST_RANGE_OFFSET = 72;
    static final int EXTENT_COUNT_OFFSET = 80;
    static final int RESERVED_OFFSET = 84;
    static final int EXTENTS_OFFSET = 128;
    static final int EXTENT_LENGTH = 16;
    static final int MAX_EXTENTS = (Geometry.SEALED_BYTES - EXTENTS_OFFSET) / EXTENT_LENGTH;
    /** Ordinal in a head's associated data: its reader knows only the manifest entry. */
    static final int HEAD_ORDINAL = 0;
    /** A table has fewer blocks than this, so that an ordinal fits 16 bits. */
    static final int MAX_BLOCKS = 1 << 16;

    private TableHeadCodec() {
    }

    /** Encodes a table's head into zeroed {@code target}. */
    static void encode(final Table table, final byte[] target) {
        Le.putLong(target, TABLE_ID_OFFSET, table.id());
        Le.putInt(target, LEVEL_OFFSET, table.level());
        Le.putInt(target, RECORD_BLOCKS_OFFSET, table.recordBlocks());
        Le.putInt(target, RANGE_BLOCKS_OFFSET, table.rangeBlocks());
        Le.putInt(target, FENCE_BLOCKS_OFFSET, table.fenceBlocks());
        Le.putLong(target, RECORDS_OFFSET, table.records());
        Le.putLong(target, PRESENT_OFFSET, table.presentRecords());
        Le.putLong(target, RANGES_OFFSET, table.ranges());
        Le.putLong(target, FIRST_LBA_OFFSET, table.firstLba());
        Le.putLong(target, LAST_LBA_OFFSET, table.lastLba());
        Le.putLong(target, LAST_POINT_OFFSET, table.lastPointLba());
        Le.putLong(target, LAST_RANGE_OFFSET, table.lastRangeLba());
        Le.putInt(target, EXTENT_COUNT_OFFSET, table.extentCount());
        for (int i = 0; i < table.extentCount(); i++) {
            final int at = EXTENTS_OFFSET + i * EXTENT_LENGTH;
            Le.putLong(target, at, table.extentGeneration(i));
            Le.putInt(target, at + 8, table.extentSlot(i));
            Le.putInt(target, at + 12, table.extentBlocks(i));
        }
    }

    /**
     * Decodes and range-checks a head, fences still unknown (zero).
     *
     * @throws StorageException INTEGRITY naming the table and the field that is wrong
     */
    static Table.Shape decode(final byte[] source, final long expectedId) {
        final Table.Shape shape = new Table.Shape();
        shape.id = Le.getLong(source, TABLE_ID_OFFSET);
        require(shape.id == expectedId, expectedId, "table id", shape.id);
        shape.level = Le.getInt(source, LEVEL_OFFSET);
        shape.recordBlocks = Le.getInt(source, RECORD_BLOCKS_OFFSET);
        shape.rangeBlocks = Le.getInt(source, RANGE_BLOCKS_OFFSET);
        final int fenceBlocks = Le.getInt(source, FENCE_BLOCKS_OFFSET);
        require(shape.level >= 0 && shape.level < 256, expectedId, "level", shape.level);
        require(shape.recordBlocks >= 0 && shape.recordBlocks < MAX_BLOCKS, expectedId, "record blocks",
            shape.recordBlocks);
        require(shape.rangeBlocks >= 0 && shape.rangeBlocks < MAX_BLOCKS, expectedId, "range blocks",
            shape.rangeBlocks);
        final int fences = shape.recordBlocks + shape.rangeBlocks;
        require(fences > 0, expectedId, "number of blocks", fences);
        require(fenceBlocks == FenceBlockCodec.blocksFor(fences), expectedId, "fence blocks", fenceBlocks);
        require(fences + fenceBlocks < MAX_BLOCKS, expectedId, "number of blocks", fences + fenceBlocks);
        shape.records = Le.getLong(source, RECORDS_OFFSET);
        shape.present = Le.getLong(source, PRESENT_OFFSET);
        shape.ranges = Le.getLong(source, RANGES_OFFSET);
        require(shape.present >= 0 && shape.records >= shape.present, expectedId, "records", shape.records);
        require(shape.records >= shape.recordBlocks && shape.records == 0 == (shape.recordBlocks == 0), expectedId,
            "records", shape.records);
        require(shape.ranges >= shape.rangeBlocks && shape.ranges <= (long) shape.rangeBlocks
            * RangeBlockCodec.MAX_ENTRIES,
            expectedId, "ranges", shape.ranges);
        shape.firstLba = Le.getLong(source, FIRST_LBA_OFFSET);
        shape.lastLba = Le.getLong(source, LAST_LBA_OFFSET);
        shape.lastPoint = Le.getLong(source, LAST_POINT_OFFSET);
        shape.lastRange = Le.getLong(source, LAST_RANGE_OFFSET);
        require(shape.firstLba >= 0 && shape.firstLba <= shape.lastLba, expectedId, "first LBA", shape.firstLba);
        require(shape.lastLba <= Memtable.MAX_LBA, expectedId, "last LBA", shape.lastLba);
        requireLast(shape, shape.lastPoint, shape.recordBlocks, "last point");
        requireLast(shape, shape.lastRange, shape.rangeBlocks, "last range");
        require(shape.lastLba == Math.max(shape.lastPoint, shape.lastRange), expectedId, "last LBA", shape.lastLba);
        require(Le.isZero(source, RESERVED_OFFSET, EXTENTS_OFFSET), expectedId, "reserved field", 1);
        decodeExtents(source, shape, fences + fenceBlocks);
        shape.fences = new long[fences];
        return shape;
    }

    private static void decodeExtents(final byte[] source, final Table.Shape shape, final int blocks) {
        final int extents = Le.getInt(source, EXTENT_COUNT_OFFSET);
        require(extents > 0 && extents <= MAX_EXTENTS, shape.id, "extents", extents);
        shape.extentGenerations = new long[extents];
        shape.extentSlots = new int[extents];
        shape.extentEnds = new int[extents];
        long end = 0;
        for (int i = 0; i < extents; i++) {
            final int at = EXTENTS_OFFSET + i * EXTENT_LENGTH;
            shape.extentGenerations[i] = Le.getLong(source, at);
            shape.extentSlots[i] = Le.getInt(source, at + 8);
            final int count = Le.getInt(source, at + 12);
            require(shape.extentGenerations[i] >= 0, shape.id, "extent generation", shape.extentGenerations[i]);
            require(shape.extentSlots[i] >= 0, shape.id, "extent slot", shape.extentSlots[i]);
            require(count > 0, shape.id, "extent length", count);
            end += count;
            require(end <= blocks && (long) shape.extentSlots[i] + count <= Integer.MAX_VALUE, shape.id,
                "extent length", count);
            shape.extentEnds[i] = (int) end;
        }
        require(end == blocks, shape.id, "extents' total length", end);
    }

    private static void requireLast(final Table.Shape shape, final long last, final int blocks, final String what) {
        final boolean none = last == Table.NONE;
        require(none == (blocks == 0) && (none || last >= shape.firstLba && last <= shape.lastLba), shape.id, what,
            last);
    }

    private static void require(final boolean condition, final long tableId, final String what, final long value) {
        if (!condition) {
            throw StorageException.integrity("head of index table " + tableId + ": " + what + " is " + value
                + ", which no sound table has; the index is damaged");
        }
    }
}
