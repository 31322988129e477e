package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ChunkFitTest {
    /** Slot 0 is the preface; then 1 + 6, 1 + 6 and a rest of two slots that take one block. */
    private final ChunkFit fit = new ChunkFit(17, 6);

    @Test
    void shouldCountTheSegmentsOfManyBlocks() {
        assertEquals(1, fit.segmentsFor(1));
        assertEquals(1, fit.segmentsFor(13));
        assertEquals(2, fit.segmentsFor(14));
        assertEquals(2, fit.segmentsFor(26));
        assertEquals(3, fit.segmentsFor(27));
    }

    @Test
    void shouldCountOneMoreBufferWhereASegmentEnds() {
        assertEquals(1, fit.buffersFrom(1, 6));
        assertEquals(2, fit.buffersFrom(1, 7));
        assertEquals(3, fit.buffersFrom(1, 13));
        assertEquals(2, fit.buffersFrom(16, 6), "the summary that ends the segment, then a chunk of the next");
        assertEquals(2, fit.buffersFrom(17, 1));
    }

    @Test
    void shouldTakeTheLargestRequestThatFitsEverywhereAndNoMore() {
        for (int buffers = 2; buffers < 20; buffers++) {
            final int largest = fit.largestRequest(buffers);
            boolean more = true;
            for (int slot = 1; slot <= 17; slot++) {
                assertTrue(fit.buffersFrom(slot, largest) <= buffers, buffers + " buffers, slot " + slot);
                more &= fit.buffersFrom(slot, largest + 1) <= buffers;
            }
            assertTrue(!more || largest == ReadJob.BLOCKS_MAX, "one more would fit " + buffers + " buffers");
        }
    }
}
