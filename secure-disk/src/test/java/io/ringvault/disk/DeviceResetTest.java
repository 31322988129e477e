package io.ringvault.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.engine.CommitObserver;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A disk whose device is reset under it, again and again, and loses half of its volatile cache each time: reads return
 * the newest writes, and after a crash right then the whole disk is one committed state.
 */
class DeviceResetTest {
    private static final int BLOCKS = 96;
    private static final int BLOCK = 4096;

    @Test
    void shouldEqualTheHistoryWhenTheDeviceIsResetInMidLoad() {
        final long first = Long.getLong("seed", 1);
        final int seeds = System.getProperty("seed") == null ? 25 : 1;
        long rewritten = 0;
        for (long seed = first; seed < first + seeds; seed++) {
            rewritten += run(seed);
        }
        assertTrue(rewritten > seeds, "only " + rewritten + " chunks were written again: the test tests nothing");
    }

    private long run(final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final SimulatedDevice device = TestDisk.format(BLOCKS, 4L << 20, null);
        device.allowResets();
        final long[] now = new long[BLOCKS];
        final Commits commits = new Commits(now);
        final TestDisk disk = TestDisk.open(device, context -> context.commitListener(commits));
        for (int round = 0; round < 40; round++) {
            for (int i = random.nextInt(1, 12); i > 0; i--) {
                final int block = random.nextInt(BLOCKS);
                now[block] = random.nextLong(1, Long.MAX_VALUE);
                // Until it has completed, a commit may hold it or not.
                final long token = disk.write((long) block * BLOCK, content(now[block]));
                disk.steps(random.nextInt(3));
                maybeReset(device, random);
                assertEquals(OpStatus.OK, disk.await(token), "seed " + seed);
                commits.completed();
            }
            final int block = random.nextInt(BLOCKS);
            assertEquals(now[block], read(disk, block), "seed " + seed + ", block " + block);
            if (random.nextInt(3) == 0) {
                final long[] synced = now.clone();
                final long token = disk.sync();
                disk.steps(random.nextInt(4));
                maybeReset(device, random);
                if (random.nextBoolean()) {
                    assertEquals(OpStatus.OK, disk.await(token), "seed " + seed);
                    commits.acknowledged(synced);
                }
            }
            if (random.nextInt(8) == 0) {
                check(device.crash(CrashPolicy.NONE, seed), commits, seed);
            }
        }
        assertNull(disk.disk.counters().poisonReason(), "seed " + seed);
        for (int block = 0; block < BLOCKS; block++) {
            assertEquals(now[block], read(disk, block), "seed " + seed + ", block " + block);
        }
        final long rewritten = disk.disk.counters().chunksRewritten();
        assertEquals(OpStatus.OK, disk.await(disk.sync()));
        commits.acknowledged(now.clone());
        check(device.crash(CrashPolicy.NONE, seed), commits, seed);
        return rewritten;
    }

    private static void maybeReset(final SimulatedDevice device, final SplittableRandom random) {
        if (random.nextInt(6) == 0) {
            device.reset(random.nextLong());
        }
    }

    /**
     * What the disk was at each of its commits since the last acknowledged sync, the engine's own included. One write
     * is under way at a time: a commit that is sealed meanwhile holds all of it or nothing.
     */
    private static final class Commits implements CommitObserver {
        private final long[] now;
        private long[] completed;
        private final List<long[]> states = new ArrayList<>();

        Commits(final long[] now) {
            this.now = now;
            this.completed = now.clone();
            states.add(completed);
        }

        void completed() {
            completed = now.clone();
        }

        void acknowledged(final long[] synced) {
            // Later commits, if there are any, hold no other state: nothing was written since.
            states.clear();
            states.add(synced);
        }

        @Override
        public void commitSealed(final long epoch, final long sequence, final boolean engineStarted) {
            states.add(completed);
            states.add(now.clone());
        }
    }

    /** The volume opened on a crashed clone equals one commit, not older than the last acknowledged sync. */
    private static void check(final SimulatedDevice crashed, final Commits commits, final long seed) {
        final TestDisk disk = TestDisk.open(crashed);
        final long[] found = new long[BLOCKS];
        for (int block = 0; block < BLOCKS; block++) {
            found[block] = read(disk, block);
        }
        for (final long[] state : commits.states) {
            if (Arrays.equals(found, state)) {
                return;
            }
        }
        assertArrayEquals(commits.now, found, "seed " + seed + ": none of " + commits.states.size() + " commits");
    }

    private static MemorySegment content(final long value) {
        final MemorySegment block = MemorySegment.ofArray(new long[BLOCK / Long.BYTES]);
        for (long at = 0; at < BLOCK; at += Long.BYTES) {
            block.set(ValueLayout.JAVA_LONG, at, value);
        }
        return block;
    }

    private static long read(final TestDisk disk, final int block) {
        final MemorySegment target = MemorySegment.ofArray(new long[BLOCK / Long.BYTES]);
        assertEquals(OpStatus.OK, disk.await(disk.read((long) block * BLOCK, target)), "block " + block);
        return target.get(ValueLayout.JAVA_LONG, 0);
    }
}
