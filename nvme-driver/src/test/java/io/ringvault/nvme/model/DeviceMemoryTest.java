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
            assertEquals(DeviceMemory.NONE, memory.find(0, 1));
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
}
