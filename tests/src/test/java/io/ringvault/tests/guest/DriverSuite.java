package io.ringvault.tests.guest;

import static io.ringvault.tests.guest.GuestMain.check;
import static io.ringvault.tests.guest.GuestMain.say;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.NvmeBlockDevice;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Runs in the guest: the driver against a controller, through the port alone. */
final class DriverSuite {
    private static final int PAGE = 4096;
    private static final int REGION_BYTES = 2 << 20;
    private static final int ROUNDS = 24;
    private static final int PATTERN_BYTES = 1 << 20;
    private static final long PATIENCE_NS = 60_000_000_000L;

    private final BlockDevice device;
    private final BlockQueue queue;
    private final Map<Long, Integer> done = new HashMap<>();
    private final byte[] pattern = new byte[2 * PATTERN_BYTES];
    private long token;

    private DriverSuite(final BlockDevice device, final int depth) {
        this.device = device;
        this.queue = device.openQueue(depth);
        new Random(7).nextBytes(pattern);
    }

    static void run(final String uri) {
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            describe(device);
            check(device.isolation().equals(uri.contains("none-") ? "none" : "iommu"), device.isolation());
            final DriverSuite suite = new DriverSuite(device, 8);
            suite.transfers();
            suite.pipelined();
            suite.rangeCommands();
            suite.manyQueues();
            suite.queue.close();
        }
        // A second open finds the controller as a first one does.
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_ONLY)) {
            final DriverSuite suite = new DriverSuite(device, 2);
            suite.expect(suite.read(0, PAGE, device.allocate(PAGE)), BlockStatus.OK);
        }
    }

    private static void describe(final BlockDevice device) {
        final NvmeBlockDevice nvme = (NvmeBlockDevice) device;
        say("  " + nvme.facts().model() + ", namespace " + nvme.namespace().id() + ", " + device.sizeBytes()
            + " bytes in blocks of " + device.blockSizeBytes() + ", commands of " + device.singleCommandBytes()
            + ", queues " + nvme.queues() + ", volatile cache " + device.volatileCache());
    }

    /** Lengths from one block to more than one command, at odd places; every byte is read back. */
    private void transfers() {
        final Random random = new Random(11);
        final int block = device.blockSizeBytes();
        final byte[] image = new byte[REGION_BYTES];
        final DmaBuffer buffer = device.allocate(PATTERN_BYTES);
        for (long at = 0; at < REGION_BYTES; at += PATTERN_BYTES) {
            Arrays.fill(image, (int) at, (int) at + PATTERN_BYTES, (byte) 0);
            expect(zero(at, PATTERN_BYTES), BlockStatus.OK);
        }
        for (int i = 0; i < ROUNDS; i++) {
            final int length = block * (1 + random.nextInt((i % 6 == 0 ? 512 << 10 : 24 << 10) / block));
            final int at = block * random.nextInt((REGION_BYTES - length) / block);
            final int source = random.nextInt(PATTERN_BYTES);
            System.arraycopy(pattern, source, image, at, length);
            buffer.copyIn(pattern, source, 0, length);
            expect(write(at, length, buffer, i % 5 == 0), BlockStatus.OK);
        }
        expect(flush(), BlockStatus.OK);
        final byte[] found = new byte[PATTERN_BYTES];
        for (int at = 0; at < REGION_BYTES; at += PATTERN_BYTES) {
            buffer.segment().fill((byte) 0x5A);
            expect(read(at, PATTERN_BYTES, buffer), BlockStatus.OK);
            buffer.copyOut(0, found, 0, PATTERN_BYTES);
            final int differs = Arrays.mismatch(found, 0, PATTERN_BYTES, image, at, at + PATTERN_BYTES);
            check(differs < 0, "byte " + (at + differs) + " differs");
        }
    }

    /** As many as the queue takes, completions in any order. */
    private void pipelined() {
        final int block = Math.max(PAGE, device.blockSizeBytes());
        final DmaBuffer buffer = device.allocate(64L * block);
        buffer.copyIn(pattern, 0, 0, 64 * block);
        final byte[] found = new byte[block];
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < 64; i++) {
                while (pass == 0 ? !queue.write(++token, (long) i * block, block, buffer, (long) i * block, false)
                    : !queue.read(++token, (long) i * block, block, buffer, (long) i * block)) {
                    poll();
                }
            }
            drain();
            if (pass == 0) {
                buffer.segment().fill((byte) 0);
            }
        }
        for (int i = 0; i < 64; i++) {
            buffer.copyOut((long) i * block, found, 0, block);
            check(Arrays.equals(found, 0, block, pattern, i * block, (i + 1) * block), "block " + i + " differs");
        }
    }

    private void rangeCommands() {
        final DmaBuffer buffer = device.allocate(2 * PAGE);
        expect(zero(PAGE, PAGE), BlockStatus.OK);
        expect(read(PAGE, PAGE, buffer), BlockStatus.OK);
        final byte[] found = new byte[PAGE];
        buffer.copyOut(0, found, 0, PAGE);
        check(Arrays.equals(found, new byte[PAGE]), "write zeroes left something");
        check(queue.deallocate(++token, 0, REGION_BYTES), "queue full");
        expect(await(token), BlockStatus.OK);
        final long last = device.sizeBytes() - PAGE;
        buffer.copyIn(pattern, 1, 0, PAGE);
        expect(write(last, PAGE, buffer, true), BlockStatus.OK);
        buffer.segment().fill((byte) 0);
        expect(read(last, PAGE, buffer), BlockStatus.OK);
        buffer.copyOut(0, found, 0, PAGE);
        check(Arrays.equals(found, 0, PAGE, pattern, 1, 1 + PAGE), "the last blocks differ");
    }

    /** Queues come and go; one too many is refused and does no harm. */
    private void manyQueues() {
        final int granted = ((NvmeBlockDevice) device).queues();
        for (int round = 0; round < 2; round++) {
            if (granted > 1) {
                final DriverSuite other = new DriverSuite(device, 4);
                other.expect(other.read(0, PAGE, device.allocate(PAGE)), BlockStatus.OK);
                other.queue.close();
            } else {
                try {
                    device.openQueue(4);
                    throw new AssertionError("a second queue of one");
                } catch (final io.ringvault.block.StorageException full) {
                    check(full.getMessage().contains("all are in use"), full.getMessage());
                }
            }
        }
    }

    static void expectReadError(final String uri, final String status) {
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            final DriverSuite suite = new DriverSuite(device, 2);
            final String found = BlockStatus.describe(suite.read(0, PAGE, device.allocate(PAGE)));
            check(found.contains(status), found);
            say("  read: " + found);
        }
    }

    static void expectWriteError(final String uri, final String status) {
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            final DriverSuite suite = new DriverSuite(device, 2);
            final DmaBuffer buffer = device.allocate(PAGE);
            final String found = BlockStatus.describe(suite.write(0, PAGE, buffer, false));
            check(found.contains(status), found);
            expectReadable(suite, buffer);
            say("  write: " + found);
        }
    }

    private static void expectReadable(final DriverSuite suite, final DmaBuffer buffer) {
        suite.expect(suite.read(0, PAGE, buffer), BlockStatus.OK);
    }

    /** Writes a megabyte that follows from the seed, durably. */
    static void rawWrite(final String uri, final long seed) {
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_WRITE)) {
            final DriverSuite suite = new DriverSuite(device, 4);
            final DmaBuffer buffer = device.allocate(PATTERN_BYTES);
            buffer.copyIn(bytes(seed), 0, 0, PATTERN_BYTES);
            suite.expect(suite.write(0, PATTERN_BYTES, buffer, false), BlockStatus.OK);
            suite.expect(suite.flush(), BlockStatus.OK);
        }
    }

    /** Finds that megabyte. */
    static void rawRead(final String uri, final long seed) {
        try (BlockDevice device = BlockDevices.open(uri, OpenMode.READ_ONLY)) {
            final DriverSuite suite = new DriverSuite(device, 4);
            final DmaBuffer buffer = device.allocate(PATTERN_BYTES);
            suite.expect(suite.read(0, PATTERN_BYTES, buffer), BlockStatus.OK);
            final byte[] found = new byte[PATTERN_BYTES];
            buffer.copyOut(0, found, 0, PATTERN_BYTES);
            check(Arrays.equals(found, bytes(seed)), "other bytes than those of seed " + seed);
        }
    }

    static byte[] bytes(final long seed) {
        final byte[] bytes = new byte[PATTERN_BYTES];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private int write(final long offset, final int length, final DmaBuffer buffer, final boolean fua) {
        check(queue.write(++token, offset, length, buffer, 0, fua), "queue full");
        return await(token);
    }

    private int read(final long offset, final int length, final DmaBuffer buffer) {
        check(queue.read(++token, offset, length, buffer, 0), "queue full");
        return await(token);
    }

    private int zero(final long offset, final long length) {
        check(queue.writeZeroes(++token, offset, length), "queue full");
        return await(token);
    }

    private int flush() {
        check(queue.flush(++token), "queue full");
        return await(token);
    }

    private void expect(final int status, final int wanted) {
        check(status == wanted, BlockStatus.describe(status) + " instead of " + BlockStatus.describe(wanted));
    }

    private int await(final long wanted) {
        queue.submit();
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!done.containsKey(wanted)) {
            poll();
            check(System.nanoTime() - deadline < 0, "request " + wanted + " never completed");
        }
        return done.remove(wanted);
    }

    private void drain() {
        queue.submit();
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (queue.inFlight() > 0) {
            poll();
            check(System.nanoTime() - deadline < 0, queue.inFlight() + " requests never completed");
        }
        done.values().forEach(each -> expect(each, BlockStatus.OK));
        done.clear();
    }

    private void poll() {
        queue.submit();
        queue.poll((each, status) -> check(done.put(each, status) == null, "request " + each + " completed twice"), 64);
    }
}
