package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringvault.block.DmaBuffer;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class DmaSlotPoolTest {

    @Test
    void shouldCutTheBufferIntoEqualSlots() {
        final DmaBuffer buffer = DmaBuffer.contiguous(Arena.ofAuto().allocate(5 * 4096, 4096), 1 << 20);
        final DmaSlotPool pool = new DmaSlotPool(buffer, 8192);
        assertEquals(2, pool.capacity());
        assertEquals(0, pool.offset(pool.acquire()));
        assertEquals(8192, pool.offset(pool.acquire()));
        assertEquals(-1, pool.acquire());
        assertEquals(1, pool.slotAt(8192));
        assertEquals(0, pool.slotAt(8191));
        pool.release(1);
        assertEquals(1, pool.available());
        assertThrows(IllegalStateException.class, () -> pool.release(1));
        assertThrows(IllegalArgumentException.class, () -> new DmaSlotPool(buffer, 512));
    }
}
