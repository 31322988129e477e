package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.TestDisk;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.ring.OpStatus;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Look-ups that need a block of the index from the device, which answers badly. */
class IndexLoaderTest {
    private static final int BLOCKS = 256;
    private static final int BLOCK = 4096;
    private final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
    private final BitSet objects = new BitSet();
    private TestDisk disk;

    /** Every block written twice and closed: a reopened disk finds everything by tables, through a cache of one. */
    @BeforeEach
    void fill() {
        TestDisk writer = TestDisk.open(device);
        for (int round = 1; round <= 2; round++) {
            for (int lba = 0; lba < BLOCKS; lba += 2) {
                assertEquals(0, writer.await(writer.write((long) lba * BLOCK, TestDisk.filled(2 * BLOCK,
                    round * 60 + lba % 50))));
            }
        }
        writer.disk.close();
        disk = TestDisk.open(device);
        final Header header = HeaderCodec.decode(device.content(0, BLOCK));
        final Geometry geometry = header.geometry();
        for (int segment = 0; segment < geometry.segmentCount(); segment++) {
            final byte[] preface = device.content(geometry.blockOf(segment, 0) * BLOCK, BLOCK);
            if (new PrefaceCodec().isValid(preface, 0, header.volumeId())
                && PrefaceCodec.purpose(preface, 0) == SegmentPurpose.OBJECT) {
                objects.set((int) geometry.blockOf(segment, 0), (int) geometry.blockOf(segment, 0)
                    + geometry.segmentBlocks());
            }
        }
    }

    private int read(final int lba) {
        return disk.await(disk.read((long) lba * BLOCK, TestDisk.filled(BLOCK, 0)));
    }

    private void assertNewest() {
        for (int lba = 0; lba < BLOCKS; lba++) {
            assertEquals((byte) (120 + (lba & -2) % 50), disk.bytes((long) lba * BLOCK, BLOCK)[9], "block " + lba);
        }
    }

    @Test
    void shouldFailALookUpThroughADamagedBlockAndNeverFindAnOlderVersion() {
        final AtomicInteger damaged = new AtomicInteger();
        device.filterReads((nth, offset, data) -> {
            for (int at = 0; at < data.length; at += BLOCK) {
                if (objects.get((int) ((offset + at) / BLOCK))) {
                    data[at + 77] ^= 2;
                    damaged.incrementAndGet();
                }
            }
        });
        int refused = 0;
        for (int lba = 0; lba < BLOCKS; lba += 5) {
            final int status = read(lba);
            assertTrue(status == OpStatus.OK || status == OpStatus.INTEGRITY, "status " + status);
            refused += status == OpStatus.INTEGRITY ? 1 : 0;
        }
        assertTrue(refused > 0 && damaged.get() >= refused, refused + " refused, " + damaged + " damaged");
        assertTrue(disk.disk.counters().integrityErrors() > 0);
        assertNull(disk.disk.counters().poisonReason());
        device.filterReads((nth, offset, data) -> { });
        assertNewest();
        disk.disk.close();
    }

    /** A block of two parts of the device's answer: asked again, the device can read it. */
    @Test
    void shouldAskAgainWhenTheDeviceSaysThatItMaySucceed() {
        final int busy = BlockStatus.error(BlockStatus.ORIGIN_NVME, 0, 0x21, true);
        final long readBefore = disk.disk.counters().deviceBytesRead();
        for (int lba = 0; lba < BLOCKS; lba += 3) {
            device.inject(DeviceFault.fail(SimulatedDevice.Kind.READ, 1, busy));
            assertEquals(OpStatus.OK, read(lba), "block " + lba);
        }
        assertTrue(disk.disk.counters().deviceBytesRead() > readBefore);
        assertEquals(0, disk.disk.counters().integrityErrors());
        assertNewest();
        disk.disk.close();
    }

    @Test
    void shouldFailOneLookUpAndNoOtherWhenTheDeviceCannotReadABlock() {
        final int fatal = BlockStatus.error(BlockStatus.ORIGIN_NVME, 2, 0x81, false);
        int failed = 0;
        for (int lba = 0; lba < BLOCKS; lba += 3) {
            device.inject(DeviceFault.fail(SimulatedDevice.Kind.READ, 1, fatal));
            final int status = read(lba);
            assertTrue(status == OpStatus.IO_ERROR, "status " + status);
            failed++;
            assertEquals(OpStatus.OK, read(lba), "the same block again");
        }
        assertTrue(failed > 50);
        assertNull(disk.disk.counters().poisonReason());
        assertNewest();
        disk.disk.close();
    }
}
