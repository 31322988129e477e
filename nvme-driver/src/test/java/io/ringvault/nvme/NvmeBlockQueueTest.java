package io.ringvault.nvme;

import static io.ringvault.nvme.ModelRig.assertOk;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NvmeBlockQueueTest {
    private static final int SIZE = 4 << 20;

    @TempDir
    private Path directory;

    @Test
    void shouldRefuseBadArgumentsWhenTheyBreakTheContract() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "", SIZE, 4)) {
            final DmaBuffer buffer = rig.device.allocate(8192);
            final NvmeBlockQueue queue = rig.queue;
            assertThrows(IllegalArgumentException.class, () -> queue.read(1, 512, 4096, buffer, 0));
            assertThrows(IllegalArgumentException.class, () -> queue.read(1, 0, 512, buffer, 0));
            assertThrows(IllegalArgumentException.class, () -> queue.read(1, 0, 0, buffer, 0));
            assertThrows(IllegalArgumentException.class, () -> queue.read(1, -4096, 4096, buffer, 0));
            assertThrows(IllegalArgumentException.class, () -> queue.read(1, SIZE, 4096, buffer, 0));
            assertThrows(IllegalArgumentException.class, () -> queue.read(1, SIZE - 4096, 8192, buffer, 0));
            assertThrows(IllegalArgumentException.class, () -> queue.read(1, 0, 8192, buffer, 4096));
            assertThrows(IllegalArgumentException.class, () -> queue.read(1, 0, 4096, buffer, 512));
            assertThrows(IllegalArgumentException.class, () -> queue.write(1, 0, 4096, buffer, 8192, false));
            assertThrows(IllegalArgumentException.class, () -> queue.writeZeroes(1, 0, Long.MAX_VALUE & -4096));
            assertThrows(IllegalArgumentException.class, () -> queue.deallocate(1, 100, 4096));
            assertThrows(IllegalArgumentException.class, () -> rig.device.openQueue(0));
            assertThrows(IllegalArgumentException.class, () -> rig.device.allocate(100));
            assertEquals(0, queue.inFlight());
        }
    }

    @Test
    void shouldRefuseToChangeAnythingWhenOpenReadOnly() {
        final Path image = directory.resolve("image");
        try (ModelRig rig = ModelRig.create(image, "", SIZE, 4)) {
            assertOk(rig.writeBytes(0, new byte[4096], false));
        }
        try (ModelRig rig = ModelRig.open(image, "", 4, NvmeOptions.DEFAULTS, OpenMode.READ_ONLY)) {
            final DmaBuffer buffer = rig.device.allocate(4096);
            assertThrows(StorageException.class, () -> rig.queue.write(1, 0, 4096, buffer, 0, false));
            assertThrows(StorageException.class, () -> rig.queue.flush(1));
            assertThrows(StorageException.class, () -> rig.queue.deallocate(1, 0, 4096));
            assertThrows(StorageException.class, () -> rig.queue.writeZeroes(1, 0, 4096));
            assertOk(rig.read(0, 4096, buffer, 0));
        }
    }

    @Test
    void shouldZeroAWholeDeviceInFewCommandsWhenWriteZeroesIsOffered() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "block=512&mode=inline", 80 << 20, 4)) {
            final byte[] bytes = new byte[8192];
            java.util.Arrays.fill(bytes, (byte) 7);
            assertOk(rig.writeBytes((64 << 20) - 4096, bytes, false));
            final long before = rig.queue.commandsCompleted();
            assertTrue(rig.queue.writeZeroes(1, 0, 80 << 20));
            assertOk(rig.await(1));
            // 65536 blocks of 512 bytes are 32 MiB.
            assertEquals(3, rig.queue.commandsCompleted() - before);
            assertArrayEquals(new byte[8192], rig.readBytes((64 << 20) - 4096, 8192));
        }
    }

    @Test
    void shouldSucceedWithoutACommandWhenDeallocateIsNotOffered() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "deallocate=off&mode=inline", SIZE, 2)) {
            assertTrue(rig.queue.deallocate(1, 0, SIZE));
            assertTrue(rig.queue.deallocate(2, 0, SIZE));
            assertEquals(false, rig.queue.deallocate(3, 0, SIZE));
            assertEquals(2, rig.queue.inFlight());
            rig.drain();
            assertEquals(2, rig.done.size());
            assertEquals(0, rig.queue.commandsCompleted());
        }
    }

    @Test
    void shouldReportTheNvmeStatusWhenTheImageIsCutShort() throws Exception {
        final Path image = directory.resolve("image");
        try (ModelRig rig = ModelRig.create(image, "mode=inline", SIZE, 2)) {
            try (java.nio.channels.FileChannel channel =
                     java.nio.channels.FileChannel.open(image, java.nio.file.StandardOpenOption.WRITE)) {
                channel.truncate(SIZE / 2);
            }
            final DmaBuffer buffer = rig.device.allocate(4096);
            assertOk(rig.read(0, 4096, buffer, 0));
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_NVME, 2, 0x81, true), rig.read(SIZE / 2, 4096, buffer,
                0));
        }
    }

    @Test
    void shouldEndEveryWaitingAndSentRequestOnceWhenTheQueueBreaksAndResetsAreOff() {
        final String parameters = "mode=inline&mqes=4&mdts=8k";
        ModelRig.create(directory.resolve("image"), parameters, SIZE, 1).close();
        try (ModelRig rig = ModelRig.open(directory.resolve("image"), parameters, 8,
            NvmeOptions.DEFAULTS.withResetsPerMinute(0))) {
            final DmaBuffer buffer = rig.device.allocate(1 << 20);
            rig.model.faults().mangle(-1, 1, 1, 0, 0x4000);
            for (int i = 0; i < 8; i++) {
                assertTrue(rig.queue.write(i, i * 65536L, 65536, buffer, 0, false));
            }
            rig.drain();
            assertEquals(8, rig.done.size());
            rig.done.values().forEach(status -> assertEquals(BlockStatus.DRIVER_PROTOCOL, BlockStatus.code(status)));
            assertEquals(0, rig.queue.inFlight());
        }
    }

    @Test
    void shouldAllocateNothingWhenReadsAndWritesAreWarm() {
        final com.sun.management.ThreadMXBean threads =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mdts=64k", SIZE, 8)) {
            final DmaBuffer buffer = rig.device.allocate(1 << 20);
            final int[] failures = new int[1];
            final BlockCompletionHandler handler = (token, status) -> failures[0] += status == 0 ? 0 : 1;
            long allocated = Long.MAX_VALUE;
            for (int round = 0; round < 20 && allocated > 0; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 2000; i++) {
                    final int length = i % 50 == 0 ? 256 << 10 : 4096;
                    rig.queue.write(i, 0, length, buffer, 0, false);
                    rig.queue.read(i, 0, length, buffer, 512 << 10);
                    rig.queue.submit();
                    while (rig.queue.inFlight() > 0) {
                        rig.queue.poll(handler, 16);
                    }
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertEquals(0, allocated, "bytes allocated by 4000 warm requests");
            assertEquals(0, failures[0]);
        }
    }
}
