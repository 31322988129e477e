package io.ringvault.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.CrashPolicy;
import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.disk.volume.VolumeFormatter;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.ring.OpStatus;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Rotations of the volume key where they are hard: no space, blocks that cannot be read, crashes in between. */
class RotationUnderStressTest {
    private static final int BLOCKS = 200;
    private static final int BLOCK = 4096;
    private static final int SEGMENT_BLOCKS = 16;
    private static final KeySource KEY = KeySources.key(TestDisk.KEY);

    private final long seed = Long.getLong("seed", 1);
    private final byte[] model = new byte[BLOCKS * BLOCK];

    /** A device with no more room than the format needs. */
    private static SimulatedDevice tight() {
        final EngineConfig config = new EngineConfig();
        TestDisk.tiny(config);
        return TestDisk.format(BLOCKS, VolumeFormatter.deviceBytesFor(BLOCKS, SEGMENT_BLOCKS, config), null);
    }

    private void write(final TestDisk disk, final int lba, final int count, final int value) {
        assertEquals(OpStatus.OK, disk.await(disk.write((long) lba * BLOCK, TestDisk.filled(count * BLOCK, value))));
        Arrays.fill(model, lba * BLOCK, (lba + count) * BLOCK, (byte) value);
    }

    private void writeEverything(final TestDisk disk, final int value) {
        for (int lba = 0; lba < BLOCKS; lba += 4) {
            write(disk, lba, 4, value + lba % 50);
        }
        assertEquals(OpStatus.OK, disk.await(disk.sync()));
    }

    private void check(final TestDisk disk) {
        for (int lba = 0; lba < BLOCKS; lba += 20) {
            assertArrayEquals(Arrays.copyOfRange(model, lba * BLOCK, (lba + 20) * BLOCK),
                disk.bytes((long) lba * BLOCK, 20 * BLOCK), "from block " + lba);
        }
    }

    private static void settle(final TestDisk disk) {
        for (int i = 0; i < TestDisk.STEPS_MAX && !disk.disk.keyRotation().done()
            && !disk.disk.keyRotation().stalled(); i++) {
            disk.step();
        }
    }

    private static void assertDone(final TestDisk disk) {
        for (int i = 0; i < TestDisk.STEPS_MAX && !disk.disk.keyRotation().done(); i++) {
            disk.step();
        }
        assertTrue(disk.disk.keyRotation().done(), () -> disk.disk.keyRotation() + " " + disk.disk.counters());
    }

    @Test
    void shouldEndOnAVolumeThatIsFullToTheLastBlock() {
        final SimulatedDevice device = tight();
        TestDisk disk = TestDisk.open(device);
        final Random random = new Random(seed);
        for (int round = 2; round < 5; round++) {
            writeEverything(disk, round);
            for (int i = 0; i < 150; i++) {
                write(disk, random.nextInt(BLOCKS), 1, 1 + random.nextInt(100));
            }
            disk.disk.rotateVolumeKey(List.of(KEY), true);
            // The user goes on meanwhile, and is never made to wait for good.
            for (int i = 0; i < 60; i++) {
                write(disk, random.nextInt(BLOCKS), 1, 1 + random.nextInt(100));
                if (i % 9 == 0) {
                    assertEquals(OpStatus.OK, disk.await(disk.sync()));
                }
            }
            assertDone(disk);
            assertEquals(round, disk.disk.keyRotation().keyNumber());
            check(disk);
        }
        disk.disk.close();
        disk = TestDisk.open(device);
        check(disk);
        disk.disk.close();
        assertEquals(0, Volumes.verify(TestDisk.context(device, null).readOnly(true), blocks -> { }).damages());
    }

    /** Byte offset of the first summary of a segment that holds user data. */
    private static long aSummary(final SimulatedDevice device, final int skip) {
        final Header header = HeaderCodec.decode(device.content(0, BLOCK));
        final Geometry geometry = header.geometry();
        final PrefaceCodec prefaces = new PrefaceCodec();
        int left = skip;
        for (int segment = 0; segment < geometry.segmentCount(); segment++) {
            final long at = geometry.blockOf(segment, 0) * BLOCK;
            final byte[] preface = device.content(at, BLOCK);
            if (prefaces.isValid(preface, 0, header.volumeId())
                && PrefaceCodec.purpose(preface, 0) == SegmentPurpose.USER && left-- == 0) {
                return at + BLOCK;
            }
        }
        throw new AssertionError("no segment of user data");
    }

    private static void flip(final SimulatedDevice device, final long at) {
        final byte[] block = device.content(at, BLOCK);
        block[777] ^= 16;
        device.edit(at, block);
    }

    @Test
    void shouldSayThatASegmentCannotBeReadAndGoOnWhenItsBlocksAreOverwritten() {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
        TestDisk disk = TestDisk.open(device);
        writeEverything(disk, 1);
        flip(device, aSummary(device, 3));
        disk.disk.rotateVolumeKey(List.of(KEY), true);
        settle(disk);
        final KeyRotation stalled = disk.disk.keyRotation();
        assertTrue(stalled.stalled() && !stalled.done() && stalled.segmentsLeft() == 1, stalled::toString);
        assertEquals(2, stalled.keyNumber(), "everything new is under the new key");
        assertTrue(disk.disk.counters().integrityErrors() > 0, "it is counted");
        assertNull(disk.disk.counters().poisonReason());
        check(disk);
        final TestDisk stuck = disk;
        assertEquals(StorageException.Category.CONFIGURATION, assertThrows(StorageException.class,
            () -> stuck.disk.rotateVolumeKey(List.of(KEY), true)).category());
        write(disk, 0, 4, 99);
        disk.disk.close();
        disk = TestDisk.open(device);
        settle(disk);
        assertTrue(disk.disk.keyRotation().stalled(), "the next session finds the same");
        check(disk);
        // Ordinary use: merges find out by and by that nothing in the segment is referred to any more.
        for (int round = 0; round < 6 && !disk.disk.keyRotation().done(); round++) {
            writeEverything(disk, 30 + round);
            disk.steps(500);
        }
        assertDone(disk);
        check(disk);
        disk.disk.rotateVolumeKey(List.of(KEY), true);
        assertDone(disk);
        disk.disk.close();
    }

