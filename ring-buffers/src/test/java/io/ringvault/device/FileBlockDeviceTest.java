package io.ringvault.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBlockDeviceTest {
    @TempDir
    private Path directory;
    private Path path;
    private String uri;

    @BeforeEach
    void create() {
        path = directory.resolve("image");
        uri = "file:" + path;
        BlockDevices.provider(DeviceUri.parse(uri)).create(DeviceUri.parse(uri), 1 << 20);
    }

    @Test
    void shouldKeepThePortsRulesAndTheFilesContent() throws IOException {
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            PortContract.behavesLikeAnArray(device, Long.getLong("seed", 2));
            PortContract.keepsTheQueueRules(device);
            final BlockQueue queue = device.openQueue(2);
            final DmaBuffer buffer = device.allocate(4096);
            buffer.copyIn(new byte[] {99}, 0, 0, 1);
            queue.write(1, 12288, 4096, buffer, 0, true);
            assertEquals(BlockStatus.OK, PortContract.finish(queue));
        }
        assertEquals(99, Files.readAllBytes(path)[12288]);
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_ONLY)) {
            PortContract.refusesChanges(device);
        }
    }

    @Test
    void shouldAdmitOneWriterOrManyReaders() {
        try (BlockDevice writer = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            assertInUse(OpenMode.READ_WRITE);
            assertInUse(OpenMode.READ_ONLY);
            final StorageException thrown = assertThrows(StorageException.class,
                () -> BlockDevices.provider(DeviceUri.parse(uri)).create(DeviceUri.parse(uri), 2 << 20));
            assertTrue(thrown.getMessage().contains("in use"), thrown.getMessage());
            assertEquals(1 << 20, writer.sizeBytes());
        }
        try (BlockDevice one = BlockDevices.open(uri, OpenMode.READ_ONLY)) {
            try (BlockDevice two = BlockDevices.open(uri, OpenMode.READ_ONLY)) {
                assertEquals(one.sizeBytes(), two.sizeBytes());
            }
            assertInUse(OpenMode.READ_WRITE);
        }
        BlockDevices.open(uri, OpenMode.READ_WRITE).close();
    }

    private void assertInUse(final OpenMode mode) {
        final StorageException thrown = assertThrows(StorageException.class, () -> BlockDevices.open(uri, mode));
        assertEquals(StorageException.Category.CONFIGURATION, thrown.category());
        assertTrue(thrown.getMessage().contains("in use"), thrown.getMessage());
    }

    @Test
    void shouldHoldItsLockAgainstAnotherProcessEvenAfterARefusedSecondOpening() throws Exception {
        try (BlockDevice writer = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            assertInUse(OpenMode.READ_WRITE);
            final String inode = Files.getAttribute(path, "unix:ino").toString();
            final long locks = Files.readAllLines(Path.of("/proc/locks")).stream()
                .filter(line -> line.contains(":" + inode + " ") && line.contains("WRITE")).count();
            assertEquals(1, locks);
            assertEquals(1 << 20, writer.sizeBytes());
        }
    }

    @Test
    void shouldReportAnIoErrorWhenTheFileWasTruncated() throws IOException {
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            try (RandomAccessFile outsider = new RandomAccessFile(path.toFile(), "rw")) {
                outsider.setLength(8192 + 100);
            }
            final BlockQueue queue = device.openQueue(2);
            final DmaBuffer buffer = device.allocate(4096);
            queue.read(1, 4096, 4096, buffer, 0);
            assertEquals(BlockStatus.OK, PortContract.finish(queue));
            queue.read(1, 8192, 4096, buffer, 0);
            assertEquals("errno 5", BlockStatus.describe(PortContract.finish(queue)));
        }
    }

    @Test
    void shouldGrowSparseAndNeverShrink() throws IOException {
        final FileDeviceProvider provider = new FileDeviceProvider();
        assertTrue(provider.creatable());
        final DeviceUri parsed = DeviceUri.parse(uri);
        Files.write(path, new byte[] {1, 2, 3});
        provider.create(parsed, 8L << 20);
        assertEquals(8L << 20, Files.size(path));
        provider.create(parsed, 4096);
        assertEquals(8L << 20, Files.size(path));
        assertEquals(2, Files.readAllBytes(path)[1]);
        assertThrows(StorageException.class, () -> provider.create(parsed, 0));
    }

    @Test
    void shouldExplainWhatCannotBeOpened() throws IOException {
        final String missing = "file:" + directory.resolve("missing");
        final StorageException absent =
            assertThrows(StorageException.class, () -> BlockDevices.open(missing, OpenMode.READ_WRITE));
        assertTrue(absent.getMessage().contains("does not exist"), absent.getMessage());
        Files.createFile(directory.resolve("empty"));
        final StorageException empty = assertThrows(StorageException.class,
            () -> BlockDevices.open("file:" + directory.resolve("empty"), OpenMode.READ_WRITE));
        assertTrue(empty.getMessage().contains("is empty"), empty.getMessage());
        assertThrows(StorageException.class, () -> BlockDevices.open("file:", OpenMode.READ_WRITE));
    }

    @Test
    void shouldStopItsWorkersWhenClosed() {
        final BlockDevice device = BlockDevices.open(uri, OpenMode.READ_WRITE);
        final BlockQueue queue = device.openQueue(1);
        device.close();
        device.close();
        assertThrows(IllegalStateException.class, () -> queue.flush(1));
        assertTrue(Thread.getAllStackTraces().keySet().stream().noneMatch(t ->
            t.getName().startsWith("ringvault-file-")));
    }
}
