package io.ringvault.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import java.util.List;
import org.junit.jupiter.api.Test;

class VolumesTest {
    private static final int BLOCKS = 96;

    private static SimulatedDevice crashed() {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 4 << 20, null);
        final TestDisk disk = TestDisk.open(device);
        for (int i = 0; i < 200; i++) {
            assertEquals(0, disk.await(disk.write(i % BLOCKS * 4096L, TestDisk.filled(4096, 1 + i % 50))));
        }
        assertEquals(0, disk.await(disk.sync()));
        final SimulatedDevice crashed = device.crash(CrashPolicy.NONE, 3);
        disk.disk.abandon();
        return crashed;
    }

    private static VerifyReport verify(final SimulatedDevice device) {
        return Volumes.verify(TestDisk.context(device, null), checked -> { });
    }

    @Test
    void shouldCheckEveryBlockAndWriteNothing() {
        final SimulatedDevice device = crashed();
        final SimulatedDevice.Snapshot before = device.imageSnapshot();
        final VerifyReport report = verify(device);
        assertEquals(List.of(), report.damaged());
        assertTrue(report.blocksChecked() >= BLOCKS, report.blocksChecked() + " blocks");
        assertTrue(before.sameAs(device.imageSnapshot()));
        assertEquals(0, device.operations(SimulatedDevice.Kind.WRITE) + device.operations(SimulatedDevice.Kind.FLUSH));
    }

    /** Whatever is flipped: the data is right, or the block is named, or the volume is refused. */
    @Test
    void shouldNameThePlaceWhenALiveBlockIsDamaged() {
        final SimulatedDevice device = crashed();
        int named = 0;
        for (long block = 16; block < device.sizeBytes() / 4096 - 16; block += 3) {
            final SimulatedDevice image = device.crash(CrashPolicy.ALL, 1);
            image.flipBit(block * 4096 + 1000, 2);
            try {
                final VerifyReport report = verify(image);
                assertEquals(report.damages() > 0, !report.damaged().isEmpty());
                for (final String each : report.damaged()) {
                    assertTrue(each.contains("block " + block + ")") || each.contains("cannot be looked up"), each);
                    named++;
                }
            } catch (final io.ringvault.block.StorageException refused) {
                assertEquals(io.ringvault.block.StorageException.Category.INTEGRITY, refused.category());
            }
        }
        assertTrue(named > 10, named + " places named");
    }
}
