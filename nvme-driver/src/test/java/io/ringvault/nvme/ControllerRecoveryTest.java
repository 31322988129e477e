package io.ringvault.nvme;

import static io.ringvault.nvme.ModelRig.assertOk;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.model.FaultPlan;
import io.ringvault.nvme.model.FaultPlan.Hang;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Time-outs, aborts, resets and their end, against the controller model; inline unless a test says otherwise. */
class ControllerRecoveryTest {
    private static final int SIZE = 1 << 20;
    private static final int WRITE = 1;
    private static final int READ = 2;
    private static final NvmeOptions SHORT = NvmeOptions.DEFAULTS.withCommandTimeoutMs(100).withAdminTimeoutMs(200);

    @TempDir
    private Path directory;

    private Path memory;

    private final List<String> lines = new ArrayList<>();

    /** Flushes of a real file system would take most of the time. */
    @BeforeEach
    void useMemoryWhereThereIsAny() throws IOException {
        final Path shared = Path.of("/dev/shm");
        memory = Files.isWritable(shared) ? Files.createTempDirectory(shared, "ringvault-recovery") : directory;
    }

    @AfterEach
    void removeFromMemory() throws IOException {
        if (!memory.equals(directory)) {
            Files.deleteIfExists(memory.resolve("image"));
            Files.delete(memory);
        }
    }

    private ModelRig rig(final String parameters, final int depth, final NvmeOptions options) {
        final Path image = memory.resolve("image");
        ModelRig.create(image, parameters, SIZE, 1).close();
        final ModelRig rig = ModelRig.open(image, parameters, depth, options);
        rig.device.listener(lines::add);
        return rig;
    }

