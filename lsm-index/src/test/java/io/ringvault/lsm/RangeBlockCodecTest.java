package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RangeBlockCodecTest {
    @Test
    void shouldFindRangesAndHolesWhenTheBlockIsFull() {
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        final int count = RangeBlockCodec.MAX_ENTRIES;
        RangeBlockCodec.putCount(block, count);
        for (int i = 0; i < count; i++) {
            RangeBlockCodec.put(block, i, 1000L * i + 7, 1000L * i + 506, i % 3 == 0 ? Lookup.LOST : Lookup.TRIMMED);
        }
        final long last = 1000L * (count - 1) + 506;
        assertNull(RangeBlockCodec.check(block, 7, last));
        for (int i = 0; i < count; i++) {
            final int kind = i % 3 == 0 ? Lookup.LOST : Lookup.TRIMMED;
            assertEquals(Lookup.ABSENT, RangeBlockCodec.find(block, 1000L * i + 6));
            assertEquals(kind, RangeBlockCodec.find(block, 1000L * i + 7));
            assertEquals(kind, RangeBlockCodec.find(block, 1000L * i + 506));
            assertEquals(Lookup.ABSENT, RangeBlockCodec.find(block, 1000L * i + 507));
        }
        assertNotNull(RangeBlockCodec.check(block, 8, last));
        assertNotNull(RangeBlockCodec.check(block, 7, last - 1));
    }

    @Test
    void shouldRefuseOverlapUnknownKindsAndEmptyRanges() {
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        assertNotNull(RangeBlockCodec.check(block, 0, 100));
        assertEquals(Lookup.ERROR, RangeBlockCodec.find(block, 0));
        RangeBlockCodec.putCount(block, 2);
        RangeBlockCodec.put(block, 0, 1, 10, Lookup.LOST);
        RangeBlockCodec.put(block, 1, 10, 20, Lookup.LOST);
        assertNotNull(RangeBlockCodec.check(block, 1, 100));
        RangeBlockCodec.put(block, 1, 11, 20, Lookup.FOUND);
        assertNotNull(RangeBlockCodec.check(block, 1, 100));
        assertEquals(Lookup.ERROR, RangeBlockCodec.find(block, 15));
        RangeBlockCodec.put(block, 1, 11, 10, Lookup.LOST);
        assertNotNull(RangeBlockCodec.check(block, 1, 100));
        RangeBlockCodec.put(block, 1, 11, 20, Lookup.LOST);
        assertNull(RangeBlockCodec.check(block, 1, 100));
    }

    @Test
    void shouldAnswerOrRefuseWhenBytesAreArbitrary() {
        Seeds.each(200, seed -> {
            final Random random = new Random(seed);
            final byte[] block = new byte[Geometry.SEALED_BYTES];
            random.nextBytes(block);
            RangeBlockCodec.putCount(block, random.nextInt(300));
            RangeBlockCodec.check(block, RangeBlockCodec.first(block, 0), Memtable.MAX_LBA);
            for (int i = 0; i < 100; i++) {
                final int result = RangeBlockCodec.find(block, random.nextLong());
                assertTrue(result >= 0 && result <= Lookup.ERROR && result != Lookup.FOUND
                    && result != Lookup.NEED_BLOCK);
            }
        });
    }
}
