package io.ringvault.tests.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.OpenMode;
import io.ringvault.tests.harness.CommitSink;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.torture.Stamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * 256 MiB filled to the last block, then overwritten at random five times over, with syncs and without any, on the
 * controller
 * model over a file; reopened and verified after each pass. A watchdog shows where the writer stands when nothing
 * moves.
 */
@Timeout(value = 400, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SpaceTest {
    private static final int BLOCK = 4096;
    private static final long USER_BYTES = Long.getLong("ringvault.space.mib", 256) << 20;
    private static final int BLOCKS = (int) (USER_BYTES / BLOCK);
    private static final int PASSES = 5;
    private static final long STALL_NS = TimeUnit.SECONDS.toNanos(60);
    private static final CommitSink IGNORED = new CommitSink() {
        @Override
        public void sealed(final long epoch, final boolean engineStarted) {
            // The states are checked elsewhere; here the newest value of each block counts.
        }

        @Override
        public void durable(final long epoch) {
            // As above.
        }
    };

    private final long seed = Long.getLong("seed", 11);
    private final Random random = new Random(seed);
    private final AtomicLong progress = new AtomicLong();
    private final long[] versions = new long[BLOCKS];
    private final byte[] buffer = new byte[64 * BLOCK];
    private long nextVersion = 1;
    @TempDir
    private Path folder;

    @Test
    void shouldGoOnWhenAFullVolumeIsOverwrittenWithSyncs() throws Exception {
        overwrite(200);
    }

    @Test
    void shouldGoOnWhenAFullVolumeIsOverwrittenWithoutAnySync() throws Exception {
        overwrite(Integer.MAX_VALUE);
    }

    private void overwrite(final int writesPerSync) throws Exception {
        final EngineKind kind = EngineKind.ofUserBytes(USER_BYTES, seed);
        final Path image = folder.resolve("volume.img");
        final String uri = "nvme+model:" + image;
        kind.formatUri(uri);
        final long fileBytes = Files.size(image);
        final Thread watchdog = watch(Thread.currentThread());
        try {
            fill(kind, uri);
            for (int pass = 0; pass < PASSES; pass++) {
                overwriteOnce(kind, uri, writesPerSync, pass);
            }
            try (EngineDisk disk = open(kind, uri)) {
                verify(disk, BLOCKS);
            }
        } finally {
            watchdog.interrupt();
        }
        assertEquals(fileBytes, Files.size(image), "the image grew");
    }

    private static EngineDisk open(final EngineKind kind, final String uri) {
        return kind.open(BlockDevices.open(uri, OpenMode.READ_WRITE), null, IGNORED).patient(STALL_NS);
    }

    private void fill(final EngineKind kind, final String uri) {
        try (EngineDisk disk = open(kind, uri)) {
            for (int lba = 0; lba < BLOCKS; lba += 64) {
                write(disk, lba, Math.min(64, BLOCKS - lba));
            }
            verify(disk, 2000);
        }
    }

    private void overwriteOnce(final EngineKind kind, final String uri, final int writesPerSync, final int pass) {
        long written = 0;
        long leastFree = Long.MAX_VALUE;
        try (EngineDisk disk = open(kind, uri)) {
            for (int writes = 1; written < BLOCKS; writes++) {
                final int lba = random.nextInt(BLOCKS);
                final int count = random.nextInt(8) == 0 ? Math.min(1 + random.nextInt(16), BLOCKS - lba) : 1;
                write(disk, lba, count);
                written += count;
                if (writes % writesPerSync == 0) {
                    disk.sync();
                }
                if (writes % 1024 == 0) {
                    leastFree = Math.min(leastFree, disk.freeSegments());
                }
            }
            verify(disk, 3000);
            System.out.printf("space: pass %d/%d, %d MiB, least free %d of %d, cleaned %d, relocated %d blocks, "
                + "engine commits %d, device bytes per user byte %.2f%n", pass + 1, PASSES, written * BLOCK >> 20,
                    leastFree,
                disk.totalSegments(), disk.segmentsCleaned(), disk.blocksRelocated(), disk.engineCommits(),
                (double) disk.deviceBytesWritten() / (written * BLOCK));
            assertTrue(leastFree > 0, "free segments were exhausted");
        }
    }

    private void write(final EngineDisk disk, final int lba, final int count) {
        for (int i = 0; i < count; i++) {
            versions[lba + i] = nextVersion++;
            Stamp.write(buffer, i * BLOCK, BLOCK, lba + i, versions[lba + i], seed);
        }
        disk.write((long) lba * BLOCK, buffer, 0, count * BLOCK);
        progress.incrementAndGet();
    }

    /** All blocks, or so many at random. */
    private void verify(final EngineDisk disk, final int blocks) {
        for (int i = 0; i < blocks; i++) {
            final int lba = blocks == BLOCKS ? i : random.nextInt(BLOCKS);
            disk.read((long) lba * BLOCK, buffer, 0, BLOCK);
            final long found = Stamp.read(buffer, 0, BLOCK, lba, seed);
            assertEquals(versions[lba], found, () -> "seed " + seed + ": block " + lba + " holds "
                + Stamp.describe(buffer, 0, BLOCK));
            progress.incrementAndGet();
        }
    }

    private Thread watch(final Thread worker) {
        return Thread.ofPlatform().daemon().name("space-watchdog").start(() -> {
            long seen = -1;
            long since = System.nanoTime();
            try {
                while (System.nanoTime() - since < STALL_NS) {
                    Thread.sleep(500);
                    if (progress.get() != seen) {
                        seen = progress.get();
                        since = System.nanoTime();
                    }
                }
                System.err.println("no progress for 60 s at operation " + seen + ", seed " + seed + ":");
                for (final StackTraceElement frame : worker.getStackTrace()) {
                    System.err.println("    at " + frame);
                }
            } catch (final InterruptedException done) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
