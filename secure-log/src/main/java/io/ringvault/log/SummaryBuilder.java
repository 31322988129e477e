package io.ringvault.log;

import java.util.Arrays;

/**
 * Fills one chunk summary (docs/format.md section 6). Preallocated: one per chunk buffer, reused for ever.
 *
 * <p>Order of calls: {@link #begin}, any number of {@code add...}, {@link #setTag} and {@link #voidCell}, then
 * {@link #addNext} for each next place, then {@link #finish}; the plaintext is in {@link #bytes()} until the next
 * {@code begin}. The caller asks {@link #remainingCells()} first: an {@code add...} to a full summary throws {@link
 * IllegalStateException}, as every call out of order does.
 *
 * <p>Data core only. Allocates nothing after construction, never blocks.
 */
public final class SummaryBuilder {
    private final byte[] bytes = new byte[SummaryCodec.SUMMARY_BYTES];
    private int cells;
    private int dataBlocks;
    private int next;
    private int stream;
    private boolean open;

    /** Forgets the previous chunk and starts one of {@code stream} (0 user, 1 relocation). */
    public void begin(final int stream) {
        if (stream < 0 || stream >= SummaryCodec.STREAMS) {
            throw new IllegalArgumentException("stream " + stream + " of " + SummaryCodec.STREAMS);
        }
        Arrays.fill(bytes, (byte) 0);
        cells = 0;
        dataBlocks = 0;
        next = 0;
        this.stream = stream;
        open = true;
    }

    /**
     * The next data block holds {@code lba}; returns the cell's index. The tag may be given later by {@link #setTag}.
     */
    public int addWrite(final long lba, final long tag0, final long tag1) {
        final int index = add(SummaryCodec.WRITE, lba, tag0, tag1);
        dataBlocks++;
        return index;
    }

    /** As {@link #addWrite}, for a block that the cleaner moved. */
    public int addRelocated(final long lba, final long tag0, final long tag1) {
        final int index = add(SummaryCodec.RELOCATED, lba, tag0, tag1);
        dataBlocks++;
        return index;
    }

    /** {@code count} blocks from {@code first} read as zeros from here on. */
    public int addTrim(final long first, final long count) {
        return add(SummaryCodec.TRIM, first, count, 0);
    }

    /** {@code count} blocks from {@code first} read as errors from here on. */
    public int addLost(final long first, final long count) {
        return add(SummaryCodec.LOST, first, count, 0);
    }

    /** An object segment is open under this generation. */
    public int addSegmentOpen(final int segment, final long generation, final int purpose) {
        return add(SummaryCodec.SEGMENT_OPEN, segment, generation, purpose);
    }

    /** A table joins the index at {@code level} (0..255); its head is at the given place. */
    public int addTableAdd(final int level, final long tableId, final long headGeneration, final int headSlot) {
        if (level < 0 || level > 255 || (tableId & ~SummaryCodec.TABLE_ID_MASK) != 0) {
            throw new IllegalArgumentException("table " + tableId + " at level " + level + " does not fit a cell");
        }
        return add(SummaryCodec.TABLE_ADD, (long) level << 48 | tableId, headGeneration, headSlot);
    }

    /** A table leaves the index. */
    public int addTableDrop(final long tableId) {
        return add(SummaryCodec.TABLE_DROP, tableId & SummaryCodec.TABLE_ID_MASK, 0, 0);
    }

    /** Sets the tag of a {@code WRITE} or {@code RELOCATED} cell whose block was sealed after the cell was added. */
    public void setTag(final int cell, final long tag0, final long tag1) {
        final int type = checkedType(cell);
        if (type != SummaryCodec.WRITE && type != SummaryCodec.RELOCATED) {
            throw new IllegalStateException("cell " + cell + " of type " + type + " has no tag");
        }
        final int at = SummaryCodec.CELL_OFFSET + cell * SummaryCodec.CELL_BYTES;
        Le.putLong(bytes, at + 8, tag0);
        Le.putLong(bytes, at + 16, tag1);
    }

