package io.ringvault.log;

/**
 * Whether an authentic summary makes sense: every count, place and cell within its range. An authentic summary that
 * does not is a defect of its writer, and nothing in it is used. Any thread; allocates only when something is wrong.
 */
public final class SummaryCheck {
    private static final int KNOWN_FLAGS =
        SummaryCodec.FLAG_COMMIT | SummaryCodec.FLAG_ENGINE_COMMIT | SummaryCodec.FLAG_CLOSE;

    private SummaryCheck() {
    }

    /**
     * The first thing that is wrong, or null.
     *
     * @param summary 4080 bytes
     * @param slot    where the summary lies in its segment
     */
    public static String problem(final byte[] summary, final int slot, final Geometry geometry) {
        final int cells = SummaryCodec.cellCount(summary);
        final int next = SummaryCodec.nextCount(summary);
        final int flags = SummaryCodec.flags(summary);
        if (cells > SummaryCodec.MAX_CELLS) {
            return cells + " cells";
        }
        if (next < 1 || next > SummaryCodec.MAX_NEXT) {
            return next + " next places";
        }
        if ((flags & ~KNOWN_FLAGS) != 0) {
            return "unknown flags 0x" + Integer.toHexString(flags);
        }
        if (SummaryCodec.stream(summary) >= SummaryCodec.STREAMS || summary[SummaryCodec.CONTINUATION_OFFSET] != 0
                || Le.getInt(summary, SummaryCodec.RESERVED_OFFSET) != 0
                || Le.getLong(summary, SummaryCodec.ANCHOR_SERIAL_OFFSET) != 0) {
            return "stream or a reserved field";
        }
        if (SummaryCodec.durableMark(summary) >= SummaryCodec.sequence(summary)) {
            return "durable mark " + SummaryCodec.durableMark(summary) + " of chunk " + SummaryCodec.sequence(summary);
        }
        if (slot + SummaryCodec.dataCount(summary) >= geometry.segmentBlocks()) {
            return SummaryCodec.dataCount(summary) + " data blocks after slot " + slot + " of "
                + geometry.segmentBlocks();
        }
        for (int i = 0; i < next; i++) {
            final String problem = Places.problem(geometry, SummaryCodec.nextGeneration(summary, i),
                SummaryCodec.nextSegment(summary, i), SummaryCodec.nextSlot(summary, i));
            if (problem != null) {
                return "next place " + i + ": " + problem;
            }
        }
        int data = 0;
        for (int i = 0; i < cells; i++) {
            if (!cellIsPossible(summary, i, geometry)) {
                return "cell " + i + ": type " + SummaryCodec.cellType(summary, i) + ", "
                    + SummaryCodec.cellLow(summary, i) + ", "
                    + SummaryCodec.cellA(summary, i) + ", " + SummaryCodec.cellB(summary, i);
            }
            data += SummaryCodec.hasData(SummaryCodec.cellType(summary, i)) ? 1 : 0;
        }
        return data == SummaryCodec.dataCount(summary) ? null
            : SummaryCodec.dataCount(summary) + " data blocks for " + data + " cells that need one";
    }

    private static boolean cellIsPossible(final byte[] summary, final int index, final Geometry geometry) {
        final long low = SummaryCodec.cellLow(summary, index);
        final long a = SummaryCodec.cellA(summary, index);
        final long b = SummaryCodec.cellB(summary, index);
        return switch (SummaryCodec.cellType(summary, index)) {
            case SummaryCodec.VOID -> low < geometry.userBlocks() && a == 0 && b == 0;
            case SummaryCodec.WRITE, SummaryCodec.RELOCATED -> low < geometry.userBlocks();
            case SummaryCodec.TRIM, SummaryCodec.LOST ->
                low < geometry.userBlocks() && a >= 1 && a <= geometry.userBlocks() - low && b == 0;
            case SummaryCodec.SEGMENT_OPEN -> low < geometry.segmentCount() && a >= 1
                && a <= SegmentTable.MAX_GENERATION
                && b == SegmentPurpose.OBJECT;
            case SummaryCodec.TABLE_ADD -> a >= 1 && a <= SegmentTable.MAX_GENERATION && b >= 1
                && b < geometry.segmentBlocks();
            case SummaryCodec.TABLE_DROP -> (low & ~SummaryCodec.TABLE_ID_MASK) == 0 && a == 0 && b == 0;
            default -> false;
        };
    }
}
