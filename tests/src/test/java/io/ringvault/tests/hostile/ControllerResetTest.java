package io.ringvault.tests.hostile;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.model.ControllerModel;
import io.ringvault.nvme.model.FaultPlan;
import io.ringvault.nvme.model.FaultPlan.Hang;
import io.ringvault.nvme.model.ModelTransport;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The whole secure disk over the driver and a controller that has to be reset again and again, and loses a random part
 * of its volatile cache each time: commands hang (before, after or late into the reset), completions are impossible,
 * the controller reports a fatal state or does not come up at once; now and then the power fails in mid-load. Nothing
 * that a client asked for fails; what was not yet durable is written again with identical bytes; after each crash the
 * disk is one state of its history, no older than the last acknowledged sync.
 *
 * <p>{@code -Dseed=} runs one life of that seed, {@code -Dfuzz.seconds=} as many as fit.
 */
@Timeout(value = 900, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ControllerResetTest {
    private static final int GRANULE = Script.GRANULE_BYTES;
    private static final int GRANULES = Script.BLOCK_GRANULES;
    private static final int LIVES = 8;
    private static final int SESSIONS = 3;
    private static final String[] MODELS = {"", "queues=1", "block=512&mdts=8k&mqes=6", "mqes=2"};
    private static final NvmeOptions OPTIONS =
        NvmeOptions.DEFAULTS.withCommandTimeoutMs(100).withAdminTimeoutMs(200).withResetsPerMinute(100_000);

    private Path image;
    private long resets;
    private long rewritten;
    private long identical;
    private long aborts;
    private long crashes;

    @BeforeEach
    void image() throws IOException {
        final Path memory = Path.of("/dev/shm");
        image = Files.isWritable(memory) ? Files.createTempFile(memory, "ringvault", ".image")
            : Files.createTempFile("ringvault", ".image");
    }

    @AfterEach
    void delete() throws IOException {
        Files.delete(image);
    }

    @Test
    void shouldLoseAndRepeatNothingWhenTheControllerIsResetInMidLoad() throws IOException {
        final boolean one = System.getProperty("seed") != null;
        final long end = System.nanoTime() + Long.getLong("fuzz.seconds", 0) * 1_000_000_000;
        long seed = Long.getLong("seed", 1);
        for (int lives = 0; lives < (one ? 1 : LIVES) || System.nanoTime() - end < 0; lives++, seed++) {
            try {
                new Life(seed).run();
            } catch (final RuntimeException | AssertionError failed) {
                throw new AssertionError("-Dseed=" + seed, failed);
            }
        }
        System.out.println("controller resets under the disk: " + resets + " resets noticed, " + aborts + " aborts, "
            + rewritten + " chunks and runs written again, " + identical + " identical blocks, " + crashes
            + " power failures");
        assertTrue(one || resets > LIVES && rewritten > LIVES && identical > LIVES && aborts > LIVES && crashes > 0,
            "the test tests nothing");
    }

    private final class Life {
        private final Random random;
        private final EngineKind kind;
        private final SimAnchor anchor = new SimAnchor(1);
        private final Recorder recorder;
        private final String model;
        private ControllerModel controller;
        private NvmeBlockDevice device;
        private WriteSpy spy;

        Life(final long seed) throws IOException {
            random = new Random(seed);
            kind = EngineKind.tiny(seed);
            model = MODELS[(int) Math.floorMod(seed, (long) MODELS.length)];
            recorder = new Recorder(new History((int) (kind.userBytes() / GRANULE), seed));
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
                file.setLength(0);
                file.setLength(kind.deviceBytes());
            }
            kind.format(connect(), anchor);
        }

        private NvmeBlockDevice connect() {
            final ModelTransport transport = ModelTransport.open(DeviceUri.parse("nvme+model:" + image
                + "?mode=inline&cache=1m&reset=lossy&" + model), OpenMode.READ_WRITE);
            controller = transport.model();
            controller.surviveReset(block -> random.nextBoolean());
            spy = new WriteSpy(transport, kind.seals(), kind.geometry(), model.startsWith("block=512") ? 512 : 4096);
            device = NvmeBlockDevice.open("reset", spy, OpenMode.READ_WRITE, OPTIONS);
            device.listener(line -> { });
            return device;
        }

        void run() {
            EngineDisk disk = kind.open(connect(), anchor, recorder);
            recorder.attach(disk);
            for (int session = 0; session < SESSIONS; session++) {
                if (random.nextBoolean()) {
                    load(disk, 60);
                    calm(disk);
                    recorder.close();
                    disk = kind.open(connect(), anchor, recorder);
                    recorder.attach(disk);
                } else {
                    disk = crash(disk);
                }
                recorder.checkNewest();
            }
            calm(disk);
            recorder.close();
            kind.seals().check();
        }

        /** A session without a power failure: everything that was asked for has worked. */
        private void calm(final EngineDisk disk) {
            controller.faults().clear();
            recorder.sync();
            recorder.checkNewest();
            assertNull(disk.poisonReason());
            look(disk);
        }

        private void look(final EngineDisk disk) {
            assertNull(spy.violation());
            resets += disk.engine().counters().deviceResets();
            rewritten += disk.engine().counters().chunksRewritten();
            identical += spy.identical();
            aborts += device.health().aborts();
        }

        private EngineDisk crash(final EngineDisk before) {
            load(before, 20);
            spy.after(random.nextInt(40), () -> controller.losePower(block -> random.nextBoolean()));
            boolean failed = false;
            for (int i = 0; i < 200 && !failed; i++) {
                try {
                    operate(before);
                } catch (final StorageException lost) {
                    failed = true;
                }
            }
            assertTrue(failed, "the power did not fail");
            look(before);
            before.abandon();
            crashes++;
            final History past = recorder.history();
            recorder.opening(past);
            final EngineDisk disk = kind.open(connect(), anchor, recorder);
            final int state =
                HistoryChecker.check(past, Recorder.readAll(disk), GRANULE, past.admissible());
            recorder.start(past.continueFrom(state), disk);
            return disk;
        }

        private void load(final EngineDisk disk, final int operations) {
            for (int i = 0; i < operations; i++) {
                if (random.nextInt(3) == 0) {
                    plan();
                }
                operate(disk);
            }
            assertNull(disk.poisonReason());
        }

        /** What goes wrong next. One rule at a time, so that no request meets three of them. */
        private void plan() {
            final FaultPlan faults = controller.faults();
            final int skip = random.nextInt(6);
            faults.clear();
            switch (random.nextInt(8)) {
                case 0 -> faults.fatal(FaultPlan.ANY, skip);
                case 1 -> faults.mangle(FaultPlan.ANY, skip, 1, 0, 1 << random.nextInt(16));
                case 2 -> {
                    faults.fatal(FaultPlan.ANY, skip);
                    faults.refuseEnables(1 + random.nextInt(2));
                }
                case 3 -> faults.hang(0, 0, 1, Hang.values()[random.nextInt(3)], random.nextBoolean());
                default -> faults.hang(FaultPlan.ANY, skip, 1, Hang.values()[random.nextInt(3)], random.nextBoolean());
            }
        }

        private void operate(final EngineDisk disk) {
            final int lba = random.nextInt(EngineKind.TINY_BLOCKS - 4);
            final int length = (1 + random.nextInt(4)) * GRANULES;
            switch (random.nextInt(9)) {
                case 0 -> recorder.trim(lba * GRANULES, length);
                case 1, 2 -> recorder.sync();
                case 3 -> disk.idle(50);
                case 4 -> recorder.write((long) lba * GRANULES + 1, 2);
                case 5 -> recorder.checkNewest();
                default -> recorder.write((long) lba * GRANULES, length);
            }
        }
    }
}
