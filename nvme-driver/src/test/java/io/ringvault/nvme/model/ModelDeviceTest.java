package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The device by its URI: locks, images, power. */
class ModelDeviceTest {
    private static final long SIZE = 1 << 20;

    @TempDir
    private Path directory;
    private Path image;

    @BeforeEach
    void name() {
        image = directory.resolve("image");
    }

    private DeviceUri uri(final String parameters) {
        return DeviceUri.parse("nvme+model:" + image + parameters);
    }

    private void create(final long size) {
        BlockDevices.provider(uri("")).create(uri(""), size);
    }

    private static void run(final BlockQueue queue, final boolean accepted) {
        assertTrue(accepted);
        queue.submit();
        final int[] last = {-1};
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> last[0] = status, 8);
        }
        assertEquals(0, last[0]);
    }

    private static StorageException refused(final Runnable action, final StorageException.Category category) {
        final StorageException thrown = assertThrows(StorageException.class, action::run);
        assertEquals(category, thrown.category(), thrown.getMessage());
        return thrown;
    }

    @Test
    void shouldNeitherShrinkNorWipeWhenAnImageIsCreatedAgain() throws Exception {
        create(SIZE);
        assertEquals(SIZE, Files.size(image));
        Files.write(image, new byte[] {1, 2, 3}, java.nio.file.StandardOpenOption.WRITE);
        create(SIZE / 2);
        assertEquals(SIZE, Files.size(image));
        create(2 * SIZE + 100);
        assertEquals(2 * SIZE + 100, Files.size(image));
        assertArrayEquals(new byte[] {1, 2, 3, 0}, Arrays.copyOf(Files.readAllBytes(image), 4));
        try (BlockDevice device = BlockDevices.open(uri("").text(), OpenMode.READ_WRITE)) {
            assertEquals(2 * SIZE, device.sizeBytes());
        }
    }

    @Test
    void shouldRefuseASecondOpenerWhenTheFirstMayWrite() {
        create(SIZE);
        final String text = uri("").text();
        try (BlockDevice first = BlockDevices.open(text, OpenMode.READ_WRITE)) {
            for (final OpenMode mode : OpenMode.values()) {
                assertTrue(refused(() -> BlockDevices.open(text, mode), StorageException.Category.CONFIGURATION)
                    .getMessage().contains("in use by another process"));
            }
            refused(() -> create(4 * SIZE), StorageException.Category.CONFIGURATION);
            assertEquals(SIZE, first.sizeBytes());
        }
        try (BlockDevice one = BlockDevices.open(text, OpenMode.READ_ONLY);
             BlockDevice two = BlockDevices.open(text, OpenMode.READ_ONLY)) {
            assertEquals(one.sizeBytes(), two.sizeBytes());
            refused(() -> BlockDevices.open(text, OpenMode.READ_WRITE), StorageException.Category.CONFIGURATION);
        }
        BlockDevices.open(text, OpenMode.READ_WRITE).close();
    }

    @Test
    void shouldSayWhatIsWrongWhenTheImageCannotBeUsed() throws Exception {
        assertTrue(refused(() -> BlockDevices.open(uri("").text(), OpenMode.READ_WRITE),
            StorageException.Category.CONFIGURATION).getMessage().contains("does not exist"));
        Files.write(image, new byte[100]);
        assertTrue(refused(() -> BlockDevices.open(uri("").text(), OpenMode.READ_WRITE),
            StorageException.Category.CONFIGURATION).getMessage().contains("100 bytes"));
        refused(() -> BlockDevices.open("nvme+model:", OpenMode.READ_WRITE), StorageException.Category.CONFIGURATION);
    }

    @ParameterizedTest
    @ValueSource(strings = {"?block=1024", "?block=x", "?mdts=5000", "?mdts=4096", "?queues=0", "?mqes=1",
        "?mqes=65537", "?dstrd=16",
        "?mode=fast", "?cache=-1", "?bogus=1", "?mdts=99999999g", "?zeroes=maybe", "?block="})
    void shouldNameTheParameterWhenItIsWrong(final String parameters) {
        create(SIZE);
        final String key = parameters.substring(1, parameters.indexOf('='));
        assertTrue(refused(() -> BlockDevices.open(uri(parameters).text(), OpenMode.READ_WRITE),
            StorageException.Category.CONFIGURATION).getMessage().contains(key));
        BlockDevices.open(uri("").text(), OpenMode.READ_WRITE).close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "&mode=inline", "&block=512"})
    void shouldKeepWhatWasFlushedOrForcedAndLoseTheRestWhenPowerFails(final String parameters) {
        create(SIZE);
        final DeviceUri uri = uri("?cache=512k" + parameters);
        final ModelTransport transport = ModelTransport.open(uri, OpenMode.READ_WRITE);
        try (BlockDevice device = NvmeBlockDevice.open(uri.text(), transport, OpenMode.READ_WRITE,
            NvmeOptions.DEFAULTS)) {
            final BlockQueue queue = device.openQueue(4);
            final DmaBuffer buffer = device.allocate(4 * 4096);
            for (int i = 0; i < 4; i++) {
                buffer.segment().asSlice(4096L * i, 4096).fill((byte) (i + 1));
            }
            run(queue, queue.write(1, 0, 4096, buffer, 0, false));
            run(queue, queue.flush(2));
            run(queue, queue.write(3, 4096, 4096, buffer, 4096, true));
            run(queue, queue.write(4, 8192, 4096, buffer, 2 * 4096, false));
            run(queue, queue.write(5, 0, 4096, buffer, 3 * 4096, false));
            run(queue, queue.read(6, 0, 4096, buffer, 0));
            assertEquals(4, buffer.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 100));
            transport.model().losePower();
        }
        try (BlockDevice device = BlockDevices.open(uri.text(), OpenMode.READ_ONLY)) {
            final BlockQueue queue = device.openQueue(4);
            final DmaBuffer buffer = device.allocate(4 * 4096);
            run(queue, queue.read(1, 0, 4 * 4096, buffer, 0));
            final byte[] found = new byte[4];
            for (int i = 0; i < 4; i++) {
                buffer.copyOut(4096L * i + 4095, found, i, 1);
            }
            assertArrayEquals(new byte[] {1, 2, 0, 0}, found);
        }
    }

    @Test
    void shouldKeepEverythingWhenTheDeviceIsClosedInOrder() throws Exception {
        create(SIZE);
        try (BlockDevice device = BlockDevices.open(uri("?cache=512k").text(), OpenMode.READ_WRITE)) {
            final BlockQueue queue = device.openQueue(4);
            final DmaBuffer buffer = device.allocate(4096);
            buffer.segment().fill((byte) 9);
            run(queue, queue.write(1, 4096, 4096, buffer, 0, false));
            assertEquals(0, Files.readAllBytes(image)[4096]);
        }
        assertEquals(9, Files.readAllBytes(image)[4096]);
    }

    @Test
    void shouldGiveSpaceBackWhenARangeIsDeallocated() throws Exception {
        create(SIZE);
        try (BlockDevice device = BlockDevices.open(uri("").text(), OpenMode.READ_WRITE)) {
            final BlockQueue queue = device.openQueue(4);
            final DmaBuffer buffer = device.allocate(SIZE);
            buffer.segment().fill((byte) 9);
            run(queue, queue.write(1, 0, (int) SIZE, buffer, 0, false));
            run(queue, queue.deallocate(2, 8192, SIZE - 8192));
            run(queue, queue.read(3, 0, (int) SIZE, buffer, 0));
            final byte[] bytes = new byte[(int) SIZE];
            buffer.copyOut(0, bytes, 0, bytes.length);
            assertEquals(9, bytes[8191]);
            assertArrayEquals(new byte[(int) SIZE - 8192], Arrays.copyOfRange(bytes, 8192, bytes.length));
        }
    }

    @Test
    void shouldCloseTwiceAndLeaveNoThreadWhenManyDevicesComeAndGo() {
        create(SIZE);
        for (int i = 0; i < 20; i++) {
            final BlockDevice device = BlockDevices.open(uri("").text(), OpenMode.READ_WRITE);
            device.openQueue(4);
            device.openQueue(4);
            device.close();
            device.close();
        }
        final long left = Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("nvme-model")).count();
        assertEquals(0, left);
    }
}