    private static byte[] bytes(final long seed, final int length) {
        final byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(strings = {"BEFORE", "AFTER"})
    void shouldSendACommandAgainWhenItWasAborted(final Hang when) {
        try (ModelRig rig = rig("mode=inline", 4, SHORT)) {
            rig.model.faults().hang(WRITE, 0, 1, when, true);
            final byte[] content = bytes(1, 8192);
            assertOk(rig.writeBytes(4096, content, false));
            assertArrayEquals(content, rig.readBytes(4096, 8192));
            assertEquals(1, rig.device.health().aborts());
            assertEquals(0, rig.device.health().resets());
            assertEquals(0, rig.model.resets());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"BEFORE", "AFTER", "AT_RESET"})
    void shouldResetAndSendEverythingAgainWhenAnAbortDoesNotHelp(final Hang when) {
        try (ModelRig rig = rig("mode=inline&mdts=8k&mqes=6", 8, SHORT)) {
            rig.model.faults().hang(WRITE, 3, 1, when, false);
            final byte[] content = bytes(2, 8 * 32768);
            final DmaBuffer buffer = rig.device.allocate(content.length);
            buffer.copyIn(content, 0, 0, content.length);
            for (int i = 0; i < 8; i++) {
                assertTrue(rig.queue.write(i, i * 32768L, 32768, buffer, i * 32768L, false));
            }
            rig.drain();
            assertEquals(8, rig.done.size());
            rig.done.values().forEach(ModelRig::assertOk);
            rig.done.clear();
            assertEquals(1, rig.queue.resets());
            assertEquals(1, rig.device.health().resets());
            assertTrue(rig.device.health().lastReset().contains("no answer to write (queue 1"),
                rig.device.health().lastReset());
            assertEquals(1, lines.size(), lines.toString());
            assertEquals(BlockStatus.DRIVER_RESET, BlockStatus.code(rig.flush()), "the reset is not acknowledged");
            rig.queue.acknowledgeReset();
            assertOk(rig.flush());
            assertArrayEquals(content, rig.readBytes(0, content.length));
        }
    }

    @Test
    void shouldTellTheOwnerWhenAFlushHangsAndNeverAbortIt() {
        try (ModelRig rig = rig("mode=inline&cache=64k&reset=lossy", 4, SHORT)) {
            final byte[] content = bytes(3, 4096);
            assertOk(rig.writeBytes(0, content, false));
            rig.model.faults().hang(0, 0, 1, Hang.BEFORE, true);
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_RESET, false),
                rig.flush());
            assertEquals(0, rig.device.health().aborts());
            assertArrayEquals(new byte[4096], rig.readBytes(0, 4096), "the model's cache was to be lost");
            assertOk(rig.writeBytes(0, content, false));
            rig.queue.acknowledgeReset();
            assertOk(rig.flush());
            rig.model.losePower();
        }
        try (ModelRig rig = ModelRig.open(memory.resolve("image"), "mode=inline", 4, SHORT)) {
            assertArrayEquals(bytes(3, 4096), rig.readBytes(0, 4096));
        }
    }

    @Test
    void shouldGiveUpTheCommandAloneWhenItHangsEveryTime() {
        try (ModelRig rig = rig("mode=inline", 4, SHORT.withResetsPerMinute(10))) {
            rig.model.faults().hang(READ, 0, FaultPlan.FOR_EVER, Hang.BEFORE, false);
            final DmaBuffer buffer = rig.device.allocate(4096);
            assertEquals(BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_TIMEOUT, false),
                rig.read(0, 4096, buffer, 0));
            assertEquals(NvmeBlockQueue.BLAMED_MAX, rig.device.health().resets());
            rig.model.faults().clear();
            assertOk(rig.read(0, 4096, buffer, 0));
        }
    }

    @Test
    void shouldGiveUpTheControllerWhenResetsDoNotHelpWithinAMinute() {
        try (ModelRig rig = rig("mode=inline", 4, SHORT.withResetsPerMinute(2))) {
            rig.model.faults().hang(FaultPlan.ANY, 0, FaultPlan.FOR_EVER, Hang.BEFORE, false);
            final DmaBuffer buffer = rig.device.allocate(4096);
            assertEquals(BlockStatus.DRIVER_GONE, BlockStatus.code(rig.read(0, 4096, buffer, 0)));
            assertTrue(rig.device.failureReason().contains("no answer to read (queue 1")
                && rig.device.failureReason().contains("within 100 ms")
                && rig.device.failureReason().contains("2 resets within a minute did not help"),
                rig.device.failureReason());
            assertEquals(BlockStatus.DRIVER_GONE, BlockStatus.code(rig.flush()));
            assertThrows(StorageException.class, () -> rig.device.openQueue(1));
        }
    }

    @Test
    void shouldNameBothReasonsWhenTheResetItselfFails() {
        try (ModelRig rig = rig("mode=inline", 4, SHORT)) {
            rig.model.faults().hang(READ, 0, 1, Hang.BEFORE, false);
            rig.model.faults().stickAtReset();
            final DmaBuffer buffer = rig.device.allocate(4096);
            assertEquals(BlockStatus.DRIVER_GONE, BlockStatus.code(rig.read(0, 4096, buffer, 0)));
            assertTrue(rig.device.failureReason()
                .matches("(?s).*no answer to read.*could not be stopped:.*CSTS.RDY did not.*"),
                rig.device.failureReason());
            assertThrows(StorageException.class, rig.device::close, "close tells that it could not stop the device");
        }
    }

    @Test
    void shouldTryAgainWhenTheControllerDoesNotComeUpAtOnce() {
        try (ModelRig rig = rig("mode=inline", 4, SHORT)) {
            rig.model.faults().fatal(READ, 0);
            rig.model.faults().refuseEnables(2);
            final DmaBuffer buffer = rig.device.allocate(4096);
            assertOk(rig.read(0, 4096, buffer, 0));
            assertEquals(3, rig.model.resets());
            assertTrue(rig.device.health().lastReset().contains("CSTS.CFS"), rig.device.health().lastReset());
        }
    }

    @ParameterizedTest
    @CsvSource({"-1,1", "2,1", "0,1", "-1,3"})
    void shouldRecoverWhenTheStatusRegisterFlaps(final int value, final int times) {
        try (ModelRig rig = rig("mode=inline", 4, SHORT)) {
            final byte[] content = bytes(5, 4096);
            rig.model.faults().hang(WRITE, 0, 1, Hang.AFTER, false);
            rig.model.faults().flap(value, times);
            assertOk(rig.writeBytes(0, content, true));
            assertArrayEquals(content, rig.readBytes(0, 4096));
            assertTrue(rig.device.health().resets() >= 1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mode=inline", ""})
    void shouldTouchNothingAndSaySoWhenTheControllerIsRemoved(final String parameters) {
        try (ModelRig rig = rig(parameters, 4, SHORT)) {
            final DmaBuffer buffer = rig.device.allocate(4096);
            rig.model.losePower();
            assertEquals(BlockStatus.DRIVER_GONE, BlockStatus.code(rig.write(0, 4096, buffer, 0, false)));
            assertTrue(rig.device.failureReason().contains("all ones"), rig.device.failureReason());
            final long doorbells = rig.queue.doorbellWrites();
            assertEquals(BlockStatus.DRIVER_GONE, BlockStatus.code(rig.flush()));
            assertEquals(doorbells, rig.queue.doorbellWrites());
            assertEquals(0, rig.device.health().resets());
        }
    }

    @Test
    void shouldRebuildAQueueWhoseOwnerSleptThroughTwoResets() {
        try (ModelRig rig = rig("mode=inline", 4, SHORT)) {
            final NvmeBlockQueue sleeper = rig.device.openQueue(4);
            final DmaBuffer buffer = rig.device.allocate(8192);
            assertTrue(sleeper.write(1, 8192, 4096, buffer, 4096, false));
            for (int i = 0; i < 2; i++) {
                rig.model.faults().hang(READ, 0, 1, Hang.BEFORE, false);
                assertOk(rig.read(0, 4096, buffer, 0));
            }
            assertEquals(2, rig.queue.resets());
            sleeper.submit();
            assertEquals(0, rig.model.badDoorbells());
            final int[] status = {-1};
            while (sleeper.inFlight() > 0) {
                sleeper.poll((token, result) -> status[0] = result, 4);
            }
            assertOk(status[0]);
            assertEquals(1, sleeper.resets());
            sleeper.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reset=keep", "reset=lossy&cache=256k", "reset=lossy&cache=256k&block=512&mdts=8k&mqes=5",
        "dbbuf=1&reset=lossy&cache=256k"})
    void shouldLoseAndRepeatNothingWhenAnyOneCommandOfAWorkloadHangs(final String parameters) {
        final int commands = workload(parameters, -1, Hang.BEFORE, 0);
        assertTrue(commands > 20, commands + " commands");
        for (int index = 0; index < commands; index++) {
            workload(parameters, index, Hang.values()[index % 3], index % 4 == 0 ? index | 1 << 20 : index);
        }
    }

    /**
     * Writes blocks, some twice, some with FUA; flushes; after a reset writes again what was not durable. At the end
     * every block must be what was written last, also after the power was lost.
     *
     * @return the commands that the model served
     */
    private int workload(final String parameters, final int hangAt, final Hang when, final int seed) {
        final Path image = memory.resolve("image");
        final String uri = "mode=inline&" + parameters;
        final String what = parameters + ", command " + hangAt + " " + when + ", seed " + seed;
        try (ModelRig rig = ModelRig.create(image, uri, SIZE, 1)) {
            rig.queue.writeZeroes(1, 0, SIZE);
            assertOk(rig.await(1));
        }
        final SplittableRandom random = new SplittableRandom(77);
        final int blocks = 16;
        final byte[][] content = new byte[blocks][4096];
        final boolean[] volatileNow = new boolean[blocks];
        final int served;
        try (ModelRig rig = ModelRig.open(image, uri, 8, SHORT)) {
            rig.device.listener(line -> { });
            final DmaBuffer buffer = rig.device.allocate(blocks * 4096L);
            if (hangAt >= 0) {
                rig.model.faults().hang(FaultPlan.ANY, hangAt, 1, when, (seed & 1 << 20) == 0);
            }
            long resets = 0;
            for (int round = 0; round < 6; round++) {
                for (int i = 0; i < 6; i++) {
                    final int block = (round * 5 + i) % blocks;
                    random.nextBytes(content[block]);
                    buffer.copyIn(content[block], 0, block * 4096L, 4096);
                    final boolean fua = random.nextInt(4) == 0;
                    volatileNow[block] |= !fua;
                    assertTrue(rig.queue.write(block, block * 4096L, 4096, buffer, block * 4096L, fua), what);
                }
                rig.drain();
                rig.done.values().forEach(status -> assertEquals(0, status, what));
                rig.done.clear();
                boolean flushed = false;
                while (!flushed) {
                    if (rig.queue.resets() != resets) {
                        resets = rig.queue.resets();
                        rig.queue.acknowledgeReset();
                        for (int block = 0; block < blocks; block++) {
                            if (volatileNow[block]) {
                                assertOk(rig.write(block * 4096L, 4096, buffer, block * 4096L, false));
                            }
                        }
                    }
                    final long before = rig.queue.resets();
                    final int status = rig.flush();
                    flushed = status == 0 && rig.queue.resets() == before && before == resets;
                    assertTrue(status == 0 || BlockStatus.isReset(status), what + ": " + BlockStatus.describe(status));
                }
                Arrays.fill(volatileNow, false);
            }
            assertTrue(rig.queue.resets() + rig.device.health().aborts() >= (hangAt < 0 ? 0 : 1) || hangAt >= 40, what);
            served = (int) rig.queue.commandsCompleted();
            rig.model.losePower();
        }
        try (ModelRig rig = ModelRig.open(image, uri, 4, SHORT)) {
            for (int block = 0; block < blocks; block++) {
                assertArrayEquals(content[block], rig.readBytes(block * 4096L, 4096), what + ", block " + block);
            }
        }
        return served;
    }

    @Test
    void shouldRecoverUnderItsOwnThreadWhenCommandsHangInMidLoad() {
        try (ModelRig rig = rig("dbbuf=1", 32, SHORT.withResetsPerMinute(20))) {
            final byte[] content = bytes(9, SIZE);
            final DmaBuffer buffer = rig.device.allocate(SIZE);
            buffer.copyIn(content, 0, 0, SIZE);
            for (int round = 0; round < 4; round++) {
                rig.model.faults().hang(WRITE, 40, 1, Hang.values()[round % 3], false);
                for (int block = 0; block < SIZE / 4096; block++) {
                    while (!rig.queue.write(block, block * 4096L, 4096, buffer, block * 4096L, false)) {
                        rig.queue.submit();
                        rig.poll();
                    }
                }
                rig.drain();
                assertEquals(SIZE / 4096, rig.done.size());
                rig.done.values().forEach(ModelRig::assertOk);
                rig.done.clear();
            }
            // Time limits are real here, and a machine that is busy elsewhere makes more commands late than the four
            // that hang: so at least four, and no more than the controller has seen. The inline tests count exactly.
            assertTrue(rig.queue.resets() >= 4, rig.queue.resets() + " resets");
            assertTrue(rig.queue.resets() <= rig.model.resets(), rig.queue.resets() + " of " + rig.model.resets());
            assertArrayEquals(content, rig.readBytes(0, SIZE));
        }
    }

    @Test
    void shouldCloseInTimeWhenARecoveryIsUnderWay() {
        final ModelRig rig = rig("", 4, SHORT.withResetsPerMinute(100));
        final DmaBuffer buffer = rig.device.allocate(4096);
        rig.model.faults().hang(READ, 0, 1, Hang.BEFORE, false);
        rig.model.faults().refuseEnables(1000);
        assertTrue(rig.queue.read(1, 0, 4096, buffer, 0));
        rig.queue.submit();
        while (rig.model.resets() == 0) {
            rig.poll();
        }
        rig.device.close();
        rig.queue.close();
        rig.device.close();
        assertEquals(0, rig.done.size());
    }

    /** The control plane looks in between: a queue that is being closed is not one that waits to be created anew. */
    @Test
    void shouldNotResetTheControllerWhenAQueueIsClosed() throws Exception {
        try (ModelRig rig = rig("mode=thread", 4, SHORT)) {
            final AtomicBoolean ended = new AtomicBoolean();
            final Thread looking = Thread.ofPlatform().start(() -> {
                while (!ended.get()) {
                    rig.device.controller().recovery().serve();
                }
            });
            try {
                for (int i = 0; i < 200; i++) {
                    rig.device.openQueue(2).close();
                }
            } finally {
                ended.set(true);
                looking.join();
            }
            assertEquals(0, rig.device.health().resets(), rig.device.health().lastReset());
            assertEquals("", rig.device.failureReason());
        }
    }
}
