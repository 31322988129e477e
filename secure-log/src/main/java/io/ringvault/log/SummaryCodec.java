package io.ringvault.log;

/**
 * The summary of a chunk: docs/format.md section 6, byte for byte. Static accessors over its 4080 bytes of plaintext;
 * no object, no allocation. {@link SummaryBuilder} writes it, {@code SummaryCheck} decides whether an authentic one
 * makes sense.
 *
 * <p>Any thread; the array is the caller's. Accessors trust their index arguments and nothing else: call
 * {@code SummaryCheck.problem} once on what was read from a device before walking cells or next places.
 */
public final class SummaryCodec {
    /** Bytes of plaintext in a sealed block. */
    public static final int SUMMARY_BYTES = 4080;

    public static final int SEQUENCE_OFFSET = 0;
    public static final int EPOCH_OFFSET = 8;
    public static final int PREVIOUS_TAG_OFFSET = 16;
    public static final int DURABLE_MARK_OFFSET = 32;
    public static final int ANCHOR_SERIAL_OFFSET = 40;
    public static final int FLAGS_OFFSET = 48;
    public static final int CELLS_OFFSET = 52;
    public static final int DATA_BLOCKS_OFFSET = 54;
    public static final int STREAM_OFFSET = 56;
    public static final int CONTINUATION_OFFSET = 57;
    public static final int NEXT_COUNT_OFFSET = 58;
    public static final int RESERVED_OFFSET = 60;
    public static final int NEXT_OFFSET = 64;
    public static final int NEXT_BYTES = 16;
    public static final int CELL_OFFSET = 160;
    public static final int CELL_BYTES = 24;

    /** Cells that fit one summary. */
    public static final int MAX_CELLS = 163;
    /** Next places that fit one summary. */
    public static final int MAX_NEXT = 6;
    /** Streams that chunks are written in: user writes and relocations. */
    public static final int STREAMS = 2;

    /** Flag: the last chunk of an epoch. */
    public static final int FLAG_COMMIT = 1;
    /** Flag: the engine, not the user, asked for this commit. */
    public static final int FLAG_ENGINE_COMMIT = 2;
    /** Flag: the last chunk of a session that was closed. */
    public static final int FLAG_CLOSE = 4;

    /** Cell: its data block is nobody's (a relocation overtaken by a write). */
    public static final int VOID = 0;
    /** Cell: the next data block holds this LBA. */
    public static final int WRITE = 1;
    /** Cell: as {@link #WRITE}, moved by the cleaner. */
    public static final int RELOCATED = 2;
    /** Cell: a range that reads as zeros from here on. */
    public static final int TRIM = 3;
    /** Cell: a range that reads as an error from here on. */
    public static final int LOST = 4;
    /** Cell: an object segment is open under this generation. */
    public static final int SEGMENT_OPEN = 16;
    /** Cell: a table whose head is at this place joins the index. */
    public static final int TABLE_ADD = 17;
    /** Cell: the table is no longer part of the index. */
    public static final int TABLE_DROP = 18;

    static final long LOW_MASK = (1L << 56) - 1;
    static final long TABLE_ID_MASK = (1L << 48) - 1;

    private SummaryCodec() {
    }

    /** Position in the session's chain; the first chunk has the base commit's sequence + 1. */
    public static long sequence(final byte[] summary) {
        return Le.getLong(summary, SEQUENCE_OFFSET);
    }

    /** The epoch that the chunk belongs to. */
    public static long epoch(final byte[] summary) {
        return Le.getLong(summary, EPOCH_OFFSET);
    }

    /** First half of the previous summary's tag. */
    public static long previousTag0(final byte[] summary) {
        return Le.getLong(summary, PREVIOUS_TAG_OFFSET);
    }

    /** Second half of the previous summary's tag. */
    public static long previousTag1(final byte[] summary) {
        return Le.getLong(summary, PREVIOUS_TAG_OFFSET + 8);
    }

    /** Every chunk up to this sequence was durable when the summary was sealed. */
    public static long durableMark(final byte[] summary) {
        return Le.getLong(summary, DURABLE_MARK_OFFSET);
    }

    /** {@link #FLAG_COMMIT}, {@link #FLAG_ENGINE_COMMIT}, {@link #FLAG_CLOSE}. */
    public static int flags(final byte[] summary) {
        return Le.getInt(summary, FLAGS_OFFSET);
    }

    /** Whether the chunk ends its epoch. */
    public static boolean isCommit(final byte[] summary) {
        return (flags(summary) & FLAG_COMMIT) != 0;
    }

    /** Cells in use, 0..{@link #MAX_CELLS}. */
    public static int cellCount(final byte[] summary) {
        return Le.getShort(summary, CELLS_OFFSET);
    }

    /** Data blocks that follow the summary in its segment. */
    public static int dataCount(final byte[] summary) {
        return Le.getShort(summary, DATA_BLOCKS_OFFSET);
    }

    /** The stream that wrote the chunk: 0 user, 1 relocation. */
    public static int stream(final byte[] summary) {
        return summary[STREAM_OFFSET] & 0xff;
    }

    /** Places where the next chunk may be, 1..{@link #MAX_NEXT}. */
    public static int nextCount(final byte[] summary) {
        return Le.getShort(summary, NEXT_COUNT_OFFSET);
    }

    /** Generation of next place {@code index}. */
    public static long nextGeneration(final byte[] summary, final int index) {
        return Le.getLong(summary, NEXT_OFFSET + index * NEXT_BYTES);
    }

    /** Segment of next place {@code index}. */
    public static int nextSegment(final byte[] summary, final int index) {
        return Le.getInt(summary, NEXT_OFFSET + index * NEXT_BYTES + 8);
    }

    /** Slot of next place {@code index}. */
    public static int nextSlot(final byte[] summary, final int index) {
        return Le.getInt(summary, NEXT_OFFSET + index * NEXT_BYTES + 12);
    }

    /** Type of cell {@code index}. */
    public static int cellType(final byte[] summary, final int index) {
        return summary[CELL_OFFSET + index * CELL_BYTES + 7] & 0xff;
    }

    /** The low 56 bits of cell {@code index}: an LBA, a segment, or level and table id. */
    public static long cellLow(final byte[] summary, final int index) {
        return Le.getLong(summary, CELL_OFFSET + index * CELL_BYTES) & LOW_MASK;
    }

    /** First value of cell {@code index}: first half of a tag, a count, a generation. */
    public static long cellA(final byte[] summary, final int index) {
        return Le.getLong(summary, CELL_OFFSET + index * CELL_BYTES + 8);
    }

    /** Second value of cell {@code index}: second half of a tag, a purpose, a slot. */
    public static long cellB(final byte[] summary, final int index) {
        return Le.getLong(summary, CELL_OFFSET + index * CELL_BYTES + 16);
    }

    /** Whether a cell of this type takes one of the chunk's data blocks. */
    public static boolean hasData(final int cellType) {
        return cellType <= RELOCATED;
    }

    /** Level of a {@link #TABLE_ADD} cell, from its low part. */
    public static int tableLevel(final long low) {
        return (int) (low >>> 48) & 0xff;
    }

    /** Table id of a {@link #TABLE_ADD} or {@link #TABLE_DROP} cell, from its low part. */
    public static long tableId(final long low) {
        return low & TABLE_ID_MASK;
    }
}
