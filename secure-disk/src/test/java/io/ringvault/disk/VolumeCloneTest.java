package io.ringvault.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.poller.ThreadingMode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VolumeCloneTest {
    private static final int BLOCKS = 256;
    private static final KeySource OTHER = KeySources.key("another key of 24 bytes.".getBytes());

    private final SimulatedDevice from = TestDisk.format(BLOCKS, 8 << 20, null);
    private final SimulatedDevice to = new SimulatedDevice(SimulatedDevice.Settings.of(8 << 20), 9);

    private VolumeClone.Result copy(final List<VolumeClone.Progress> progress) {
        return VolumeClone.copy(TestDisk.context(from, null), new FormatContext().blockDevice(to).keySource(OTHER)
            .segmentBlocks(16).configure(TestDisk::tiny), new SecureDiskContext().blockDevice(to).keySource(OTHER)
            .threadingMode(ThreadingMode.INVOKER).configure(TestDisk::tiny), progress::add);
    }

    @Test
    void shouldGiveTheSameDataUnderAnotherIdentity() {
        final TestDisk disk = TestDisk.open(from);
        disk.await(disk.write(3 * 4096L, TestDisk.filled(7 * 4096, 5)));
        disk.await(disk.sync());
        disk.disk.close();
        final List<VolumeClone.Progress> progress = new ArrayList<>();
        final VolumeClone.Result result = copy(progress);
        assertEquals(BLOCKS * 4096L, result.bytesChecked());
        assertEquals(VolumeClone.Step.VERIFYING, progress.getLast().step());
        final SecureDiskContext clone = TestDisk.context(to, null).keySource(OTHER).readOnly(true);
        assertNotEquals(Volumes.info(TestDisk.context(from, null).readOnly(true)).asMap().get("volumeId"),
            Volumes.info(clone).asMap().get("volumeId"));
        try (SecureDisk opened = SecureDisk.open(TestDisk.context(to, null).keySource(OTHER).readOnly(true))) {
            final byte[] bytes = new byte[7 * 4096];
            opened.read(3 * 4096L, java.lang.foreign.MemorySegment.ofArray(bytes), 0, bytes.length);
            assertArrayEquals(TestDisk.filled(7 * 4096, 5).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE), bytes);
        }
        // No block of ciphertext is in both.
        final byte[] left = from.content(0, (int) from.sizeBytes());
        final byte[] right = to.content(0, (int) to.sizeBytes());
        for (int at = 0; at < Math.min(left.length, right.length); at += 4096) {
            boolean zero = true;
            boolean same = true;
            for (int i = at; i < at + 4096; i++) {
                zero &= left[i] == 0;
                same &= left[i] == right[i];
            }
            assertTrue(zero || !same, "block " + at / 4096);
        }
    }

    @Test
    void shouldStopAtABlockThatCannotBeRead() {
        final TestDisk disk = TestDisk.open(from);
        disk.await(disk.write(0, TestDisk.filled(6 * 4096, 5)));
        disk.await(disk.sync());
        disk.disk.close();
        for (long block = 16; block < from.sizeBytes() / 4096 - 2; block++) {
            final byte[] bytes = from.content(block * 4096, 8);
            if (bytes[0] != 0 && (block - 16) % 16 == 4) {
                from.flipBit(block * 4096 + 100, 3);
            }
        }
        assertThrows(StorageException.class, () -> copy(new ArrayList<>()));
    }
}
