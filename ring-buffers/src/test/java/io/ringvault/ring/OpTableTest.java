package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class OpTableTest {

    @Test
    void shouldKeepEachSlotsFieldsUntilItIsReleased() {
        final OpTable table = new OpTable(2);
        final MemorySegment buffer = MemorySegment.ofArray(new byte[10]);
        final int first = table.claim(OpCode.READ, buffer, 1, 2, 3, 4);
        final int second = table.claim(OpCode.SYNC, null, 5, 6, 7, 8);
        assertEquals(-1, table.claim(OpCode.READ, buffer, 0, 0, 0, 0));
        assertEquals(2, table.inFlight());
        assertEquals(3, table.token(first));
        assertEquals(7, table.token(second));
        assertEquals(5, table.bufferOffset(second));
        assertEquals(6, table.lengthBytes(second));
        table.release(first);
        assertNull(table.buffer(first));
        assertThrows(IllegalStateException.class, () -> table.release(first));
        assertEquals(first, table.claim(OpCode.TRIM, null, 0, 0, 9, 0));
        assertEquals(9, table.token(first));
    }
}