    @Test
    void shouldEndWhenASegmentCouldOnlyNotBeReadForAWhile() {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
        TestDisk disk = TestDisk.open(device);
        writeEverything(disk, 1);
        disk.disk.rotateVolumeKey(List.of(KEY), true);
        final int fatal = BlockStatus.error(BlockStatus.ORIGIN_NVME, 2, 0x81, false);
        for (int i = 0; i < 3; i++) {
            device.inject(DeviceFault.fail(SimulatedDevice.Kind.READ, 1 + 3 * i, fatal));
        }
        settle(disk);
        if (!disk.disk.keyRotation().done()) {
            assertTrue(disk.disk.keyRotation().stalled() && disk.disk.counters().integrityErrors() > 0);
            check(disk);
            disk.disk.close();
            disk = TestDisk.open(device);
            assertDone(disk);
        }
        check(disk);
        disk.disk.close();
    }

    @Test
    void shouldEndAndKeepADamagedBlockAnError() {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
        TestDisk disk = TestDisk.open(device);
        writeEverything(disk, 1);
        flip(device, aSummary(device, 3) + BLOCK);
        disk.disk.rotateVolumeKey(List.of(KEY), true);
        assertDone(disk);
        assertEquals(1, disk.disk.counters().blocksLost());
        for (int open = 0; open < 2; open++) {
            int lost = 0;
            for (int lba = 0; lba < BLOCKS; lba++) {
                final int status = disk.await(disk.read((long) lba * BLOCK, TestDisk.filled(BLOCK, 0)));
                assertTrue(status == OpStatus.OK || status == OpStatus.LOST, "status " + status);
                lost += status == OpStatus.OK ? 0 : 1;
            }
            assertEquals(1, lost, "the damaged block and no other");
            disk.disk.close();
            disk = TestDisk.open(device);
        }
        disk.disk.close();
    }

    /** Writes, syncs and rotations, and a crash anywhere: what was synced is there, and nothing never written. */
    @Test
    void shouldKeepWhatWasSyncedWhenItCrashesAnywhereInRotationsUnderLoad() {
        final Random random = new Random(seed);
        final CrashPolicy[] policies = {CrashPolicy.NONE, CrashPolicy.ALL, CrashPolicy.PREFIX, CrashPolicy.RANDOM,
            CrashPolicy.RANDOM_TORN};
        SimulatedDevice device = tight();
        final int[] least = new int[BLOCKS];
        final int[] most = new int[BLOCKS];
        int number = 0;
        int unfinished = 0;
        for (int life = 0; life < 60; life++) {
            final TestDisk disk = TestDisk.open(device);
            for (int lba = 0; lba < BLOCKS; lba++) {
                final int found = version(disk.bytes((long) lba * BLOCK, BLOCK));
                assertTrue(found >= least[lba] && found <= most[lba], "-Dseed=" + seed + " life " + life + ": block "
                    + lba + " holds version " + found + ", synced " + least[lba] + ", written " + most[lba]);
                least[lba] = found;
                most[lba] = found;
            }
            unfinished += disk.disk.keyRotation().done() ? 0 : 1;
            for (int op = random.nextInt(120); op > 0; op--) {
                final int lba = random.nextInt(BLOCKS);
                most[lba] = ++number;
                assertEquals(OpStatus.OK, disk.await(disk.write((long) lba * BLOCK, versioned(number))));
                if (random.nextInt(12) == 0) {
                    assertEquals(OpStatus.OK, disk.await(disk.sync()));
                    System.arraycopy(most, 0, least, 0, BLOCKS);
                }
                if (random.nextInt(25) == 0 && disk.disk.keyRotation().done()) {
                    disk.disk.rotateVolumeKey(List.of(KEY), true);
                }
            }
            disk.steps(random.nextInt(60));
            assertNull(disk.disk.counters().poisonReason());
            device = device.crash(policies[random.nextInt(policies.length)], life);
            disk.disk.abandon();
        }
        assertTrue(unfinished > 5, "crashes hit few rotations: " + unfinished);
        final TestDisk disk = TestDisk.open(device);
        assertDone(disk);
        assertFalse(disk.disk.keyRotation().keyNumber() < 10, "few rotations: " + disk.disk.keyRotation());
        disk.disk.close();
    }

    private static java.lang.foreign.MemorySegment versioned(final int version) {
        final byte[] bytes = new byte[BLOCK];
        java.nio.ByteBuffer.wrap(bytes).putInt(0, version).putInt(BLOCK - 4, version);
        return java.lang.foreign.MemorySegment.ofArray(bytes);
    }

    private static int version(final byte[] bytes) {
        final java.nio.ByteBuffer buffer = java.nio.ByteBuffer.wrap(bytes);
        assertEquals(buffer.getInt(0), buffer.getInt(BLOCK - 4), "half a block");
        return buffer.getInt(0);
    }
}
