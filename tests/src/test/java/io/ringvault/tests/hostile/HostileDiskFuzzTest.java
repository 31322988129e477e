package io.ringvault.tests.hostile;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.model.ModelTransport;
import io.ringvault.tests.harness.CommitSink;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.Stamp;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The whole secure disk on a lying controller, many short lives of it: a volume with known content is opened, used and
 * closed while the adversary is at work, and then opened once more on an honest controller. Every byte that is returned
 * is right, everything else ends in a StorageException; nothing hangs; no plaintext is ever in DMA memory; what the
 * honest open finds is no older than the last acknowledged sync (there is an anchor), or it is refused.
 *
 * <p>{@code -Dseed=} starts elsewhere, {@code -Dfuzz.seconds=} runs for longer.
 */
@Timeout(value = 900, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileDiskFuzzTest {
    private static final int BLOCK = 4096;
    private static final int GRANULE = Script.GRANULE_BYTES;
    private static final int GRANULES = Script.BLOCK_GRANULES;
    private static final long MEMORY_LIMIT_BYTES = 64 << 20;
    private static final long WAIT_LIMIT_NS = 600_000_000_000L;
    private static final String[] MODELS = {"mdts=64k", "queues=1&mqes=4", "ms=8&extended=1", "ms=16&pi=1&mdts=16k",
        "block=512&mqes=2", "dbbuf=1&queues=2"};

    private final Map<String, Long> outcomes = new TreeMap<>();
    private final long[] attacks = new long[Attack.values().length];
    private final EngineKind kind = EngineKind.tiny(11);
    private Path directory;

    /** A volume on an honest controller, to be copied. */
    private record Template(String model, Path image, History history, SimAnchor anchor) {
    }

    @BeforeEach
    void directory() throws IOException {
        final Path memory = Path.of("/dev/shm");
        directory = Files.isWritable(memory) ? Files.createTempDirectory(memory, "ringvault")
            : Files.createTempDirectory("ringvault");
    }

    @AfterEach
    void delete() throws IOException {
        try (var files = Files.list(directory)) {
            for (final Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    @Test
    void shouldReturnRightDataOrATypedErrorWhateverTheControllerDoes() throws IOException {
        final long first = Long.getLong("seed", 1);
        final Template[] templates = new Template[MODELS.length];
        for (int i = 0; i < MODELS.length; i++) {
            templates[i] = template(MODELS[i], directory.resolve("template" + i));
        }
        final long end = System.nanoTime() + Long.getLong("fuzz.seconds", 15) * 1_000_000_000;
        long seed = first;
        for (; System.nanoTime() - end < 0; seed++) {
            try {
                new Life(templates[(int) Math.floorMod(seed, (long) MODELS.length)], seed).run();
            } catch (final RuntimeException | AssertionError failed) {
                throw new AssertionError("-Dseed=" + seed, failed);
            }
        }
        System.out.println("hostile controller against the disk: seeds " + first + " to " + (seed - 1) + ", "
            + (seed - first) + " cases; outcomes " + outcomes + "; attacks " + Arrays.toString(attacks));
        assertTrue(seed - first < 50 || outcomes.size() >= 6, "the adversary is blunt: " + outcomes);
        assertTrue(seed - first < 1000 || outcomes.containsKey("reopened with damage reported"),
            "the adversary damages nothing: " + outcomes);
        kind.seals().check();
    }

    private Template template(final String model, final Path image) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(kind.deviceBytes() / 512 * 600);
        }
        final SimAnchor anchor = new SimAnchor(1);
        kind.format(honest(model, image), anchor);
        final Recorder recorder = new Recorder(new History((int) (kind.userBytes() / GRANULE), 77));
        recorder.attach(kind.open(honest(model, image), anchor, recorder));
        final Random random = new Random(5);
        for (int i = 0; i < 120; i++) {
            final int lba = random.nextInt(EngineKind.TINY_BLOCKS - 4);
            recorder.write((long) lba * GRANULES, (1 + random.nextInt(4)) * GRANULES);
            if (i % 10 == 0) {
                recorder.sync();
            }
        }
        recorder.close();
        return new Template(model, image, recorder.history(), anchor);
    }

    private static ModelTransport model(final String model, final Path image) {
        return ModelTransport.open(DeviceUri.parse("nvme+model:" + image + "?mode=inline&" + model),
            OpenMode.READ_WRITE);
    }

    private static BlockDevice honest(final String model, final Path image) {
        return NvmeBlockDevice.open("honest", model(model, image), OpenMode.READ_WRITE, NvmeOptions.DEFAULTS);
    }

    private void count(final String outcome) {
        outcomes.merge(outcome, 1L, Long::sum);
    }

    private static void checkNoStamp(final Iterable<DmaBuffer> buffers) {
        final byte[] stamp = new byte[GRANULE];
        Stamp.write(stamp, 0, GRANULE, 1, 1, 77);
        final long magic = MemorySegment.ofArray(stamp).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        for (final DmaBuffer buffer : buffers) {
            final MemorySegment memory = buffer.segment();
            for (long at = 0; at + 8 <= memory.byteSize(); at++) {
                if (memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at) == magic) {
                    throw new AssertionError("plaintext in memory that the device sees, at " + at);
                }
            }
        }
    }

    /**
     * What the disk believes to be durable on a liar's word need not be. Syncs that were acknowledged are: the anchor
     * has them, and a disk that opens without them would be an older one.
     */
    private record SealedOnly(Recorder recorder) implements CommitSink {
        @Override
        public void sealed(final long epoch, final boolean engineStarted) {
            recorder.sealed(epoch, engineStarted);
        }

        @Override
        public void durable(final long epoch) {
            // Not before a sync says so.
        }
    }

    /** One session on a hostile controller and one on an honest one. */
    private final class Life {
        private final Template template;
        private final Random random;
        private final Path image = directory.resolve("image");
        private final SimAnchor anchor;
        private final Recorder recorder;
        private final HostileTransport hostile;
        private final WatchedTransport watched;
        private final Attack only;
        private final int rate;
        private boolean uncertain;

        Life(final Template template, final long seed) throws IOException {
            this.template = template;
            this.random = new Random(seed);
            this.anchor = template.anchor.copy();
            this.recorder = new Recorder(template.history.copy());
            Files.copy(template.image, image, StandardCopyOption.REPLACE_EXISTING);
            hostile = new HostileTransport(model(template.model, image), seed);
            watched = new WatchedTransport(hostile);
            watched.beforeClose(() -> checkNoStamp(watched.buffers()));
            only = random.nextBoolean() ? null : Attack.values()[random.nextInt(Attack.values().length)];
            rate = 1 << 3 + random.nextInt(9);
        }

        void run() {
            session();
            assertTrue(hostile.isClosed(), "the transport was not let go");
            assertTrue(hostile.allocatedBytes() < MEMORY_LIMIT_BYTES, hostile.allocatedBytes() + " bytes");
            assertTrue(hostile.waitedNs() < WAIT_LIMIT_NS, "waited " + hostile.waitedNs() + " ns");
            for (final Attack attack : Attack.values()) {
                attacks[attack.ordinal()] += hostile.count(attack);
            }
            reopen();
        }

        private void session() {
            hostile.arm(random.nextInt(3) == 0 ? rate : 0, only);
            final BlockDevice device;
            try {
                device = NvmeBlockDevice.open("fuzz", watched, OpenMode.READ_WRITE,
                    new NvmeOptions(500, 200, random.nextInt(4), 4, 0));
            } catch (final StorageException refused) {
                count("device refused");
                return;
            }
            hostile.arm(random.nextBoolean() ? rate : 0, only);
            final EngineDisk disk;
            try {
                disk = kind.open(device, anchor, new SealedOnly(recorder));
            } catch (final StorageException refused) {
                hostile.arm(0, null);
                closeQuietly(device);
                count("open refused: " + refused.category());
                return;
            }
            recorder.attach(disk);
            hostile.arm(rate, only);
            use(disk);
            final String poison = disk.poisonReason();
            assertTrue(poison == null || !poison.contains("Exception") && !poison.contains("Error:"),
                "an exception that nobody expected: " + poison);
            try {
                if (random.nextInt(4) == 0) {
                    disk.abandon();
                    count("abandoned");
                } else {
                    disk.close();
                    count(poison == null ? "closed" : "closed poisoned");
                }
            } catch (final StorageException failed) {
                count("close: " + failed.category());
            }
        }

        private void closeQuietly(final BlockDevice device) {
            try {
                device.close();
            } catch (final StorageException failed) {
                count("device close failed");
            }
        }

        private void use(final EngineDisk disk) {
            for (int i = 0; i < 30; i++) {
                try {
                    if (uncertain || random.nextInt(3) == 0) {
                        read(disk, random.nextInt(EngineKind.TINY_BLOCKS));
                    } else {
                        change(disk);
                    }
                } catch (final StorageException failed) {
                    count("request: " + failed.category());
                }
            }
        }

        /** After a change that failed only reading goes on: whether it took effect is not known. */
        private void change(final EngineDisk disk) {
            uncertain = true;
            final int lba = random.nextInt(EngineKind.TINY_BLOCKS - 4);
            final int length = (1 + random.nextInt(4)) * GRANULES;
            switch (random.nextInt(6)) {
                case 0 -> recorder.trim(lba * GRANULES, length);
                case 1 -> recorder.sync();
                case 2 -> disk.idle(50);
                case 3 -> recorder.write((long) lba * GRANULES + 1, 2);
                default -> recorder.write((long) lba * GRANULES, length);
            }
            uncertain = false;
        }

        private void read(final EngineDisk disk, final int lba) {
            final byte[] block = new byte[BLOCK];
            disk.read((long) lba * BLOCK, block, 0, BLOCK);
            final History history = recorder.history();
            final long[] before = uncertain ? history.state(history.completed()) : null;
            for (int g = 0; g < GRANULES; g++) {
                final int granule = lba * GRANULES + g;
                final long found = Stamp.read(block, g * GRANULE, GRANULE, granule, history.run());
                assertTrue(found == history.newest(granule) || before != null && found == before[granule],
                    "block " + lba + " returned version " + found + " instead of " + history.newest(granule));
            }
            count("read right");
        }

        private void reopen() {
            final History history = recorder.history();
            recorder.opening(history);
            final BlockDevice device = honest(template.model, image);
            final EngineDisk disk;
            try {
                disk = kind.open(device, anchor, recorder);
            } catch (final StorageException refused) {
                device.close();
                assertTrue(refused.category() == StorageException.Category.INTEGRITY
                    || refused.category() == StorageException.Category.FRESHNESS, "reopening: " + refused);
                count("reopen refused: " + refused.category());
                return;
            }
            try {
                judge(disk, history);
            } finally {
                disk.abandon();
            }
        }

        private void judge(final EngineDisk disk, final History history) {
            final byte[] all = new byte[(int) kind.userBytes()];
            final BitSet damaged = new BitSet();
            for (int lba = 0; lba < EngineKind.TINY_BLOCKS; lba++) {
                try {
                    disk.read((long) lba * BLOCK, all, lba * BLOCK, BLOCK);
                } catch (final StorageException unreadable) {
                    assertTrue(unreadable.category() == StorageException.Category.INTEGRITY, "read: " + unreadable);
                    damaged.set(lba);
                }
            }
            final BitSet admissible = history.admissible();
            if (damaged.isEmpty()) {
                HistoryChecker.check(history, all, GRANULE, admissible);
                count("reopened intact");
                return;
            }
            final long[] observed = HistoryChecker.observe(all, GRANULE, history.run());
            final BitSet right = new BitSet();
            for (int j = admissible.nextSetBit(0); j >= 0; j = admissible.nextSetBit(j + 1)) {
                final long[] state = history.state(j);
                for (int g = 0; g < observed.length; g++) {
                    if (observed[g] == state[g] || damaged.get(g / GRANULES)) {
                        right.set(g);
                    }
                }
            }
            assertTrue(right.cardinality() == observed.length, "granule " + right.nextClearBit(0) + " is wrong");
            count("reopened with damage reported");
        }
    }
}
