package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.crypto.Seeds;
import org.junit.jupiter.api.Test;

class GeometryTest {

    @Test
    void shouldPlaceEveryBlockOnceAndInside() {
        Seeds.run(random -> {
            final int segmentBlocks = random.nextInt(16, 40);
            final long volume = 32L + segmentBlocks * 8L + random.nextInt(200);
            final Geometry geometry = Geometry.forDevice(volume * 4096 + random.nextInt(4096), segmentBlocks, 10);
            final boolean[] used = new boolean[(int) volume];
            for (int which = 0; which < 2; which++) {
                take(used, geometry.headerBlock(which));
                take(used, geometry.slotBlock(which));
            }
            for (int segment = 0; segment < geometry.segmentCount(); segment++) {
                for (int slot = 0; slot < segmentBlocks; slot++) {
                    take(used, geometry.blockOf(segment, slot));
                }
            }
            assertEquals(volume, geometry.volumeBlocks());
            assertEquals(segmentBlocks * 4096, geometry.segmentBytes());
        });
    }

    private static void take(final boolean[] used, final long block) {
        assertFalse(used[(int) block], "block " + block + " has two uses");
        used[(int) block] = true;
    }

    @Test
    void shouldLieWhereTheFormatPageSays() {
        final Geometry geometry = new Geometry(16, 10, 200, 100);
        assertEquals(0, geometry.headerBlock(0));
        assertEquals(1, geometry.slotBlock(0));
        assertEquals(198, geometry.slotBlock(1));
        assertEquals(199, geometry.headerBlock(1));
        assertEquals(16 + 3 * 16 + 5, geometry.blockOf(3, 5));
        assertThrows(IllegalArgumentException.class, () -> geometry.blockOf(10, 0));
        assertThrows(IllegalArgumentException.class, () -> geometry.blockOf(0, 16));
        assertThrows(IllegalArgumentException.class, () -> geometry.blockOf(-1, 0));
        assertTrue(geometry.contains(9, 15));
        assertFalse(geometry.contains(10, 15));
        assertFalse(geometry.contains(9, 16));
        assertFalse(geometry.contains(-1, 1));
        assertFalse(geometry.contains(1, -1));
    }

    @Test
    void shouldNameTheRuleThatIsBroken() {
        Failures.expect(CONFIGURATION, () -> new Geometry(15, 10, 200, 100), "15 blocks", "16..65536");
        Failures.expect(CONFIGURATION, () -> new Geometry(65537, 10, 200, 100), "65537");
        Failures.expect(CONFIGURATION, () -> new Geometry(16, 9, 200, 100), "segment count 9", "10 segments");
        Failures.expect(CONFIGURATION, () -> Geometry.forDevice(100 * 4096, 16, 10), "holds 4 segments", "at least 8");
        Failures.expect(CONFIGURATION, () -> new Geometry(16, 10, 200, 0), "user size of 0");
        Failures.expect(CONFIGURATION, () -> new Geometry(16, 10, 200, 140), "user size of 140", "1..139");
        Failures.expect(CONFIGURATION, () -> new Geometry(16, 10, -1, 10), "-1 blocks");
        Failures.expect(CONFIGURATION, () -> Geometry.forDevice(0, 0, 1), "0 blocks");
    }

    /** Its first checkpoint would fail, or a later one, when sessions and tables need pages of their own. */
    @Test
    void shouldRefuseMoreSegmentsThanACheckpointCanList() {
        final long most = Geometry.MAX_SEGMENTS;
        assertTrue(SegmentPageCodec.pages(Geometry.MAX_SEGMENTS) < CheckpointCodec.MAX_PAGES);
        assertEquals(most, new Geometry(1024, (int) most, 32 + most * 1024, 100).segmentCount());
        Failures.expect(CONFIGURATION, () -> Geometry.forDevice((32 + (most + 1) * 1024) * 4096, 1024, 100),
            "holds " + (most + 1) + " segments", "at least 1025 blocks");
        Failures.expect(CONFIGURATION, () -> Geometry.forDevice(Long.MAX_VALUE, 1024, 100), "blocks");
        assertEquals(most, new Geometry(65536, (int) most, 32 + most * 65536, 1L << 36).segmentCount());
    }
}
