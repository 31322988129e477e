package io.ringvault.nvme;

import static io.ringvault.nvme.ModelRig.assertOk;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.model.FaultPlan;
import io.ringvault.nvme.model.ModelTransport;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole driver against the controller model: every byte read is checked against an independent copy. */
class DriverAgainstModelTest {
    private static final int DEVICE_BYTES = 8 << 20;
    private static final int ARENA_BYTES = 16 << 20;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"", "block=512", "mode=inline", "mode=inline&block=512&mdts=8k", "mdts=16k&mqes=2",
        "mqes=3&block=512",
        "dstrd=4&mdts=8k", "cache=64k&mode=inline", "cache=1m&block=512", "mqes=2&mode=inline&mdts=8k",
        "zeroes=off&deallocate=off&mdts=32k", "fua=fdatasync", "ms=8", "ms=8&extended=1", "ms=8&pi=1",
        "ms=8&pi=1&extended=1&block=512&zeroes=off", "ms=64&extended=1&block=512&mdts=16k&mode=inline",
        "ms=16&pi=2&zeroes=off", "ms=64&pi=3&extended=1&mqes=3", "ms=4096&mdts=8k&extended=1&mode=inline",
        "ms=128&pi=1&block=512&mode=inline&cache=64k", "ms=24&block=512&zeroes=off&extended=1&mdts=8k",
        "lbaf=37&ms=8&pi=2&namespaces=3,7", "namespaces=2,5,4094&ns=5&ms=16&extended=1&cache=1m"})
    void shouldReadBackWhatWasWrittenWhenSizesAndOffsetsAreRandom(final String parameters) {
        final long seed = Long.getLong("seed", System.nanoTime());
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), parameters, DEVICE_BYTES, 16)) {
            new RandomWorkload(rig, seed).run(120);
            assertEquals(0, rig.model.badDoorbells());
            assertEquals("", rig.model.failure());
        } catch (final AssertionError | RuntimeException failed) {
            throw new AssertionError("-Dseed=" + seed + " with '" + parameters + "'", failed);
        }
    }

    /** Keeps up to a queue of disjoint requests in flight, and a copy of what the device must hold. */
    private static final class RandomWorkload {
        private final ModelRig rig;
        private final Random random;
        private final int block;
        private final byte[] expected = new byte[DEVICE_BYTES];
        private final DmaBuffer arena;
        private final int slots = 8;
        private final int slotBytes = ARENA_BYTES / slots;

        RandomWorkload(final ModelRig rig, final long seed) {
            this.rig = rig;
            this.random = new Random(seed);
            this.block = rig.device.blockSizeBytes();
            this.arena = rig.device.allocate(ARENA_BYTES);
        }

        void run(final int rounds) {
            for (int round = 0; round < rounds; round++) {
                final int requests = 1 + random.nextInt(slots);
                final int share = DEVICE_BYTES / requests / block * block;
                final List<Runnable> checks = new ArrayList<>();
                for (int i = 0; i < requests; i++) {
                    request(i, i * share, share, checks);
                }
                rig.drain();
                rig.done.values().forEach(ModelRig::assertOk);
                assertEquals(requests, rig.done.size());
                rig.done.clear();
                checks.forEach(Runnable::run);
            }
            assertArrayEquals(expected, rig.readBytes(0, DEVICE_BYTES));
        }

        private void request(final int slot, final int areaOffset, final int areaLength, final List<Runnable> checks) {
            final int bound = random.nextBoolean() ? 16 : Math.min(areaLength, slotBytes / 2) / block;
            final int length = block * (1 + random.nextInt(Math.min(bound, areaLength / block)));
            final int offset = areaOffset + block * random.nextInt((areaLength - length) / block + 1);
            final long at = (long) slot * slotBytes + 4096L * random.nextInt(32);
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3 -> {
                    final byte[] bytes = new byte[length];
                    random.nextBytes(bytes);
                    arena.copyIn(bytes, 0, at, length);
                    System.arraycopy(bytes, 0, expected, offset, length);
                    assertTrue(rig.queue.write(rig.token(), offset, length, arena, at, random.nextInt(20) == 0));
                }
                case 4 -> {
                    Arrays.fill(expected, offset, offset + length, (byte) 0);
                    assertTrue(rig.queue.writeZeroes(rig.token(), offset, length));
                }
                case 5 -> {
                    if (random.nextInt(10) == 0) {
                        assertTrue(rig.queue.flush(rig.token()));
                    } else if (rig.device.facts().deallocates()) {
                        // The model promises that deallocated blocks read as zeros (DLFEAT).
                        Arrays.fill(expected, offset, offset + length, (byte) 0);
                        assertTrue(rig.queue.deallocate(rig.token(), offset, length));
                    } else {
                        assertTrue(rig.queue.deallocate(rig.token(), offset, length));
                    }
                }
                default -> {
                    assertTrue(rig.queue.read(rig.token(), offset, length, arena, at));
                    checks.add(() -> {
                        final byte[] bytes = new byte[length];
                        arena.copyOut(at, bytes, 0, length);
                        assertArrayEquals(Arrays.copyOfRange(expected, offset, offset + length), bytes,
                            "read of " + length + " at " + offset);
                    });
                }
            }
        }
    }

    @Test
    void shouldSendOneCommandPerTransferLimitWhenARequestIsLarger() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mdts=64k&mode=inline", DEVICE_BYTES, 4)) {
            assertEquals(64 << 10, rig.device.singleCommandBytes());
            final DmaBuffer buffer = rig.device.allocate(1 << 20);
            assertOk(rig.write(0, 1 << 20, buffer, 0, false));
            assertEquals(16, rig.queue.commandsCompleted());
            assertOk(rig.write(0, (64 << 10) + 4096, buffer, 0, false));
            assertEquals(18, rig.queue.commandsCompleted());
        }
    }

    @Test
    void shouldRingOnceWhenABatchIsSubmitted() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mode=inline", DEVICE_BYTES, 32)) {
            final DmaBuffer buffer = rig.device.allocate(32 * 4096);
            for (int i = 0; i < 32; i++) {
                assertTrue(rig.queue.write(i, i * 4096L, 4096, buffer, i * 4096L, false));
            }
            assertEquals(0, rig.queue.doorbellWrites());
            rig.queue.submit();
            assertEquals(1, rig.queue.doorbellWrites());
            assertEquals(32, rig.queue.poll((token, status) -> assertOk(status), 64));
            assertEquals(2, rig.queue.doorbellWrites());
        }
    }

    @Test
    void shouldRefuseWhenTheQueueIsFullAndGoOnAfterAPoll() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mqes=2&mode=inline", DEVICE_BYTES, 3)) {
            final DmaBuffer buffer = rig.device.allocate(4096);
            for (int i = 0; i < 3; i++) {
                assertTrue(rig.queue.write(i, i * 4096L, 4096, buffer, 0, false));
            }
            assertEquals(false, rig.queue.write(3, 0, 4096, buffer, 0, false));
            assertEquals(false, rig.queue.flush(3));
            assertEquals(3, rig.queue.inFlight());
            rig.drain();
            assertTrue(rig.queue.write(3, 0, 4096, buffer, 0, false));
            rig.drain();
            assertEquals(4, rig.done.size());
        }
    }

    @Test
    void shouldHonourThePollLimitWhenMoreHasCompleted() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mode=inline", DEVICE_BYTES, 8)) {
            final DmaBuffer buffer = rig.device.allocate(4096);
            for (int i = 0; i < 8; i++) {
                assertTrue(rig.queue.read(i, 0, 4096, buffer, 0));
            }
            rig.queue.submit();
            assertEquals(3, rig.queue.poll((token, status) -> { }, 3));
            assertEquals(5, rig.queue.inFlight());
            assertEquals(5, rig.queue.poll((token, status) -> { }, 64));
        }
    }

    @Test
    void shouldAcceptNewRequestsWhenTheHandlerSubmitsThem() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mqes=3&mode=inline", DEVICE_BYTES, 2)) {
            final DmaBuffer buffer = rig.device.allocate(8192);
            final int[] completed = new int[1];
            assertTrue(rig.queue.read(0, 0, 4096, buffer, 0));
            rig.queue.submit();
            while (completed[0] < 500) {
                rig.queue.poll((token, status) -> {
                    assertOk(status);
                    completed[0]++;
                    assertTrue(rig.queue.write(token + 1, (token % 100) * 4096, 4096, buffer, 4096, false));
                    rig.queue.submit();
                }, 4);
            }
            assertEquals(1, rig.queue.inFlight());
        }
    }

    @Test
    void shouldMatchCompletionsToRequestsWhenTheyComeOutOfOrder() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mode=inline", DEVICE_BYTES, 8)) {
            final DmaBuffer buffer = rig.device.allocate(8 * 4096);
            for (int i = 0; i < 8; i++) {
                final byte[] bytes = new byte[4096];
                Arrays.fill(bytes, (byte) (i + 1));
                assertOk(rig.writeBytes(i * 4096L, bytes, false));
            }
            rig.model.faults().hold(2, 0, 1, 5);
            rig.model.faults().hold(2, 1, 1, 2);
            final List<Long> order = new ArrayList<>();
            for (long token = 0; token < 8; token++) {
                assertTrue(rig.queue.read(token, token * 4096, 4096, buffer, token * 4096));
            }
            rig.queue.submit();
            while (rig.queue.inFlight() > 0) {
                rig.queue.poll((token, status) -> order.add(token), 64);
            }
            assertEquals(List.of(2L, 3L, 1L, 4L, 5L, 0L, 6L, 7L), order);
            for (int i = 0; i < 8; i++) {
                final byte[] bytes = new byte[1];
                buffer.copyOut(i * 4096L + 4095, bytes, 0, 1);
                assertEquals(i + 1, bytes[0]);
            }
        }
    }

    @Test
    void shouldReportTheFirstErrorOnceWhenOnePartOfASplitFails() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mdts=8k&mode=inline", DEVICE_BYTES, 4)) {
            rig.model.faults().fail(1, 5, 1, 2, 0x80, true);
            final DmaBuffer buffer = rig.device.allocate(1 << 20);
            final int status = rig.write(0, 1 << 20, buffer, 0, false);
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_NVME, 2, 0x80, false), status);
            assertOk(rig.write(0, 1 << 20, buffer, 0, false));
            assertEquals(0, rig.queue.inFlight());
        }
    }

    @Test
    void shouldRetryABoundedNumberOfTimesWhenTheControllerAllowsIt() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mode=inline", DEVICE_BYTES, 4)) {
            rig.model.faults().fail(1, 0, 3, 2, 0x80, false);
            final byte[] bytes = new byte[20480];
            new Random(7).nextBytes(bytes);
            assertOk(rig.writeBytes(4096, bytes, false));
            assertEquals(3, rig.queue.retries());
            assertArrayEquals(bytes, rig.readBytes(4096, bytes.length));
            rig.model.faults().fail(1, 0, 4, 2, 0x80, false);
            final int status = rig.writeBytes(4096, bytes, false);
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_NVME, 2, 0x80, true), status);
            assertEquals(6, rig.queue.retries());
        }
    }

    @Test
    void shouldNotRetryWhenTheControllerForbidsIt() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mode=inline", DEVICE_BYTES, 4)) {
            rig.model.faults().fail(1, 0, 1, 0, 0x06, true);
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_NVME, 0, 0x06, false),
                rig.writeBytes(0, new byte[4096], true));
            assertEquals(0, rig.queue.retries());
            assertOk(rig.writeBytes(0, new byte[4096], true));
        }
    }

    @Test
    void shouldNeverRepeatAFlushWhenItFailedEvenIfTheControllerAllowsIt() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mode=inline", DEVICE_BYTES, 4)) {
            rig.model.faults().fail(0, 0, 1, 2, 0x80, false);
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_NVME, 2, 0x80, true), rig.flush());
            assertEquals(0, rig.queue.retries());
            assertOk(rig.flush());
        }
    }

    @Test
    void shouldSendTheIdenticalCommandWhenItRetries() {
        final Path image = directory.resolve("image");
        ModelRig.create(image, "", DEVICE_BYTES, 1).close();
        final DeviceUri uri = ModelRig.uri(image, "mode=inline");
        final ModelTransport transport = ModelTransport.open(uri, OpenMode.READ_WRITE);
        final List<DmaBuffer> allocations = new ArrayList<>();
        try (NvmeBlockDevice device = NvmeBlockDevice.open(uri.text(), new RecordingTransport(transport, allocations),
            OpenMode.READ_WRITE, NvmeOptions.DEFAULTS)) {
            allocations.clear();
            final NvmeBlockQueue queue = device.openQueue(8);
            final MemorySegment submissions = allocations.getFirst().segment();
            final MemorySegment lists = allocations.getLast().segment();
            final DmaBuffer buffer = device.allocate(1 << 20);
            transport.model().faults().fail(1, 0, 2, 2, 0x80, false);
            assertTrue(queue.write(77, 40960, 256 << 10, buffer, 8192, true));
            queue.submit();
            final byte[] list = lists.asSlice(0, 4096).toArray(ValueLayout.JAVA_BYTE);
            final int[] status = {-1};
            while (queue.inFlight() > 0) {
                queue.poll((token, result) -> status[0] = result, 8);
            }
            assertOk(status[0]);
            assertEquals(2, queue.retries());
            assertArrayEquals(list, lists.asSlice(0, 4096).toArray(ValueLayout.JAVA_BYTE));
            assertEquals(-1, submissions.asSlice(0, 64).mismatch(submissions.asSlice(64, 64)));
            assertEquals(-1, submissions.asSlice(0, 64).mismatch(submissions.asSlice(128, 64)));
        }
    }

    /** Passes everything on and keeps what was allocated. */
    private record RecordingTransport(NvmeTransport inner, List<DmaBuffer> allocations) implements NvmeTransport {
        @Override
        public int read32(final int offset) {
            return inner.read32(offset);
        }

        @Override
        public long read64(final int offset) {
            return inner.read64(offset);
        }

        @Override
        public void write32(final int offset, final int value) {
            inner.write32(offset, value);
        }

        @Override
        public void write64(final int offset, final long value) {
            inner.write64(offset, value);
        }

        @Override
        public MemorySegment doorbells() {
            return inner.doorbells();
        }

        @Override
        public DmaBuffer allocate(final long lengthBytes) {
            final DmaBuffer buffer = inner.allocate(lengthBytes);
            allocations.add(buffer);
            return buffer;
        }

        @Override
        public Runnable onPoll() {
            return inner.onPoll();
        }

        @Override
        public boolean inline() {
            return inner.inline();
        }

        @Override
        public long nanoTime() {
            return inner.nanoTime();
        }

        @Override
        public String isolation() {
            return inner.isolation();
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    @Test
    void shouldKeepQueuesApartWhenTwoThreadsDriveTheirOwn() throws InterruptedException {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mdts=16k", DEVICE_BYTES, 4)) {
            final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
            final List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                final int half = i;
                threads.add(Thread.ofPlatform().start(() -> {
                    try (NvmeBlockQueue queue = rig.device.openQueue(4)) {
                        overwriteHalf(rig.device, queue, half);
                    } catch (final Throwable failed) {
                        failures.add(failed);
                    }
                }));
            }
            for (final Thread thread : threads) {
                thread.join();
            }
            assertEquals(List.of(), failures);
        }
    }

    private static void overwriteHalf(final NvmeBlockDevice device, final NvmeBlockQueue queue, final int half) {
        final DmaBuffer buffer = device.allocate(128 << 10);
        final byte[] found = new byte[64 << 10];
        for (int round = 0; round < 300; round++) {
            final long at = half * (DEVICE_BYTES / 2L) + (round % 50) * 65536L;
            final byte[] bytes = new byte[64 << 10];
            Arrays.fill(bytes, (byte) (round + 128 * half));
            buffer.copyIn(bytes, 0, 0, bytes.length);
            assertTrue(queue.write(1, at, bytes.length, buffer, 0, false));
            finish(queue);
            assertTrue(queue.read(2, at, bytes.length, buffer, 64 << 10));
            finish(queue);
            buffer.copyOut(64 << 10, found, 0, found.length);
            assertArrayEquals(bytes, found);
        }
    }

    private static void finish(final NvmeBlockQueue queue) {
        queue.submit();
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> assertOk(status), 8);
        }
    }

    private static final String IMPOSSIBLE = "a completion on queue 1 answers no command that it has: ";

    /** Bits of dword 2 (queue, head) and of dword 3 (command identifier) that make a completion nobody's. */
    @ParameterizedTest
    @CsvSource({"0, 1", "0, 32768", "0, 3", "65536, 0", "32768, 0"})
    void shouldResetAndSendEverythingAgainWhenACompletionIsImpossible(final int dword2, final int dword3) {
        for (final String mode : new String[] {"mode=inline", ""}) {
            try (ModelRig rig = ModelRig.create(directory.resolve("image"), mode, DEVICE_BYTES, 4)) {
                rig.device.listener(line -> { });
                final byte[] bytes = new byte[3 * 4096];
                new Random(3).nextBytes(bytes);
                assertOk(rig.writeBytes(4096, bytes, true));
                rig.model.faults().mangle(FaultPlan.ANY, 1, 1, dword2, dword3);
                final DmaBuffer buffer = rig.device.allocate(3 * 4096);
                for (int i = 0; i < 3; i++) {
                    assertTrue(rig.queue.read(i, (i + 1) * 4096L, 4096, buffer, i * 4096L));
                }
                rig.drain();
                assertEquals(3, rig.done.size());
                rig.done.values().forEach(ModelRig::assertOk);
                rig.done.clear();
                final byte[] found = new byte[bytes.length];
                buffer.copyOut(0, found, 0, found.length);
                assertArrayEquals(bytes, found);
                assertEquals(1, rig.queue.resets());
                assertEquals(1, rig.model.resets());
                assertTrue(rig.device.health().lastReset().startsWith(IMPOSSIBLE), rig.device.health().lastReset());
                assertEquals(BlockStatus.DRIVER_RESET, BlockStatus.code(rig.flush()), "writes may have been lost");
            }
        }
    }

    /** A stale phase is simply not seen: the command is late instead. */
    @Test
    void shouldGoOnWaitingWhenACompletionHasTheOldPhase() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mode=inline", DEVICE_BYTES, 4)) {
            rig.model.faults().mangle(2, 0, 1, 0, 0x0001_0000);
            assertTrue(rig.queue.read(1, 0, 4096, rig.device.allocate(4096), 0));
            rig.queue.submit();
            rig.poll();
            assertEquals(1, rig.queue.inFlight());
            assertEquals(0, rig.queue.failure());
        }
    }

    @Test
    void shouldStopTheControllerBeforeAnyRequestEndsWhenImpossibleCompletionsDoNotEnd() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "mode=inline", DEVICE_BYTES, 4)) {
            rig.device.listener(line -> { });
            final NvmeBlockQueue other = rig.device.openQueue(2);
            rig.model.faults().mangle(2, 0, FaultPlan.FOR_EVER, 0, 0x4000);
            final DmaBuffer buffer = rig.device.allocate(4096);
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_PROTOCOL, false),
                rig.read(0, 4096, buffer, 0));
            assertEquals(4, rig.model.resets(), "three that did not help, and the last stop");
            assertEquals(IMPOSSIBLE + "identifier 16384, submission queue 1, head 1; 3 resets within a minute did"
                + " not help",
                rig.device.failureReason());
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_GONE, false), rig.flush());
            assertTrue(other.flush(7));
            other.submit();
            final int[] status = {0};
            while (other.inFlight() > 0) {
                other.poll((token, result) -> status[0] = result, 4);
            }
            assertEquals(BlockStatus.DRIVER_PROTOCOL, BlockStatus.code(status[0]), "one controller, one end");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mode=inline"})
    void shouldSayThatTheControllerIsGoneWhenItLosesPower(final String parameters) {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), parameters, DEVICE_BYTES, 4)) {
            rig.model.losePower();
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_GONE, false), rig.flush());
        }
    }
}
