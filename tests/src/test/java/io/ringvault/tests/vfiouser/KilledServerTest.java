package io.ringvault.tests.vfiouser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.Stamp;
import io.ringvault.tests.interop.Processes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The controller's process is killed in the middle of a load: the disk says that the controller is gone, is poisoned
 * with that reason and closes; on a new server it opens at one state no older than the last acknowledged sync.
 */
class KilledServerTest {
    private static final int GRANULE = 512;
    private static final int BLOCK_GRANULES = 8;
    private static final long USER_BYTES = 16L << 20;
    private static final int ROUNDS = 4;

    private final long seed = Long.getLong("seed", 2026);
    private final Random random = new Random(seed);
    private final byte[] key = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
    @TempDir
    private Path folder;
    private History history = new History((int) (USER_BYTES / GRANULE), seed | 1);
    private int acknowledged;

    private SecureDisk open(final String uri) {
        return SecureDisk.open(new SecureDiskContext().device(uri + "?dma=64M").key(key));
    }

    @Test
    @Timeout(240)
    void shouldPoisonTheVolumeAndLoseNothingThatWasSyncedWhenTheServerIsKilled() throws Exception {
        try (ServeModel server = ServeModel.start(folder, "--size", "256M")) {
            Volumes.format(new FormatContext().device(server.uri()).key(key).sizeBytes(USER_BYTES));
            server.stop();
        }
        try {
            for (int round = 0; round < ROUNDS; round++) {
                round(random.nextInt(500));
            }
            try (ServeModel server = ServeModel.start(folder)) {
                try (SecureDisk disk = open(server.uri())) {
                    verify(disk);
                    write(disk);
                }
                acknowledged = history.submitted();
                try (SecureDisk disk = open(server.uri())) {
                    verify(disk);
                }
                Files.write(folder.resolve("key"), key);
                Processes.ringvault("verify", server.uri(), "--key-file", folder.resolve("key").toString()).expect(0);
                server.stop();
            }
        } catch (final AssertionError | IOException failed) {
            throw new AssertionError("-Dseed=" + seed + ": " + failed.getMessage(), failed);
        }
    }

    private void round(final long killAfterMs) throws Exception {
        try (ServeModel server = ServeModel.start(folder)) {
            final SecureDisk disk = open(server.uri());
            verify(disk);
            final FutureTask<Void> kill = new FutureTask<>(() -> {
                Thread.sleep(killAfterMs);
                server.kill();
                return null;
            });
            Thread.ofPlatform().daemon().start(kill);
            final StorageException failed = assertThrows(StorageException.class, () -> {
                while (true) {
                    write(disk);
                }
            });
            kill.get();
            assertEquals(StorageException.Category.IO, failed.category(), failed.getMessage());
            assertThrows(StorageException.class, disk::sync);
            final String reason = disk.counters().poisonReason();
            assertNotNull(reason);
            assertTrue(reason.contains("the controller is gone"), reason);
            try {
                disk.close();
            } catch (final StorageException said) {
                assertTrue(said.getMessage().contains("the controller is gone"), said.getMessage());
            }
        }
    }

    /** One to eight changes, then sometimes a sync. */
    private void write(final SecureDisk disk) {
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment source = arena.allocate(64 * BLOCK_GRANULES * GRANULE);
            for (int changes = 1 + random.nextInt(8); changes > 0; changes--) {
                final int count = BLOCK_GRANULES * (1 + random.nextInt(random.nextInt(4) == 0 ? 64 : 4));
                final int first = random.nextInt((history.granules() - count) / BLOCK_GRANULES) * BLOCK_GRANULES;
                final int op = history.begin(History.Kind.WRITE, first, count);
                final byte[] bytes = new byte[count * GRANULE];
                for (int i = 0; i < count; i++) {
                    Stamp.write(bytes, i * GRANULE, GRANULE, first + i, history.versionOf(op), history.run());
                }
                MemorySegment.copy(bytes, 0, source, ValueLayout.JAVA_BYTE, 0, bytes.length);
                disk.write((long) first * GRANULE, source, 0, bytes.length);
                history.end(op);
            }
            if (random.nextInt(3) == 0) {
                final int covered = history.syncBegin();
                disk.sync();
                acknowledged = Math.max(acknowledged, covered);
            }
        }
    }

    /** Reads the whole volume and goes on from the state that was found. */
    private void verify(final SecureDisk disk) throws IOException {
        final byte[] image = new byte[(int) USER_BYTES];
        final int piece = 1 << 20;
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment target = arena.allocate(piece);
            for (int at = 0; at < image.length; at += piece) {
                disk.read(at, target, 0, piece);
                MemorySegment.copy(target, ValueLayout.JAVA_BYTE, 0, image, at, piece);
            }
        }
        final int state = HistoryChecker.check(history, image, GRANULE,
            history.admissibleWithoutCommits(acknowledged));
        history = history.continueFrom(state);
        acknowledged = 0;
    }
}
