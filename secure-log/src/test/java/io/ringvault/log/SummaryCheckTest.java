package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SummaryCheckTest {
    private final Geometry geometry = new Geometry(16, 40, 32 + 640, 300);
    private final SummaryBuilder builder = new SummaryBuilder();

    @Test
    void shouldAcceptEveryKindOfCellAtItsLimits() {
        assertNull(SummaryCheck.problem(sound(), 13, geometry));
        assertNotNull(SummaryCheck.problem(sound(), 14, geometry), "two data blocks do not fit behind slot 14");
    }

    @Test
    void shouldNameWhatIsImpossible() {
        rejects(s -> Le.putShort(s, SummaryCodec.CELLS_OFFSET, 164));
        rejects(s -> Le.putShort(s, SummaryCodec.CELLS_OFFSET, 0));
        rejects(s -> Le.putShort(s, SummaryCodec.DATA_BLOCKS_OFFSET, 1));
        rejects(s -> Le.putShort(s, SummaryCodec.NEXT_COUNT_OFFSET, 0));
        rejects(s -> Le.putShort(s, SummaryCodec.NEXT_COUNT_OFFSET, 7));
        rejects(s -> Le.putInt(s, SummaryCodec.FLAGS_OFFSET, 8));
        rejects(s -> s[SummaryCodec.STREAM_OFFSET] = 2);
        rejects(s -> s[SummaryCodec.CONTINUATION_OFFSET] = 1);
        rejects(s -> s[SummaryCodec.RESERVED_OFFSET] = 1);
        rejects(s -> s[SummaryCodec.ANCHOR_SERIAL_OFFSET] = 1);
        rejects(s -> Le.putLong(s, SummaryCodec.DURABLE_MARK_OFFSET, 9));
        rejects(s -> Le.putLong(s, SummaryCodec.NEXT_OFFSET, 0));
        rejects(s -> Le.putLong(s, SummaryCodec.NEXT_OFFSET, 1L << 40));
        rejects(s -> Le.putInt(s, SummaryCodec.NEXT_OFFSET + 8, 40));
        rejects(s -> Le.putInt(s, SummaryCodec.NEXT_OFFSET + 8, -1));
        rejects(s -> Le.putInt(s, SummaryCodec.NEXT_OFFSET + 12, 0));
        rejects(s -> Le.putInt(s, SummaryCodec.NEXT_OFFSET + 12, 16));
        rejects(0, 0, 300L, 1, 1);
        rejects(1, 0, 7, 1, 0);
        rejects(2, SummaryCodec.TRIM, 299, 2, 0);
        rejects(2, SummaryCodec.TRIM, 299, 0, 0);
        rejects(2, SummaryCodec.TRIM, 299, -1, 0);
        rejects(2, SummaryCodec.TRIM, 299, Long.MAX_VALUE, 0);
        rejects(2, SummaryCodec.LOST, 300, 1, 0);
        rejects(3, SummaryCodec.SEGMENT_OPEN, 40, 5, 2);
        rejects(3, SummaryCodec.SEGMENT_OPEN, 39, 0, 2);
        rejects(3, SummaryCodec.SEGMENT_OPEN, 39, 5, 1);
        rejects(4, SummaryCodec.TABLE_ADD, 1, 5, 16);
        rejects(4, SummaryCodec.TABLE_ADD, 1, 1L << 40, 3);
        rejects(5, SummaryCodec.TABLE_DROP, 1L << 48, 0, 0);
        rejects(5, 99, 1, 0, 0);
    }

    /** Whatever an authentic summary holds, the check answers and does not throw. */
    @Test
    void shouldNeverThrowWhenBytesAreArbitrary() {
        final long seed = Long.getLong("seed", 17);
        final Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            final byte[] summary = sound();
            for (int k = random.nextInt(4); k >= 0; k--) {
                summary[random.nextInt(400)] = (byte) random.nextInt();
            }
            SummaryCheck.problem(summary, 1 + random.nextInt(15), geometry);
        }
    }

    private byte[] sound() {
        builder.begin(0);
        builder.addWrite(299, 1, 2);
        builder.voidCell(builder.addRelocated(7, 1, 2));
        builder.addTrim(0, 300);
        builder.addSegmentOpen(39, SegmentTable.MAX_GENERATION, SegmentPurpose.OBJECT);
        builder.addTableAdd(3, 12, 5, 15);
        builder.addTableDrop(11);
        builder.addNext(5, 39, 15);
        builder.finish(9, 2, 1, 1, 8, 7);
        return builder.bytes().clone();
    }

    private void rejects(final int cell, final int type, final long low, final long a, final long b) {
        rejects(s -> {
            final int at = SummaryCodec.CELL_OFFSET + cell * SummaryCodec.CELL_BYTES;
            Le.putLong(s, at, (long) type << 56 | low);
            Le.putLong(s, at + 8, a);
            Le.putLong(s, at + 16, b);
        });
    }

    private void rejects(final Consumer<byte[]> change) {
        final byte[] summary = sound();
        change.accept(summary);
        assertNotNull(SummaryCheck.problem(summary, 1, geometry));
    }
}
