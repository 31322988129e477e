package io.ringvault.disk.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.TestDisk;
import io.ringvault.disk.Volumes;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.log.Geometry;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VolumeFormatterTest {

    @Test
    void shouldChooseSegmentsThatACheckpointCanListWhateverTheSize() {
        assertEquals(128, VolumeFormatter.defaultSegmentBlocks(1));
        assertEquals(1024, VolumeFormatter.defaultSegmentBlocks(1L << 24));
        for (int power = 30; power < 36; power++) {
            final long userBlocks = 1L << power;
            final int segmentBlocks = VolumeFormatter.defaultSegmentBlocks(userBlocks);
            final long bytes = VolumeFormatter.deviceBytesFor(userBlocks, segmentBlocks, new EngineConfig());
            assertTrue(Geometry.forDevice(bytes, segmentBlocks, userBlocks).segmentCount() > 0);
        }
    }

    @Test
    void shouldFindTheLargestVolumeThatFitsADevice() {
        final EngineConfig config = new EngineConfig();
        for (final long bytes : new long[] {256L << 20, 3L << 30, 1L << 40}) {
            final long fits = VolumeFormatter.userBlocksFor(bytes, 1024, config);
            assertTrue(VolumeFormatter.deviceBytesFor(fits, 1024, config) <= bytes || fits == 0);
            assertTrue(VolumeFormatter.deviceBytesFor(fits + 1, 1024, config) > bytes);
        }
        assertEquals(0, VolumeFormatter.userBlocksFor(1 << 20, 1024, config));
    }

    @Test
    void shouldRefuseAVolumeOrOtherContentUnlessForced() {
        final SimulatedDevice device = TestDisk.format(96, 4 << 20, null);
        final SimulatedDevice.Snapshot before = device.imageSnapshot();
        refused(device, "already holds a Ringvault volume");
        assertTrue(before.sameAs(device.imageSnapshot()));
        final SimulatedDevice other = new SimulatedDevice(SimulatedDevice.Settings.of(4 << 20), 1);
        other.edit(other.sizeBytes() - 4096 + 5, new byte[] {1});
        refused(other, "is not empty");
        Volumes.format(context(other).force(true));
        TestDisk.open(other).disk.close();
    }

    /** An interrupted format is no volume, and never the old one half overwritten. */
    @Test
    void shouldLeaveNoVolumeUntilTheHeadersAreWrittenWhenItIsInterrupted() {
        final SimulatedDevice device = TestDisk.format(96, 4 << 20, null);
        final List<SimulatedDevice> crashed = new ArrayList<>();
        final List<Long> offsets = new ArrayList<>();
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void beforeOperation(final SimulatedDevice of, final SimulatedDevice.Operation operation) {
                if (operation.kind() != SimulatedDevice.Kind.READ) {
                    crashed.add(of.crash(CrashPolicy.ALL, 1));
                    offsets.add(operation.offsetBytes());
                }
            }
        });
        Volumes.format(context(device).force(true).key(TestDisk.filled(32, 5).toArray(
            java.lang.foreign.ValueLayout.JAVA_BYTE)));
        final int erased = 5;
        final int headers = crashed.size() - 2;
        for (int i = erased; i < headers - 1; i++) {
            final SimulatedDevice image = crashed.get(i);
            final StorageException refused = assertThrows(StorageException.class, () -> VolumeAccess.open(image,
                KeySecret.key(TestDisk.KEY), null, null, new SunJceProvider()), "operation " + i + " at "
                + offsets.get(i));
            assertTrue(refused.category() != StorageException.Category.WRONG_KEY, refused.getMessage());
        }
    }

    private static FormatContext context(final SimulatedDevice device) {
        return new FormatContext().blockDevice(device).key(TestDisk.KEY).sizeBytes(96 * 4096L).segmentBlocks(16)
            .configure(TestDisk::tiny);
    }

    private static void refused(final SimulatedDevice device, final String text) {
        final StorageException refused = assertThrows(StorageException.class, () -> Volumes.format(context(device)));
        assertEquals(StorageException.Category.CONFIGURATION, refused.category());
        assertTrue(refused.getMessage().contains(text), refused.getMessage());
    }
}
