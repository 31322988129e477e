package io.ringvault.nvme.vfiouser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DmaBuffer;
import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Carving of DMA memory: where pieces lie in regions, and what a server is told. */
class DmaRegionsTest {
    private static final long GRANULE = 2L << 20;

    private final Map<Long, NativeMemory> mapped = new TreeMap<>();
    private final DmaRegions regions = new DmaRegions(3L << 20, NativeMemory.Pages.BASE,
        (memory, address) -> mapped.put(address, memory));

    @AfterEach
    void close() {
        regions.close();
    }

    private NativeMemory regionOf(final DmaBuffer buffer) {
        for (final Map.Entry<Long, NativeMemory> region : mapped.entrySet()) {
            final long offset = buffer.deviceAddress(0) - region.getKey();
            if (offset >= 0 && offset + buffer.lengthBytes() <= region.getValue().lengthBytes()) {
                assertEquals(region.getValue().segment().address() + offset, buffer.segment().address());
                return region.getValue();
            }
        }
        throw new AssertionError("the buffer at " + buffer.deviceAddress(0) + " straddles regions or is in none");
    }

    @Test
    void shouldPutEveryPieceWithinOneRegionAndNoTwoOverEachOther() throws IOException {
        regions.open();
        final Random random = new Random(Long.getLong("seed", 4));
        final TreeMap<Long, Long> pieces = new TreeMap<>();
        for (int i = 0; i < 100; i++) {
            final long length = 1 + random.nextInt(random.nextInt(10) == 0 ? 5 << 20 : 300_000);
            final DmaBuffer buffer = regions.allocate(length);
            assertEquals(length, buffer.lengthBytes());
            assertEquals(0, buffer.deviceAddress(0) % 4096);
            regionOf(buffer);
            final Map.Entry<Long, Long> before = pieces.lowerEntry(buffer.deviceAddress(0));
            assertTrue(before == null || before.getValue() <= buffer.deviceAddress(0), "pieces overlap");
            pieces.put(buffer.deviceAddress(0), buffer.deviceAddress(0) + length);
        }
        assertEquals(mapped.size(), regions.count());
        long last = 0;
        for (final Map.Entry<Long, NativeMemory> region : mapped.entrySet()) {
            assertEquals(0, (region.getKey() | region.getValue().lengthBytes()) % GRANULE);
            assertTrue(region.getKey() > last, "regions lie apart, so that no access runs from one into the next");
            last = region.getKey() + region.getValue().lengthBytes();
        }
    }

    @Test
    void shouldMakeALargerRegionWhenAPieceDoesNotFitTheUsualOne() throws IOException {
        regions.open();
        assertEquals(4L << 20, regionOf(regions.allocate(4096)).lengthBytes(), "3 MiB rounded up");
        assertEquals(10L << 20, regionOf(regions.allocate((9L << 20) + 1)).lengthBytes());
        assertEquals(4L << 20, regionOf(regions.allocate(2L << 20)).lengthBytes());
        assertEquals(3, regions.count());
    }

    @Test
    void shouldHandOutZeroedMemory() throws IOException {
        regions.open();
        for (int i = 0; i < 3; i++) {
            final DmaBuffer buffer = regions.allocate(2L << 20);
            assertEquals(0, buffer.segment().get(ValueLayout.JAVA_LONG, (2L << 20) - 8));
            buffer.segment().fill((byte) -1);
        }
    }

    @Test
    void shouldKeepNothingOfARegionThatTheServerRefused() throws IOException {
        final boolean[] refuse = {false};
        try (DmaRegions fussy = new DmaRegions(GRANULE, NativeMemory.Pages.BASE, (memory, address) -> {
            if (refuse[0]) {
                throw new IOException("no more");
            }
        })) {
            fussy.open();
            refuse[0] = true;
            assertThrows(IOException.class, () -> fussy.allocate(GRANULE + 1));
            assertEquals(1, fussy.count());
            assertEquals(4096, fussy.allocate(4096).lengthBytes(), "what was mapped goes on");
            assertThrows(ArithmeticException.class, () -> fussy.allocate(Long.MAX_VALUE));
        }
    }
}
