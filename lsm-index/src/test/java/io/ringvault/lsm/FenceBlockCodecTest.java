package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

class FenceBlockCodecTest {
    @Test
    void shouldRoundTripWhenTheCountIsAroundABlockBoundary() {
        final int per = FenceBlockCodec.FENCES_PER_BLOCK;
        for (final int count : new int[] {1, 2, per - 1, per, per + 1, 2 * per - 1, 2 * per, 2 * per + 1}) {
            final long[] fences = new long[count];
            for (int i = 0; i < count; i++) {
                fences[i] = 3L * i + 1;
            }
            final long[] decoded = new long[count];
            assertEquals((count + per - 1) / per, FenceBlockCodec.blocksFor(count));
            for (int block = 0; block < FenceBlockCodec.blocksFor(count); block++) {
                final byte[] bytes = new byte[Geometry.SEALED_BYTES];
                FenceBlockCodec.encode(fences, count, block, bytes);
                assertNull(FenceBlockCodec.decode(bytes, block, decoded));
                final String wrong = FenceBlockCodec.decode(bytes, block + 1, new long[count + 2 * per]);
                assertNotNull(wrong, "block " + block + " passes as another");
            }
            assertArrayEquals(fences, decoded);
        }
    }

    @Test
    void shouldRefuseWhenAFenceIsBeyondTheLargestLba() {
        final byte[] bytes = new byte[Geometry.SEALED_BYTES];
        FenceBlockCodec.encode(new long[] {1, Memtable.MAX_LBA + 1}, 2, 0, bytes);
        assertNotNull(FenceBlockCodec.decode(bytes, 0, new long[2]));
    }

    @Test
    void shouldRefuseWhenBytesAreArbitrary() {
        Seeds.each(100, seed -> {
            final byte[] bytes = new byte[Geometry.SEALED_BYTES];
            new Random(seed).nextBytes(bytes);
            assertNotNull(FenceBlockCodec.decode(bytes, 0, new long[10]));
        });
    }
}