    /**
     * Makes a {@code WRITE} or {@code RELOCATED} cell nobody's; its data block stays where it is, and is never read.
     */
    public void voidCell(final int cell) {
        final int type = checkedType(cell);
        if (!SummaryCodec.hasData(type)) {
            throw new IllegalStateException("cell " + cell + " of type " + type + " cannot become void");
        }
        final int at = SummaryCodec.CELL_OFFSET + cell * SummaryCodec.CELL_BYTES;
        Le.putLong(bytes, at, Le.getLong(bytes, at) & SummaryCodec.LOW_MASK);
        Le.putLong(bytes, at + 8, 0);
        Le.putLong(bytes, at + 16, 0);
    }

    /** Cells added since {@link #begin}. */
    public int cellCount() {
        return cells;
    }

    /** Cells that can still be added. */
    public int remainingCells() {
        return SummaryCodec.MAX_CELLS - cells;
    }

    /** Data blocks of the chunk so far: the cells that are VOID, WRITE or RELOCATED. */
    public int dataCount() {
        return dataBlocks;
    }

    /** The stream given to {@link #begin}. */
    public int stream() {
        return stream;
    }

    /** The next chunk may be at this place. */
    public void addNext(final long generation, final int segment, final int slot) {
        if (!open || next == SummaryCodec.MAX_NEXT) {
            throw new IllegalStateException("next place " + next + " of at most " + SummaryCodec.MAX_NEXT);
        }
        final int at = SummaryCodec.NEXT_OFFSET + next * SummaryCodec.NEXT_BYTES;
        Le.putLong(bytes, at, generation);
        Le.putInt(bytes, at + 8, segment);
        Le.putInt(bytes, at + 12, slot);
        next++;
    }

    /** Fixes the chunk's position in the chain. No cell can be added or changed after this. */
    public void finish(final long sequence, final long epoch, final long previousTag0, final long previousTag1,
            final long durableMark, final int flags) {
        if (!open || next == 0) {
            throw new IllegalStateException(open ? "a chunk names at least one next place" : "begin() comes first");
        }
        Le.putLong(bytes, SummaryCodec.SEQUENCE_OFFSET, sequence);
        Le.putLong(bytes, SummaryCodec.EPOCH_OFFSET, epoch);
        Le.putLong(bytes, SummaryCodec.PREVIOUS_TAG_OFFSET, previousTag0);
        Le.putLong(bytes, SummaryCodec.PREVIOUS_TAG_OFFSET + 8, previousTag1);
        Le.putLong(bytes, SummaryCodec.DURABLE_MARK_OFFSET, durableMark);
        Le.putInt(bytes, SummaryCodec.FLAGS_OFFSET, flags);
        Le.putShort(bytes, SummaryCodec.CELLS_OFFSET, cells);
        Le.putShort(bytes, SummaryCodec.DATA_BLOCKS_OFFSET, dataBlocks);
        bytes[SummaryCodec.STREAM_OFFSET] = (byte) stream;
        Le.putShort(bytes, SummaryCodec.NEXT_COUNT_OFFSET, next);
        open = false;
    }

    /**
     * The plaintext, {@value SummaryCodec#SUMMARY_BYTES} bytes; complete after {@link #finish}. Owned by the builder.
     */
    public byte[] bytes() {
        return bytes;
    }

    private int add(final int type, final long low, final long a, final long b) {
        if (!open || cells == SummaryCodec.MAX_CELLS) {
            throw new IllegalStateException(open ? "the summary is full" : "begin() comes first");
        }
        if ((low & ~SummaryCodec.LOW_MASK) != 0) {
            throw new IllegalArgumentException("value " + low + " does not fit the 56 bits of a cell");
        }
        final int at = SummaryCodec.CELL_OFFSET + cells * SummaryCodec.CELL_BYTES;
        Le.putLong(bytes, at, (long) type << 56 | low);
        Le.putLong(bytes, at + 8, a);
        Le.putLong(bytes, at + 16, b);
        return cells++;
    }

    private int checkedType(final int cell) {
        if (!open || cell < 0 || cell >= cells) {
            throw new IllegalStateException("cell " + cell + " of " + cells + (open ? "" : " after finish()"));
        }
        return SummaryCodec.cellType(bytes, cell);
    }
}
