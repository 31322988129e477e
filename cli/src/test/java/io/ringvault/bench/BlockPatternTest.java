package io.ringvault.bench;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

class BlockPatternTest {
    private final BlockPattern pattern = new BlockPattern(7);

    @Test
    void shouldMatchOnlyItsOwnNumbersWhenAnyByteCounts() {
        final byte[] bytes = new byte[3 * 4096];
        final MemorySegment segment = MemorySegment.ofArray(bytes);
        pattern.fill(segment, 4096, 9, 3);
        assertTrue(pattern.matches(segment, 4096, 9, 3));
        assertFalse(pattern.matches(segment, 4096, 9, 2));
        assertFalse(pattern.matches(segment, 4096, 8, 3));
        assertFalse(new BlockPattern(8).matches(segment, 4096, 9, 3));
        final Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            final int at = 4096 + random.nextInt(4096);
            final byte flip = (byte) (1 << random.nextInt(8));
            bytes[at] ^= flip;
            assertFalse(pattern.matches(segment, 4096, 9, 3), "flipped byte " + (at - 4096));
            bytes[at] ^= flip;
        }
        assertTrue(pattern.describe(segment, 4096).equals("block 9 in version 3"));
        assertTrue(pattern.describe(segment, 0).contains("did not write"));
    }

    @Test
    void shouldBeIncompressibleWhenManyBlocksAreTakenTogether() {
        final byte[] bytes = new byte[64 * 4096];
        final MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int i = 0; i < 64; i++) {
            pattern.fill(segment, i * 4096L, i, 1);
        }
        final Deflater deflater = new Deflater(9);
        deflater.setInput(bytes);
        deflater.finish();
        final int packed = deflater.deflate(new byte[2 * bytes.length]);
        deflater.end();
        assertTrue(packed > bytes.length * 0.98, "packed to " + packed + " of " + bytes.length);
    }
}
