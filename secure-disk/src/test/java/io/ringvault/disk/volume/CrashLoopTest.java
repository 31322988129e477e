package io.ringvault.disk.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.disk.TestDisk;
import io.ringvault.disk.engine.EngineConfig;
import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Crash after crash at one point of a session, on a tiny volume that is full: the free segments must not run out. */
class CrashLoopTest {
    private static final int BLOCKS = 96;
    private static final int CRASHES = 40;
    private static final long SEED = Long.getLong("seed", 11);

    @Test
    void shouldOpenWhenEachSessionCrashedBeforeItsFirstCheckpoint() {
        crashAtCheckpoint(0);
    }

    @Test
    void shouldOpenWhenEachSessionCrashedBetweenItsFirstAndSecondCheckpoint() {
        crashAtCheckpoint(1);
    }

    @Test
    void shouldOpenWhenEachSessionCrashedAfterItsSecondCheckpoint() {
        crashAtCheckpoint(2);
    }

    /** Too short to merge or to clean a segment, so whatever each open takes must come back by the next ones. */
    @Test
    void shouldOpenWhenManyShortSessionsUnderLoadWereKilled() {
        for (final long seed : new long[] {18, 21, SEED}) {
            killShortSessions(seed, 60);
            killShortSessions(seed, 28);
        }
    }

    private static void killShortSessions(final long seed, final int stepsMax) {
        final Random random = new Random(seed);
        SimulatedDevice device = full(random, new int[BLOCKS]);
        for (int kill = 0; kill < CRASHES; kill++) {
            final TestDisk disk;
            try {
                disk = TestDisk.open(device);
            } catch (final StorageException refused) {
                throw new AssertionError("seed " + seed + ", kill " + kill + " after at most " + stepsMax + " steps",
                    refused);
            }
            final ArrayDeque<Long> open = new ArrayDeque<>();
            for (int step = random.nextInt(stepsMax); step > 0; step--) {
                while (open.size() < 30) {
                    final int count = 1 + random.nextInt(8);
                    open.add(random.nextInt(6) == 0 ? disk.sync() : disk.write(random.nextInt(BLOCKS - count) * 4096L,
                        TestDisk.filled(count * 4096, 2)));
                }
                disk.step();
                open.removeIf(token -> disk.status(token) != null);
            }
            assertNull(disk.disk.counters().poisonReason());
            device = device.crash(CrashPolicy.ALL, seed + kill);
            disk.disk.abandon();
        }
    }

    private static void crashAtCheckpoint(final int checkpoints) {
        final Random random = new Random(SEED);
        final int[] expected = new int[BLOCKS];
        SimulatedDevice device = full(random, expected);
        for (int crash = 0; crash < CRASHES; crash++) {
            final String where = "seed " + SEED + ", crash " + crash + ", at checkpoint " + checkpoints;
            final TestDisk disk = TestDisk.open(device);
            int steps = 0;
            long token = -1;
            long sync = -1;
            int lba = 0;
            int value = 0;
            boolean synced = false;
            while (disk.disk.counters().checkpoints() < checkpoints || checkpoints == 0 && !synced) {
                if (token < 0) {
                    lba = random.nextInt(BLOCKS);
                    value = random.nextInt(1, 100);
                    token = disk.write(lba * 4096L, TestDisk.filled(4096, value));
                    sync = -1;
                } else if (sync < 0 && disk.status(token) != null) {
                    assertEquals(0, disk.status(token), where);
                    sync = disk.sync();
                }
                disk.step();
                steps++;
                if (sync >= 0 && disk.status(sync) != null) {
                    assertEquals(0, disk.status(sync), where);
                    expected[lba] = value;
                    token = -1;
                    synced = true;
                }
                assertTrue(steps < TestDisk.STEPS_MAX, where + " hangs: " + disk.disk.counters());
            }
            device = device.crash(CrashPolicy.ALL, SEED + crash);
            disk.disk.abandon();
            check(device, expected, token < 0 ? -1 : lba, value, where);
        }
    }

    private static SimulatedDevice full(final Random random, final int[] expected) {
        final SimulatedDevice device = TestDisk.format(BLOCKS, VolumeFormatter.deviceBytesFor(BLOCKS, 16, tiny()),
            null);
        final TestDisk disk = TestDisk.open(device);
        for (int i = 0; i < 5 * BLOCKS; i++) {
            final int lba = i < BLOCKS ? i : random.nextInt(BLOCKS);
            expected[lba] = random.nextInt(1, 100);
            assertEquals(0, disk.await(disk.write(lba * 4096L, TestDisk.filled(4096, expected[lba]))));
        }
        assertEquals(0, disk.await(disk.sync()));
        final SimulatedDevice crashed = device.crash(CrashPolicy.ALL, SEED);
        disk.disk.abandon();
        return crashed;
    }

    /** On a copy: every block is what was synced last; the one that was being written may be either. */
    private static void check(final SimulatedDevice device, final int[] expected, final int open, final int value,
        final String where) {
        final TestDisk disk = TestDisk.open(device.crash(CrashPolicy.ALL, 1));
        for (int lba = 0; lba < BLOCKS; lba++) {
            final int found = disk.bytes(lba * 4096L, 1)[0];
            if (lba == open && found == value) {
                expected[lba] = value;
            }
            assertEquals(expected[lba], found, where + ", block " + lba);
        }
        disk.disk.abandon();
    }

    private static EngineConfig tiny() {
        final EngineConfig config = new EngineConfig();
        TestDisk.tiny(config);
        return config;
    }
}
