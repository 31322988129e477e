package io.ringvault.tests.guest;

import static io.ringvault.tests.guest.GuestMain.check;
import static io.ringvault.tests.guest.GuestMain.say;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.VerifyReport;
import io.ringvault.disk.Volumes;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.Stamp;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Runs in the guest: secure volumes on a controller. The script of operations follows from a seed on both sides. */
final class DiskSuite {
    static final int GRANULE = 512;
    static final long USER_BYTES = 1L << 20;
    static final int OPERATIONS = 5000;

    private static final byte[] KEY = "the key of the guest's suite ...".getBytes(java.nio.charset.StandardCharsets
        .US_ASCII);
    private static final int MOST_GRANULES = 64;
    private static final int PIECE_BYTES = 256 << 10;

    private DiskSuite() {
    }

    private static void small(final EngineConfig config) {
        config.chunkDataBlocks = 16;
        config.chunkBuffers = 16;
        config.readSlots = 8;
        config.readSlotBlocks = 8;
        config.readJobs = 16;
        config.memtableRecords = 1024;
        config.maxRanges = 64;
        config.blockCacheBlocks = 128;
        config.checkpointChunks = 64;
        config.tableBlocks = 16;
        config.queueDepth = 32;
        config.maxClients = 4;
        config.objectStagingBlocks = 16;
    }

    private static SecureDiskContext context(final String uri) {
        return new SecureDiskContext().device(uri).key(KEY).configure(DiskSuite::small);
    }

    /** Format, write, sync, close, open, compare, verify. */
    static void run(final String uri) throws IOException {
        format(uri, "none");
        final History history = script(5, 60);
        try (SecureDisk disk = SecureDisk.open(context(uri))) {
            final Random random = new Random(5);
            for (int i = 0; i < 60; i++) {
                perform(disk, random, history.versionOf(i), history.run());
                if (i % 16 == 15) {
                    disk.sync();
                }
            }
            HistoryChecker.checkNewest(history, readAll(disk), GRANULE);
        }
        try (SecureDisk disk = SecureDisk.open(context(uri))) {
            HistoryChecker.checkNewest(history, readAll(disk), GRANULE);
        }
        final VerifyReport report = Volumes.verify(context(uri), bytes -> { });
        say("  " + report);
        final Object isolation = Volumes.info(context(uri).readOnly(true)).asMap().toString();
        check(isolation.toString().contains(uri.contains("none-") ? "isolation=none" : "isolation=iommu"),
            "isolation in " + isolation);
    }

    static void format(final String uri, final String anchor) {
        Volumes.format(new FormatContext().device(uri).key(KEY).sizeBytes(USER_BYTES).segmentBlocks(32).anchor(anchor)
            .force(true)
            .configure(DiskSuite::small));
    }

    /** The history of a whole script. */
    static History script(final long seed, final int operations) {
        final History history = new History((int) (USER_BYTES / GRANULE), seed | 1);
        final Random random = new Random(seed);
        for (int i = 0; i < operations; i++) {
            final Step step = Step.next(random);
            history.begin(step.zero ? History.Kind.ZERO : History.Kind.WRITE, step.first, step.count);
        }
        return history;
    }

    private record Step(boolean zero, int first, int count) {
        static Step next(final Random random) {
            final boolean zero = random.nextInt(10) == 0;
            final int count = random.nextInt(4) == 0 ? 1 + random.nextInt(MOST_GRANULES) : 8 * (1 + random.nextInt(4));
            final int most = (int) (USER_BYTES / GRANULE) - count;
            final int first = random.nextInt(most);
            return new Step(zero, count % 8 == 0 ? first & -8 : first, count);
        }
    }

    private static void perform(final SecureDisk disk, final Random random, final long version, final long run) {
        final Step step = Step.next(random);
        final long offset = (long) step.first * GRANULE;
        final int length = step.count * GRANULE;
        if (step.zero) {
            disk.writeZeroes(offset, length);
            return;
        }
        final byte[] bytes = new byte[length];
        for (int i = 0; i < step.count; i++) {
            Stamp.write(bytes, i * GRANULE, GRANULE, step.first + i, version, run);
        }
        disk.write(offset, MemorySegment.ofArray(bytes), 0, length);
    }

    /** Says {@code begin N} before and {@code ack N} after; a sync now and then. Ends only when the script does. */
    static void writeUntilKilled(final String uri, final String anchor, final long seed) {
        final History history = script(seed, OPERATIONS);
        try (SecureDisk disk = SecureDisk.open(context(uri).anchor(anchor))) {
            final Random random = new Random(seed);
            final Random syncs = new Random(seed + 1);
            for (int i = 0; i < OPERATIONS; i++) {
                say("begin " + (i + 1));
                perform(disk, random, history.versionOf(i), history.run());
                if (syncs.nextInt(5) == 0) {
                    disk.sync();
                    say("ack " + (i + 1));
                }
            }
            say("end of script");
        } catch (final StorageException failed) {
            say("failed: " + failed.category() + ": " + failed.getMessage());
            for (final Throwable closing : failed.getSuppressed()) {
                say("closing: " + closing.getMessage());
            }
            throw failed;
        }
    }

    /** Opens what a crash left, and copies it whole into a file of the host. */
    static void dump(final String uri, final String anchor, final String file) throws IOException {
        try (SecureDisk disk = SecureDisk.open(context(uri).anchor(anchor))) {
            Files.write(Path.of(file), readAll(disk));
        }
    }

    private static byte[] readAll(final SecureDisk disk) {
        final byte[] image = new byte[(int) USER_BYTES];
        final MemorySegment target = MemorySegment.ofArray(image);
        for (int at = 0; at < image.length; at += PIECE_BYTES) {
            disk.read(at, target, at, PIECE_BYTES);
        }
        return image;
    }

    /** While one opener has a controller, another is refused, also for another of its namespaces. */
    static void expectOneOwner(final String uri, final String second) {
        try (BlockDevice owned = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            expectRefusal(second, "a controller has one owner at a time");
            check(owned.failureReason().isEmpty(), owned.failureReason());
        }
    }

    static void expectRefusal(final String uri, final String text) {
        try {
            BlockDevices.open(uri, OpenMode.READ_WRITE).close();
            throw new AssertionError(uri + " was opened");
        } catch (final StorageException refused) {
            check(refused.category() == StorageException.Category.CONFIGURATION
                && refused.getMessage().contains(text), refused.getMessage());
            say("  " + refused.getMessage());
        }
    }
}
