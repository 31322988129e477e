package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.log.Geometry;
import org.junit.jupiter.api.Test;

class SpaceReservesTest {

    private static SpaceReserves of(final int segmentBlocks, final int segments, final EngineConfig config) {
        return SpaceReserves.of(new Geometry(segmentBlocks, segments, 32L + (long) segmentBlocks * segments, 64),
            config);
    }

    /** Whoever makes space must not be starved by whoever uses it up. */
    @Test
    void shouldLeaveEachLevelRoomForWhatTheLevelBelowMustDo() {
        for (final int segmentBlocks : new int[] {16, 128, 1024, 65536}) {
            for (final int segments : new int[] {40, 5000, Geometry.MAX_SEGMENTS}) {
                final SpaceReserves reserves = of(segmentBlocks, segments, new EngineConfig());
                final String what = segmentBlocks + " x " + segments + ": " + reserves;
                assertTrue(reserves.recovery() >= 2 * LogStream.COUNT + 2, what);
                assertTrue(reserves.checkpoint() > reserves.recovery(), what);
                assertTrue(reserves.cleaner() > reserves.checkpoint(), what);
                assertEquals(reserves.cleaner() + 2 * LogStream.COUNT, reserves.user(), what);
                assertTrue(reserves.spareSegments() > reserves.user(), what);
            }
        }
    }

    @Test
    void shouldReserveForEveryPageOfTheSegmentTable() {
        final EngineConfig config = LogRig.tiny();
        final int few = of(16, 100, config).recovery();
        final int many = of(16, 100 + 127 * 16, config).recovery();
        assertEquals(few + 1, many, "sixteen more pages fill one more segment of sixteen blocks");
    }

    @Test
    void shouldReserveForTheRecordsThatAnOpenReplays() {
        final EngineConfig small = LogRig.tiny();
        final EngineConfig large = LogRig.tiny();
        large.memtableRecords = 1 << 16;
        final Geometry geometry = new Geometry(16, 9000, 32L + 16 * 9000, 100_000);
        final int more = SpaceReserves.of(geometry, large).recovery() - SpaceReserves.of(geometry, small).recovery();
        assertTrue(more * 16 * 4096L >= ((1 << 16) - 300) * 22L, more + " segments more");
    }

    @Test
    void shouldReserveForTwoMemtablesSinceBothMayNeedReplay() {
        final EngineConfig config = LogRig.tiny();
        config.memtableRecords = 1 << 14;
        config.checkpointBytes = 1L << 40;
        final Geometry geometry = new Geometry(16, 9000, 32L + 16 * 9000, 100_000);
        final int more = SpaceReserves.of(geometry, config).recovery()
            - SpaceReserves.of(geometry, LogRig.tiny()).recovery();
        assertTrue(more * 16 * 4096L >= 3 * (1 << 13) * 32L, more + " segments more");
    }
}
