package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class DeviceMemoryTest {

    @Test
    void shouldResolveOnlyWhatIsMappedWhenSeveralRangesExist() throws Exception {
        try (DeviceMemory memory = new DeviceMemory()) {
            assertNull(memory.find(0, 1));
            final long[] at = new long[5];
            for (int i = 0; i < at.length; i++) {
                final MemorySegment segment = memory.allocate(4096L * (i + 1));
                at[i] = memory.lastAddress();
                segment.set(Words.DWORD, 4096L * i, i + 100);
                assertNotEquals(segment.address(), at[i]);
                assertEquals(0, at[i] % 4096);
            }
            for (int i = 0; i < at.length; i++) {
                assertEquals(i + 100, memory.slice(at[i] + 4096L * i, 4).get(Words.DWORD, 0));
                assertNotNull(memory.slice(at[i], 4096L * (i + 1)));
                assertNull(memory.slice(at[i], 4096L * (i + 1) + 1));
                assertNull(memory.slice(at[i] - 1, 1));
                assertNull(memory.slice(at[i] + 4096L * (i + 1), 1));
            }
        }
    }

    @Test
    void shouldKeepForeignMemoryApartWhenItIsMappedAnywhereAndUnmapped() {
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined();
            DeviceMemory memory = new DeviceMemory()) {
            final long[] starts = {0x7000, -8192, 0, 0x5000};
            for (final long start : starts) {
                memory.map(start, arena.allocate(8192, 4096));
            }
            for (final long start : starts) {
                assertNotNull(memory.slice(start, 8192));
                assertNotNull(memory.slice(start + 8188, 4));
                assertNull(memory.slice(start + 4096, 8192));
            }
            assertNull(memory.slice(0x6ff0, 32), "nothing straddles two ranges, even where they touch");
            assertNull(memory.slice(-12288, 4));
            memory.unmap(0x5000);
            assertNull(memory.find(0x5000, 1));
            assertNotNull(memory.find(0x7000, 1));
        }
    }
}
