package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class IoAddressSpaceTest {

    @Test
    void shouldTakeTheSmallestPageAsTheUnit() {
        assertEquals(4096, new IoAddressSpace(0x40201000L, List.of(), 1).unitBytes());
        assertEquals(65536, new IoAddressSpace(0x10000L, List.of(), 1).unitBytes());
        assertEquals(NativeMemory.basePageBytes(), new IoAddressSpace(0, List.of(), 1).unitBytes());
    }

    @Test
    void shouldLeaveOutTheInterruptWindowWhenTheKernelDoesNotSay() {
        for (final IoAddressSpace.Range each : IoAddressSpace.UNSAID) {
            assertEquals(true, each.last() < 0xFEE0_0000L || each.first() > 0xFEEF_FFFFL, each.toString());
        }
    }
}
