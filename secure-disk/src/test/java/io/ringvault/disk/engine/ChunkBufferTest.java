package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;

class ChunkBufferTest {
    private static final int[][] PATHS = {
        {}, {1}, {1, 2}, {1, 2, 3}, {1, 2, 4}, {1, 2, 4, 5}, {1, 2, 4, 5, 6},
    };
    private static final Set<String> LEGAL = Set.of("0>1", "1>2", "2>3", "2>4", "3>4", "4>5", "5>6", "5>2",
        "6>0");

    @Test
    void shouldAllowExactlyTheTransitionsOfItsTable() {
        for (final int[] path : PATHS) {
            for (int next = ChunkBuffer.FREE; next <= ChunkBuffer.DURABLE; next++) {
                final ChunkBuffer chunk = new ChunkBuffer(0, 0);
                for (final int each : path) {
                    chunk.advance(each);
                }
                final int from = chunk.state();
                final int to = next;
                if (LEGAL.contains(from + ">" + to)) {
                    chunk.advance(to);
                    assertEquals(to, chunk.state());
                } else {
                    assertThrows(IllegalStateException.class, () -> chunk.advance(to), from + " -> " + to);
                    assertEquals(from, chunk.state());
                }
            }
        }
    }

    @Test
    void shouldHoldItsDataBlocksOnly() {
        final ChunkBuffer chunk = new ChunkBuffer(0, 8192);
        chunk.generation = 5;
        chunk.summarySlot = 4;
        chunk.dataBlocks = 2;
        assertFalse(chunk.holds(5, 5), "a free buffer holds nothing");
        chunk.advance(ChunkBuffer.FILLING);
        assertFalse(chunk.holds(5, 4), "the summary is no data");
        assertTrue(chunk.holds(5, 5));
        assertTrue(chunk.holds(5, 6));
        assertFalse(chunk.holds(5, 7));
        assertFalse(chunk.holds(6, 5));
        assertEquals(7, chunk.endSlot());
        assertEquals(8192 + 2 * 4096, chunk.offsetOf(5));
        chunk.prefaceBlocks = 1;
        assertEquals(4, chunk.lengthBlocks());
    }
}
