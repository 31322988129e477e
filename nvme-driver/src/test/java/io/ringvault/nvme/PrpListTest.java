package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringvault.block.DmaBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class PrpListTest {
    private static final long LISTS_AT = 0x7_0000_0000L;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment pages = arena.allocate(4 * 4096, 4096);
    private final PrpList prps = new PrpList(DmaBuffer.contiguous(pages, LISTS_AT));
    private final ByteBuffer bytes = pages.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);

    /** A buffer whose pages lie in descending order, so that nothing is contiguous by chance. */
    private DmaBuffer scattered(final int count) {
        final long[] addresses = new long[count];
        for (int i = 0; i < count; i++) {
            addresses[i] = 0x1000_0000L + (count - i) * 0x10_000L;
        }
        return new DmaBuffer(arena.allocate(4096L * count, 4096), addresses, 12);
    }

    @Test
    void shouldNeedNoSecondEntryWhenOnePageIsEnough() {
        assertEquals(0, prps.secondEntry(1, scattered(4), 4096, 512));
        assertEquals(0, prps.secondEntry(1, scattered(4), 4096, 4096));
    }

    @Test
    void shouldPointAtTheSecondPageWhenTwoAreEnough() {
        final DmaBuffer buffer = scattered(4);
        assertEquals(buffer.deviceAddress(8192), prps.secondEntry(1, buffer, 4096, 4096 + 512));
        assertEquals(buffer.deviceAddress(8192), prps.secondEntry(1, buffer, 4096, 8192));
    }

    @Test
    void shouldWriteTheTrackersOwnListWhenMorePagesAreNeeded() {
        final DmaBuffer buffer = scattered(600);
        assertEquals(LISTS_AT + 2 * 4096, prps.secondEntry(2, buffer, 8192, PrpList.MAXIMUM_BYTES));
        for (int i = 0; i < 511; i++) {
            assertEquals(buffer.deviceAddress(8192 + 4096L * (i + 1)), bytes.getLong(2 * 4096 + 8 * i));
        }
        assertEquals(0, bytes.getLong(3 * 4096 - 8));
        assertEquals(0, bytes.getLong(3 * 4096));
        assertEquals(0, bytes.getLong(2 * 4096 - 8));
    }

    @Test
    void shouldRepeatOnePageWhenZerosAreTheSource() {
        assertEquals(0, prps.repeatedEntry(0, 0xABC000, 4096));
        assertEquals(0xABC000, prps.repeatedEntry(0, 0xABC000, 4608));
        assertEquals(LISTS_AT, prps.repeatedEntry(0, 0xABC000, 5 * 4096));
        for (int i = 0; i < 4; i++) {
            assertEquals(0xABC000, bytes.getLong(8 * i));
        }
        assertEquals(0, bytes.getLong(8 * 4));
    }
}
