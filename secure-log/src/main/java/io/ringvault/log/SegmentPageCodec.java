package io.ringvault.log;

/**
 * A page of the segment table in a checkpoint (docs/format.md section 8): {@value #ENTRIES} entries. Static accessors
 * over the 4080 bytes; any thread.
 */
public final class SegmentPageCodec {
    /** Entries of a full page. */
    public static final int ENTRIES = 127;
    /** Bytes of an entry. */
    public static final int ENTRY_BYTES = 32;

    static final int FIRST_OFFSET = 0;
    static final int COUNT_OFFSET = 4;
    static final int RESERVED_OFFSET = 8;
    static final int ENTRY_OFFSET = 16;

    private SegmentPageCodec() {
    }

    /** Pages that a table of this many segments takes. */
    public static int pages(final int segmentCount) {
        return (segmentCount + ENTRIES - 1) / ENTRIES;
    }

    /** First segment of the page. */
    public static int first(final byte[] page) {
        return Le.getInt(page, FIRST_OFFSET);
    }

    /** Entries of the page. */
    public static int count(final byte[] page) {
        return Le.getInt(page, COUNT_OFFSET);
    }

    static void header(final byte[] page, final int first, final int count) {
        Le.putInt(page, FIRST_OFFSET, first);
        Le.putInt(page, COUNT_OFFSET, count);
        Le.putLong(page, RESERVED_OFFSET, 0);
    }

    static void entry(final byte[] page, final int index, final long generation, final long session, final int state,
            final int purpose, final int endSlot, final int tableRefs) {
        final int at = ENTRY_OFFSET + index * ENTRY_BYTES;
        Le.putLong(page, at, generation);
        Le.putLong(page, at + 8, session);
        page[at + 16] = (byte) state;
        page[at + 17] = (byte) purpose;
        Le.putShort(page, at + 18, 0);
        Le.putInt(page, at + 20, endSlot);
        Le.putInt(page, at + 24, tableRefs);
        Le.putInt(page, at + 28, 0);
    }

    /** Generation of entry {@code index}; 0 when the segment holds nothing. */
    public static long generation(final byte[] page, final int index) {
        return Le.getLong(page, ENTRY_OFFSET + index * ENTRY_BYTES);
    }

    /** Session that the segment is written in. */
    public static long session(final byte[] page, final int index) {
        return Le.getLong(page, ENTRY_OFFSET + index * ENTRY_BYTES + 8);
    }

    /** Stored state: {@link SegmentState#FREE} to {@link SegmentState#QUARANTINED}. */
    public static int state(final byte[] page, final int index) {
        return page[ENTRY_OFFSET + index * ENTRY_BYTES + 16] & 0xff;
    }

    /** {@link SegmentPurpose}. */
    public static int purpose(final byte[] page, final int index) {
        return page[ENTRY_OFFSET + index * ENTRY_BYTES + 17] & 0xff;
    }

    /** Slots below it were written. */
    public static int endSlot(final byte[] page, final int index) {
        return Le.getInt(page, ENTRY_OFFSET + index * ENTRY_BYTES + 20);
    }

    /** Index records in tables that name the generation, or live object blocks. */
    public static int tableRefs(final byte[] page, final int index) {
        return Le.getInt(page, ENTRY_OFFSET + index * ENTRY_BYTES + 24);
    }

    /** Whether the reserved bytes of the page's header and of entry {@code index} are zero. */
    static boolean reservedIsZero(final byte[] page, final int index) {
        final int at = ENTRY_OFFSET + index * ENTRY_BYTES;
        return Le.getLong(page, RESERVED_OFFSET) == 0 && Le.getShort(page, at + 18) == 0
            && Le.getInt(page, at + 28) == 0;
    }
}
