package io.ringvault.lsm;

import io.ringvault.log.ManifestEntry;

/**
 * What is kept in memory of a sorted table: sizes, key range, the first LBA of every block (fences, 8 bytes each) and
 * where the blocks lie. Immutable; any thread.
 */
public final class Table {
    /** Last point or last range of a table that has none. */
    static final long NONE = -1;

    /** The fields of a table while it is decoded or built. */
    static final class Shape {
        long id;
        int level;
        int recordBlocks;
        int rangeBlocks;
        long records;
        long present;
        long ranges;
        long firstLba;
        long lastLba;
        long lastPoint = NONE;
        long lastRange = NONE;
        long[] fences;
        long[] extentGenerations;
        int[] extentSlots;
        /** Ordinal behind each extent. */
        int[] extentEnds;
        long headGeneration;
        int headSlot;
    }

    private final Shape shape;
    private final int level;

    Table(final Shape shape) {
        this(shape, shape.level);
    }

    private Table(final Shape shape, final int level) {
        this.shape = shape;
        this.level = level;
    }

    /** The same table in another level: a move writes no block. */
    Table atLevel(final int newLevel) {
        return new Table(shape, newLevel);
    }

    /** Table id, 1 or more, unique in the volume. */
    public long id() {
        return shape.id;
    }

    /** Level in the index, 0 = newest. */
    public int level() {
        return level;
    }

    /** First LBA of its points and ranges. */
    public long firstLba() {
        return shape.firstLba;
    }

    /** Last LBA of its points and ranges, inclusive. */
    public long lastLba() {
        return shape.lastLba;
    }

    long lastPointLba() {
        return shape.lastPoint;
    }

    long lastRangeLba() {
        return shape.lastRange;
    }

    /** Point records, of all kinds. */
    public long records() {
        return shape.records;
    }

    /** PRESENT point records: what counts as a reference to a generation. */
    public long presentRecords() {
        return shape.present;
    }

    /** Trimmed and lost ranges. */
    public long ranges() {
        return shape.ranges;
    }

    public int recordBlocks() {
        return shape.recordBlocks;
    }

    public int rangeBlocks() {
        return shape.rangeBlocks;
    }

    public int fenceBlocks() {
        return FenceBlockCodec.blocksFor(shape.fences.length);
    }

    /** All its blocks, the head included. */
    public int blocks() {
        return shape.fences.length + fenceBlocks() + 1;
    }

    /** Pieces of consecutive slots that hold all blocks but the head. */
    public int extentCount() {
        return shape.extentSlots.length;
    }

    public long extentGeneration(final int extent) {
        return shape.extentGenerations[extent];
    }

    /** First slot of an extent. */
    public int extentSlot(final int extent) {
        return shape.extentSlots[extent];
    }

    /** Blocks of an extent. */
    public int extentBlocks(final int extent) {
        return shape.extentEnds[extent] - (extent == 0 ? 0 : shape.extentEnds[extent - 1]);
    }

    public long headGeneration() {
        return shape.headGeneration;
    }

    public int headSlot() {
        return shape.headSlot;
    }

    /** Generation of the place of a block other than the head. */
    public long generationOf(final int ordinal) {
        return shape.extentGenerations[extentOf(ordinal)];
    }

    /** Slot of the place of a block other than the head. */
    public int slotOf(final int ordinal) {
        final int extent = extentOf(ordinal);
        return shape.extentSlots[extent] + ordinal - (extent == 0 ? 0 : shape.extentEnds[extent - 1]);
    }

    /**
     * Adds {@code sign} times the number of this table's blocks in each generation, the head included: the references
     * to object segments that come and go with the table.
     */
    public void countBlocks(final GenerationCounts counts, final int sign) {
        for (int i = 0; i < extentCount(); i++) {
            counts.add(extentGeneration(i), (long) sign * extentBlocks(i));
        }
        counts.add(headGeneration(), sign);
    }

    /** How the manifest names this table. */
    public ManifestEntry entry() {
        return new ManifestEntry(id(), level, headGeneration(), headSlot());
    }

    boolean overlaps(final long first, final long last) {
        return firstLba() <= last && lastLba() >= first;
    }

    /** First LBA of a record or range block. */
    long fence(final int ordinal) {
        return shape.fences[ordinal];
    }

    /** Last LBA that a record or range block could hold. */
    long spanEnd(final int ordinal) {
        if (ordinal == shape.recordBlocks - 1) {
            return shape.lastPoint;
        }
        return ordinal == shape.fences.length - 1 ? shape.lastRange : shape.fences[ordinal + 1] - 1;
    }

    /** Ordinal of the record block that could hold a point for the LBA, or -1. */
    int recordOrdinal(final long lba) {
        return lba > shape.lastPoint ? -1 : blockOf(lba, 0, shape.recordBlocks);
    }

    /** Ordinal of the range block that could hold a range over the LBA, or -1. */
    int rangeOrdinal(final long lba) {
        return lba > shape.lastRange ? -1 : blockOf(lba, shape.recordBlocks, shape.fences.length);
    }

    private int blockOf(final long lba, final int from, final int to) {
        final long[] fences = shape.fences;
        if (from == to || lba < fences[from]) {
            return -1;
        }
        int low = from;
        int high = to - 1;
        while (low < high) {
            final int middle = low + high + 1 >>> 1;
            if (fences[middle] <= lba) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private int extentOf(final int ordinal) {
        final int[] ends = shape.extentEnds;
        if (ordinal < 0 || ordinal >= ends[ends.length - 1]) {
            throw new IllegalArgumentException("table " + id() + " has no block " + ordinal);
        }
        int low = 0;
        int high = ends.length - 1;
        while (low < high) {
            final int middle = low + high >>> 1;
            if (ends[middle] > ordinal) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    @Override
    public String toString() {
        return "table " + id() + " (level " + level + ", LBA " + firstLba() + ".." + lastLba() + ", " + records()
            + " records, "
            + ranges() + " ranges, " + blocks() + " blocks)";
    }
}
