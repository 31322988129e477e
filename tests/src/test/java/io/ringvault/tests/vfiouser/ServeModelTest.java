package io.ringvault.tests.vfiouser;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.tests.interop.Processes;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ringvault nvme serve-model}: what its options say is what a client finds. */
@Timeout(240)
class ServeModelTest {
    private static final int BYTES = 64 << 10;

    @TempDir
    private Path folder;

    private static byte[] move(final BlockDevice device, final byte[] write) {
        final BlockQueue queue = device.openQueue(2);
        final DmaBuffer buffer = device.allocate(BYTES);
        if (write != null) {
            buffer.copyIn(write, 0, 0, BYTES);
            assertTrue(queue.write(1, 4096, BYTES, buffer, 0, true));
        } else {
            assertTrue(queue.read(1, 4096, BYTES, buffer, 0));
        }
        queue.submit();
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> assertEquals(0, status), 2);
        }
        final byte[] bytes = new byte[BYTES];
        buffer.copyOut(0, bytes, 0, BYTES);
        queue.close();
        return bytes;
    }

    @Test
    void shouldServeTheModelThatItsOptionsDescribeAndKeepTheImageToItself() throws Exception {
        final byte[] content = new byte[BYTES];
        new Random(3).nextBytes(content);
        try (ServeModel server = ServeModel.start(folder, "--size", "8M", "--model", "block=512", "--model",
            "mdts=8k", "--no-mmap")) {
            try (BlockDevice device = BlockDevices.open(server.uri() + "?dma=8M", OpenMode.READ_WRITE)) {
                assertEquals(512, device.blockSizeBytes());
                assertEquals(8192, device.singleCommandBytes());
                assertEquals(8 << 20, device.sizeBytes());
                move(device, content);
            }
            final Processes.Result second = Processes.ringvault("nvme", "serve-model",
                folder.resolve("image").toString(), "--socket", folder.resolve("other").toString()).expect(1);
            assertTrue(second.err().contains("in use"), second.err());
            server.stop();
        }
        try (ServeModel server = ServeModel.start(folder, "--read-only")) {
            final String uri = server.uri() + "?dma=8M";
            final StorageException refused =
                assertThrows(StorageException.class, () -> BlockDevices.open(uri, OpenMode.READ_WRITE).close());
            assertTrue(refused.getMessage().contains("write protected"), refused.getMessage());
            try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_ONLY)) {
                assertEquals(4096, device.blockSizeBytes(), "the image knows nothing of blocks");
                assertArrayEquals(content, move(device, null));
            }
            server.stop();
        }
    }

    @Test
    void shouldNameTheParameterThatTheModelDoesNotTake() throws Exception {
        final Processes.Result refused = Processes.ringvault("nvme", "serve-model", folder.resolve("image").toString(),
            "--socket", folder.resolve("endpoint").toString(), "--size", "8M", "--model", "block=1000").expect(1);
        assertTrue(refused.err().contains("block=1000"), refused.err());
        assertTrue(refused.out().isEmpty(), refused.out());
    }
}
