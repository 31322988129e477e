package io.ringvault.tests.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.log.Header;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.tests.interop.Processes;
import io.ringvault.tests.interop.Server;
import io.ringvault.tests.nbd.NbdClient;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A volume whose segments cannot be cleaned, since their summaries are damaged: scattered writes use up the space. The
 * disk says OUT_OF_SPACE, NBD says ENOSPC, the command ends with 6; reads go on, and nothing hangs.
 */
@Timeout(200)
class OutOfSpaceCommandTest {
    private static final int BLOCK = 4096;
    private static final int ENOSPC = 28;
    private static final int BLOCKS = (32 << 20) / BLOCK;

    @TempDir
    private Path folder;
    private Path key;
    private String device;

    private SecureDisk open() {
        return SecureDisk.open(new SecureDiskContext().device(device).keyFile(key));
    }

    @Test
    void shouldSayThatThereIsNoSpaceAtEveryLevel() throws Exception {
        final Path image = folder.resolve("volume.img");
        device = "file:" + image;
        key = Files.write(folder.resolve("key"), new byte[32]);
        Processes.ringvault("format", device, "--size", "32M", "--key-file", key.toString()).expect(0);
        final byte[] data = new byte[1 << 20];
        new Random(1).nextBytes(data);
        try (SecureDisk disk = open()) {
            for (int at = 0; at < 32; at++) {
                disk.write((long) at << 20, MemorySegment.ofArray(data), 0, data.length);
            }
            disk.sync();
        }
        damageSummaries(image);
        final Random random = new Random(2);
        try (SecureDisk disk = open()) {
            final StorageException full = assertThrows(StorageException.class, () -> {
                for (int i = 0; i < 20 * BLOCKS; i++) {
                    disk.write((long) random.nextInt(BLOCKS) * BLOCK, MemorySegment.ofArray(data), 0, BLOCK);
                }
            });
            assertEquals(StorageException.Category.OUT_OF_SPACE, full.category(), full.getMessage());
            final byte[] found = new byte[BLOCK];
            disk.read(0, MemorySegment.ofArray(found), 0, BLOCK);
        }
        try (Server server = Server.serve(folder, device); NbdClient client = server.connect()) {
            final NbdClient.NbdError refused = assertThrows(NbdClient.NbdError.class, () -> {
                for (int i = 0; i < 20 * BLOCKS; i++) {
                    client.write((long) random.nextInt(BLOCKS) * BLOCK, data, 0, BLOCK, false);
                }
            });
            assertEquals(ENOSPC, refused.error);
            client.read(0, new byte[BLOCK], 0, BLOCK);
            client.flush();
            server.stop();
        }
        final Processes.Result benched = Processes.ringvault("bench", "--device", device, "--key-file",
            key.toString(), "--overwrite", "--size", "32M", "--runtime", "0.5").expect(6);
        assertTrue(benched.err().toLowerCase(java.util.Locale.ROOT).contains("space"), benched.err());
    }

    /** So that the segments' blocks can be read, but nobody can find out which of them live. */
    private static void damageSummaries(final Path image) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            final byte[] block = new byte[BLOCK];
            file.readFully(block);
            final Header header = HeaderCodec.decode(block);
            final PrefaceCodec prefaces = new PrefaceCodec();
            int damaged = 0;
            for (int segment = 0; segment < header.geometry().segmentCount(); segment++) {
                final long at = header.geometry().blockOf(segment, 0) * BLOCK;
                file.seek(at);
                file.readFully(block);
                if (prefaces.isValid(block, 0, header.volumeId())
                    && PrefaceCodec.purpose(block, 0) != SegmentPurpose.OBJECT) {
                    file.seek(at + BLOCK + 99);
                    final int value = file.read();
                    file.seek(at + BLOCK + 99);
                    file.write(value ^ 1);
                    damaged++;
                }
            }
            assertTrue(damaged > 3, "segments with data: " + damaged);
        }
    }
}
