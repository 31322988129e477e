package io.ringvault.disk.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.disk.TestDisk;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.disk.engine.SpaceReserves;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.ring.OpStatus;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Openings of a full volume with few free segments, after sessions that were too short to merge anything. */
class OpenCompactionTest {
    private static final int BLOCKS = 256;
    private static final int BLOCK = 4096;
    private static final int SESSIONS = 24;
    private final Random random = new Random(Long.getLong("seed", 4));
    private final byte[] values = new byte[BLOCKS];

    private static EngineConfig tiny() {
        final EngineConfig config = new EngineConfig();
        TestDisk.tiny(config);
        return config;
    }

    private void write(final TestDisk disk, final int lba) {
        values[lba] = (byte) random.nextInt(1, 100);
        assertEquals(0, disk.await(disk.write((long) lba * BLOCK, TestDisk.filled(BLOCK, values[lba]))));
    }

    /** A full volume, then sessions of one synced write each that end in a crash. */
    private SimulatedDevice shortSessions() {
        SimulatedDevice device = TestDisk.format(BLOCKS, VolumeFormatter.deviceBytesFor(BLOCKS, 16, tiny()), null);
        TestDisk disk = TestDisk.open(device);
        for (int i = 0; i < 4 * BLOCKS; i++) {
            write(disk, i < BLOCKS ? i : random.nextInt(BLOCKS));
        }
        for (int session = 0; session < SESSIONS; session++) {
            assertEquals(0, disk.await(disk.sync()));
            device = device.crash(CrashPolicy.ALL, session);
            disk.disk.abandon();
            disk = TestDisk.open(device);
            write(disk, random.nextInt(BLOCKS));
        }
        assertEquals(0, disk.await(disk.sync()));
        device = device.crash(CrashPolicy.ALL, SESSIONS);
        disk.disk.abandon();
        return device;
    }

    private void check(final TestDisk disk, final int except) {
        int bad = 0;
        for (int lba = 0; lba < BLOCKS; lba++) {
            final java.lang.foreign.MemorySegment target = TestDisk.filled(BLOCK, 0);
            final int status = disk.await(disk.read((long) lba * BLOCK, target));
            if (status == OpStatus.OK) {
                assertEquals(values[lba], target.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 99), "block " + lba);
            } else {
                assertEquals(OpStatus.INTEGRITY, status);
                bad++;
            }
        }
        assertTrue(bad <= except, bad + " blocks cannot be read");
    }

    /** An open that finds only so many segments free, without engine; by how many its tables became fewer. */
    private int mergedWith(final SimulatedDevice device, final int free) {
        try (KeySecret key = KeySecret.key(TestDisk.KEY);
             VolumeAccess access = VolumeAccess.open(device, key, "none", null, new SunJceProvider())) {
            final VolumeState state = VolumeReplay.replay(access, false, 1 << 20);
            for (long taken = 1L << 30; state.table().count(SegmentState.FREE) > free; taken++) {
                state.table().announce(state.table().nextFree(), taken, access.superblocks.current().sessionId(),
                    SegmentPurpose.USER);
            }
            final int before = state.index().tables().size();
            final StartedSession started = SessionStart.begin(access, state, tiny(), random::nextBytes);
            state.keys().destroy();
            state.memtable().close();
            return before - started.index().tables().size();
        }
    }

    /** Merges come when few segments are free, and not while there are many: an open should be quick. */
    @Test
    void shouldMergeWhenFewSegmentsAreFreeAndOnlyThen() {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
        final TestDisk disk = TestDisk.open(device);
        for (int i = 0; i < 2 * BLOCKS; i++) {
            write(disk, i < BLOCKS ? i : random.nextInt(BLOCKS));
        }
        assertEquals(0, disk.await(disk.sync()));
        final SimulatedDevice crashed = device.crash(CrashPolicy.ALL, 1);
        disk.disk.abandon();
        final Geometry geometry = HeaderCodec.decode(crashed.content(0, BLOCK)).geometry();
        final int cleaner = SpaceReserves.of(geometry, tiny()).cleaner();
        assertTrue(mergedWith(crashed.crash(CrashPolicy.ALL, 1), cleaner + 4) <= 0, "merged without need");
        assertTrue(mergedWith(crashed.crash(CrashPolicy.ALL, 1), cleaner - 1) > 0, "nothing merged with "
            + (cleaner - 1) + " segments free");
    }

    @Test
    void shouldKeepEnoughFreeForTheCleanerOverAnyNumberOfShortSessions() {
        final SimulatedDevice device = shortSessions();
        final TestDisk disk = TestDisk.open(device);
        final Geometry geometry = HeaderCodec.decode(device.content(0, BLOCK)).geometry();
        final long free = disk.disk.counters().freeSegments();
        assertTrue(free >= SpaceReserves.of(geometry, tiny()).recovery(), free + " segments are free after the open");
        check(disk, 0);
        for (int i = 0; i < 200; i++) {
            write(disk, random.nextInt(BLOCKS));
        }
        check(disk, 0);
        assertNull(disk.disk.counters().poisonReason());
        disk.disk.close();
    }

    /** A merge that meets a block it cannot read ends the merging, not the open; nothing is given up for lost. */
    @Test
    void shouldOpenAndLoseNothingWhenABlockOfTheIndexCannotBeRead() {
        final SimulatedDevice whole = shortSessions();
        final Header header = HeaderCodec.decode(whole.content(0, BLOCK));
        final Geometry geometry = header.geometry();
        int opened = 0;
        int refused = 0;
        for (int segment = 0; segment < geometry.segmentCount() && opened < 6; segment++) {
            final byte[] preface = whole.content(geometry.blockOf(segment, 0) * BLOCK, BLOCK);
            if (!new PrefaceCodec().isValid(preface, 0, header.volumeId())
                || PrefaceCodec.purpose(preface, 0) != SegmentPurpose.OBJECT) {
                continue;
            }
            final SimulatedDevice device = whole.crash(CrashPolicy.ALL, 1);
            device.flipBit(geometry.blockOf(segment, 2) * BLOCK + 70, 1);
            final TestDisk disk;
            try {
                disk = TestDisk.open(device);
            } catch (final io.ringvault.block.StorageException damaged) {
                assertEquals(io.ringvault.block.StorageException.Category.INTEGRITY, damaged.category());
                refused++; // a page of the checkpoint or the head of a table: without it there is no state to serve
                continue;
            }
            check(disk, BLOCKS);
            assertEquals(0, disk.disk.counters().blocksLost(), "an open gives nothing up");
            disk.disk.abandon();
            opened++;
        }
        assertTrue(opened > 0, opened + " opened, " + refused + " refused");
    }
}
