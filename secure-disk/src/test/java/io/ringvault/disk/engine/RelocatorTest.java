package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.TestDisk;
import io.ringvault.disk.volume.VolumeFormatter;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The cleaner at work in a whole tiny disk that is full. */
class RelocatorTest {
    private static final int BLOCKS = 96;
    private static final long SEED = Long.getLong("seed", 5);
    private final Random random = new Random(SEED);
    private final int[] expected = new int[BLOCKS];

    @Test
    void shouldMoveWhatLivesAndKeepEveryBlockReadable() {
        final TestDisk disk = TestDisk.open(full());
        overwrite(disk, 300, BLOCKS);
        assertTrue(disk.disk.counters().segmentsCleaned() > 0 && disk.disk.counters().blocksRelocated() > 0);
        assertEquals(0, disk.disk.counters().blocksLost());
        check(disk, Set.of());
        disk.disk.abandon();
    }

    /** Every other piece that the cleaner reads comes back wrong: a fault on the way, not damage. */
    @Test
    void shouldLoseNothingWhenABlockDoesNotVerifyOnce() {
        final SimulatedDevice device = full();
        final boolean[] wrong = new boolean[1];
        final TestDisk disk = TestDisk.open(device);
        device.filterReads((nth, offset, data) -> {
            wrong[0] = data.length >= 4 * 4096 ? !wrong[0] : wrong[0];
            if (data.length >= 4 * 4096 && wrong[0]) {
                data[4096 + random.nextInt(data.length - 4096)] ^= 16;
            }
        });
        overwrite(disk, 300, BLOCKS / 2);
        assertTrue(disk.disk.counters().blocksRelocated() > 0);
        assertEquals(0, disk.disk.counters().blocksLost());
        device.filterReads((nth, offset, data) -> { });
        check(disk, Set.of());
        disk.disk.abandon();
    }

    @Test
    void shouldReadAsLostAcrossACrashUntilOverwrittenWhenALiveBlockIsDamaged() {
        final SimulatedDevice device = full();
        TestDisk disk = TestDisk.open(device);
        damageData(device, disk);
        overwrite(disk, 400, BLOCKS / 2);
        assertTrue(disk.disk.counters().blocksLost() > 0, "the cleaner met no damaged block");
        assertEquals(0, disk.await(disk.sync()));
        final Set<Integer> lost = lost(disk);
        assertTrue(!lost.isEmpty());
        final SimulatedDevice crashed = device.crash(CrashPolicy.NONE, SEED);
        disk.disk.abandon();
        disk = TestDisk.open(crashed);
        assertTrue(lost(disk).containsAll(lost));
        final int lba = lost.iterator().next();
        final MemorySegment half = TestDisk.filled(2048, 9);
        assertEquals(OpStatus.LOST, disk.await(disk.write(lba * 4096L, half)), "half of a lost block");
        assertEquals(0, disk.await(disk.write(lba * 4096L, TestDisk.filled(4096, 77))));
        assertEquals(77, disk.bytes(lba * 4096L, 1)[0]);
        assertEquals(0, disk.await(disk.write(lba * 4096L, half)));
        assertEquals(9, disk.bytes(lba * 4096L, 1)[0]);
        disk.disk.abandon();
    }

    /** Flips a bit in every block of the upper half that is not rewritten later, until its read fails. */
    private void damageData(final SimulatedDevice device, final TestDisk disk) {
        final byte[] before = new byte[4096];
        for (long block = 16; block < device.sizeBytes() / 4096 - 16 && lostOrBad(disk) < 12; block++) {
            System.arraycopy(device.content(block * 4096, 4096), 0, before, 0, 4096);
            final int bad = lostOrBad(disk);
            device.flipBit(block * 4096 + 50, 1);
            if (lostOrBad(disk) != bad + 1) {
                device.edit(block * 4096, before);
            }
        }
        assertTrue(lostOrBad(disk) > 0);
    }

    private int lostOrBad(final TestDisk disk) {
        int bad = 0;
        for (int lba = BLOCKS / 2; lba < BLOCKS; lba++) {
            bad += disk.await(disk.read(lba * 4096L, MemorySegment.ofArray(new byte[4096]))) == 0 ? 0 : 1;
        }
        return bad;
    }

    private Set<Integer> lost(final TestDisk disk) {
        final Set<Integer> lost = new HashSet<>();
        for (int lba = 0; lba < BLOCKS; lba++) {
            if (disk.await(disk.read(lba * 4096L, MemorySegment.ofArray(new byte[4096]))) == OpStatus.LOST) {
                lost.add(lba);
            }
        }
        return lost;
    }

    private void check(final TestDisk disk, final Set<Integer> except) {
        for (int lba = 0; lba < BLOCKS; lba++) {
            if (!except.contains(lba)) {
                assertEquals((byte) expected[lba], disk.bytes(lba * 4096L, 4096)[4095], "seed " + SEED + " " + lba);
            }
        }
        assertNull(disk.disk.counters().poisonReason());
    }

    private void overwrite(final TestDisk disk, final int count, final int below) {
        for (int i = 0; i < count; i++) {
            final int lba = random.nextInt(below);
            expected[lba] = random.nextInt(1, 100);
            assertEquals(0, disk.await(disk.write(lba * 4096L, TestDisk.filled(4096, expected[lba]))));
        }
    }

    /** A closed volume, every block written; the lower and the upper half mixed in the segments. */
    private SimulatedDevice full() {
        final EngineConfig config = new EngineConfig();
        TestDisk.tiny(config);
        final SimulatedDevice device = TestDisk.format(BLOCKS, VolumeFormatter.deviceBytesFor(BLOCKS, 16, config),
            null);
        final TestDisk disk = TestDisk.open(device);
        for (int i = 0; i < BLOCKS; i++) {
            final int lba = i / 2 + i % 2 * (BLOCKS / 2);
            expected[lba] = random.nextInt(1, 100);
            assertEquals(0, disk.await(disk.write(lba * 4096L, TestDisk.filled(4096, expected[lba]))));
        }
        disk.disk.close();
        return device;
    }
}
