package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SummaryBuilderTest {
    private final SummaryBuilder builder = new SummaryBuilder();

    @Test
    void shouldReadBackEveryFieldAndCellWhenFinished() {
        builder.begin(1);
        builder.addWrite(7, 70, 71);
        builder.addRelocated((1L << 56) - 1, -1, Long.MIN_VALUE);
        builder.addTrim(100, 5000);
        builder.addLost(9, 1);
        builder.addSegmentOpen(12, 99, SegmentPurpose.OBJECT);
        builder.addTableAdd(255, (1L << 48) - 1, 98, 4);
        builder.addTableDrop(33);
        builder.addNext(5, 6, 7);
        builder.addNext(8, 9, 1);
        builder.finish(41, 3, 1001, 1002, 39, SummaryCodec.FLAG_COMMIT | SummaryCodec.FLAG_CLOSE);

        final byte[] s = builder.bytes();
        assertEquals(41, SummaryCodec.sequence(s));
        assertEquals(3, SummaryCodec.epoch(s));
        assertEquals(1001, SummaryCodec.previousTag0(s));
        assertEquals(1002, SummaryCodec.previousTag1(s));
        assertEquals(39, SummaryCodec.durableMark(s));
        assertEquals(5, SummaryCodec.flags(s));
        assertTrue(SummaryCodec.isCommit(s));
        assertEquals(7, SummaryCodec.cellCount(s));
        assertEquals(2, SummaryCodec.dataCount(s));
        assertEquals(1, SummaryCodec.stream(s));
        assertEquals(2, SummaryCodec.nextCount(s));
        assertEquals(8, SummaryCodec.nextGeneration(s, 1));
        assertEquals(9, SummaryCodec.nextSegment(s, 1));
        assertEquals(1, SummaryCodec.nextSlot(s, 1));
        assertCell(0, SummaryCodec.WRITE, 7, 70, 71);
        assertCell(1, SummaryCodec.RELOCATED, (1L << 56) - 1, -1, Long.MIN_VALUE);
        assertCell(2, SummaryCodec.TRIM, 100, 5000, 0);
        assertCell(3, SummaryCodec.LOST, 9, 1, 0);
        assertCell(4, SummaryCodec.SEGMENT_OPEN, 12, 99, SegmentPurpose.OBJECT);
        assertCell(6, SummaryCodec.TABLE_DROP, 33, 0, 0);
        assertEquals(255, SummaryCodec.tableLevel(SummaryCodec.cellLow(s, 5)));
        assertEquals((1L << 48) - 1, SummaryCodec.tableId(SummaryCodec.cellLow(s, 5)));
    }

    /** Offsets from the table in docs/format.md section 6, written here a second time on purpose. */
    @Test
    void shouldPutBytesWhereTheFormatSaysWhenFinished() {
        builder.begin(1);
        builder.addWrite(0x0102030405060708L & 0xffffffffffffffL, 0x1122334455667788L, 2);
        builder.addNext(0x21, 0x22, 0x23);
        builder.finish(0x31, 0x32, 0x33, 0x34, 0x35, 1);
        final byte[] s = builder.bytes();
        final int[][] expected = {
            {0, 0x31}, {8, 0x32}, {16, 0x33}, {24, 0x34}, {32, 0x35}, {40, 0}, {48, 1}, {52, 1}, {54, 1}, {56, 1}, {57,
                0}, {58, 1},
            {60, 0}, {64, 0x21}, {72, 0x22}, {76, 0x23}, {160, 8}, {161, 7}, {166, 2}, {167, 1}, {168, 0x88}, {175,
            0x11}, {176, 2}
        };
        for (final int[] pair : expected) {
            assertEquals(pair[1], s[pair[0]] & 0xff, "byte " + pair[0]);
        }
    }

    @Test
    void shouldVoidAndRetagCellsWhenAsked() {
        builder.begin(0);
        final int moved = builder.addRelocated(7, 70, 71);
        final int written = builder.addWrite(8, 0, 0);
        final int trim = builder.addTrim(1, 1);
        builder.voidCell(moved);
        builder.setTag(written, 80, 81);
        assertCell(moved, SummaryCodec.VOID, 7, 0, 0);
        assertCell(written, SummaryCodec.WRITE, 8, 80, 81);
        assertEquals(2, builder.dataCount());
        assertThrows(IllegalStateException.class, () -> builder.setTag(moved, 1, 1));
        assertThrows(IllegalStateException.class, () -> builder.voidCell(trim));
        assertThrows(IllegalStateException.class, () -> builder.voidCell(3));
    }

    @Test
    void shouldRefuseMoreWhenFull() {
        builder.begin(0);
        while (builder.remainingCells() > 0) {
            builder.addWrite(builder.cellCount(), 1, 1);
        }
        assertEquals(SummaryCodec.MAX_CELLS, builder.cellCount());
        assertEquals(SummaryCodec.MAX_CELLS, builder.dataCount());
        assertThrows(IllegalStateException.class, () -> builder.addTableDrop(1));
        for (int i = 0; i < SummaryCodec.MAX_NEXT; i++) {
            builder.addNext(1, 1, 1);
        }
        assertThrows(IllegalStateException.class, () -> builder.addNext(1, 1, 1));
    }

    @Test
    void shouldLeaveNothingOfTheLastChunkWhenBegunAgain() {
        shouldReadBackEveryFieldAndCellWhenFinished();
        builder.begin(0);
        builder.addNext(1, 1, 1);
        builder.finish(0, 0, 0, 0, 0, 0);
        int set = 0;
        for (final byte b : builder.bytes()) {
            set += b == 0 ? 0 : 1;
        }
        assertEquals(4, set, "next place and its count, nothing else");
    }

    @Test
    void shouldRefuseCallsOutOfOrder() {
        assertThrows(IllegalStateException.class, () -> builder.addWrite(1, 1, 1));
        builder.begin(0);
        assertThrows(IllegalStateException.class, () -> builder.finish(1, 1, 1, 1, 1, 1));
        builder.addNext(1, 1, 1);
        builder.finish(1, 1, 1, 1, 1, 1);
        assertThrows(IllegalStateException.class, () -> builder.finish(1, 1, 1, 1, 1, 1));
        assertThrows(IllegalStateException.class, () -> builder.addNext(1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> builder.begin(2));
    }

    @Test
    void shouldRefuseValuesThatDoNotFitACell() {
        builder.begin(0);
        assertThrows(IllegalArgumentException.class, () -> builder.addWrite(1L << 56, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> builder.addWrite(-1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> builder.addTableAdd(256, 1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> builder.addTableAdd(1, 1L << 48, 1, 1));
        assertEquals(0, builder.cellCount());
    }

    private void assertCell(final int index, final int type, final long low, final long a, final long b) {
        final byte[] s = builder.bytes();
        assertEquals(type, SummaryCodec.cellType(s, index));
        assertEquals(low, SummaryCodec.cellLow(s, index));
        assertEquals(a, SummaryCodec.cellA(s, index));
        assertEquals(b, SummaryCodec.cellB(s, index));
    }
}
