package io.ringvault.tests.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeBlockQueue;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.model.ModelTransport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The driver against a lying controller, many short lives of it. Whatever it does: each accepted request completes
 * exactly once, each control call returns or throws a StorageException, memory stays bounded, and virtual time too.
 * Content is not judged here: a driver cannot know it.
 *
 * <p>{@code -Dseed=} starts elsewhere, {@code -Dfuzz.seconds=} runs for longer.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileControllerFuzzTest {
    private static final long MEMORY_LIMIT_BYTES = 64 << 20;
    private static final long WAIT_LIMIT_NS = 300_000_000_000L;
    private static final int POLL_LIMIT = 4_000_000;
    private static final String[] MODELS = {"", "mqes=2", "mqes=3&block=512&mdts=8k", "ms=8&extended=1", "ms=16&pi=1",
        "queues=1&dstrd=3", "namespaces=2,9", "zeroes=off&deallocate=off", "ms=64&block=512&mqes=64",
        "dbbuf=1", "dbbuf=1&mqes=2&dstrd=1&cache=64k&reset=lossy"};
    private static final int MOST_LINES = 200;

    @TempDir
    private Path directory;

    private final Map<String, Long> outcomes = new TreeMap<>();

    @Test
    void shouldEndEveryRequestOnceWhateverTheControllerDoes() throws IOException {
        final long first = Long.getLong("seed", 1);
        final long end = System.nanoTime() + Long.getLong("fuzz.seconds", 10) * 1_000_000_000;
        final Path memory = Path.of("/dev/shm");
        final Path image = Files.isWritable(memory) ? Files.createTempFile(memory, "ringvault", ".image")
            : directory.resolve("image"); // syncing to a disk would take most of the time
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(2 << 20);
        }
        long seed = first;
        final long[] attacks = new long[Attack.values().length];
        for (; System.nanoTime() - end < 0; seed++) {
            try {
                new Life(image, seed, attacks).run();
            } catch (final RuntimeException | AssertionError failed) {
                throw new AssertionError("-Dseed=" + seed, failed);
            }
        }
        Files.delete(image);
        System.out.println("hostile controller against the driver: seeds " + first + " to " + (seed - 1) + ", "
            + (seed - first) + " cases; outcomes " + outcomes + "; attacks " + java.util.Arrays.toString(attacks));
        assertTrue(seed - first < 50 || outcomes.size() >= 4, "the adversary is blunt: " + outcomes);
        assertTrue(seed - first < 50 || java.util.Arrays.stream(attacks).allMatch(count -> count > 0),
            "an attack never happened: " + java.util.Arrays.toString(attacks));
    }

    /** Found by this fuzzer: the close of a queue threw, and the disk above took it for a failure of its agent. */
    @Test
    void shouldNotThrowWhenAQueueIsClosedThatTheControllerDoesNotDelete() throws IOException {
        final Path image = directory.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        final HostileTransport transport = new HostileTransport(ModelTransport.open(
            DeviceUri.parse("nvme+model:" + image + "?mode=inline"), OpenMode.READ_WRITE), 1);
        try (NvmeBlockDevice device = NvmeBlockDevice.open("u", transport, OpenMode.READ_WRITE,
            new NvmeOptions(500, 200, 1, 2, 0))) {
            final NvmeBlockQueue queue = device.openQueue(1);
            transport.arm(1, Attack.SILENCE);
            queue.close();
            transport.arm(0, null);
            assertEquals(2, device.queues());
            final StorageException thrown = assertThrows(StorageException.class, () -> device.openQueue(1));
            assertTrue(thrown.getMessage().contains("no answer to Delete I/O Submission Queue 1"), thrown.getMessage());
        }
        assertTrue(transport.isClosed());
    }

    private void count(final String outcome) {
        outcomes.merge(outcome, 1L, Long::sum);
    }

    /** One controller from open to close. */
    private final class Life {
        private final Random random;
        private final HostileTransport transport;
        private final long[] attacks;
        private final Set<Long> open = new HashSet<>();
        private long nextToken;
        private int lines;

        Life(final Path image, final long seed, final long[] attacks) {
            this.random = new Random(seed);
            this.attacks = attacks;
            final String model = MODELS[random.nextInt(MODELS.length)];
            this.transport = new HostileTransport(ModelTransport.open(DeviceUri.parse("nvme+model:" + image
                + "?mode=inline&" + (model.isEmpty() ? "mdts=64k" : model)), OpenMode.READ_WRITE), seed);
        }

        void run() {
            final Attack kind = random.nextBoolean() ? null : Attack.values()[random.nextInt(Attack.values().length)];
            final int rate = 1 << 1 + random.nextInt(9);
            final boolean fromTheStart = random.nextInt(3) != 0;
            transport.arm(fromTheStart ? rate : 0, kind);
            try (NvmeBlockDevice device = NvmeBlockDevice.open("fuzz", transport, OpenMode.READ_WRITE,
                new NvmeOptions(500, 200, random.nextInt(4), 1 + random.nextInt(4), 0))) {
                device.listener(line -> lines++);
                transport.arm(rate, kind);
                use(device);
            } catch (final StorageException refused) {
                count(refused.category() + " " + phase(refused.getMessage()));
            } finally {
                transport.arm(0, null);
                assertTrue(transport.isClosed(), "the transport was not let go");
                assertTrue(transport.allocatedBytes() < MEMORY_LIMIT_BYTES, transport.allocatedBytes() + " bytes");
                assertTrue(lines < MOST_LINES, lines + " lines were said");
                assertTrue(transport.waitedNs() < WAIT_LIMIT_NS, "waited " + transport.waitedNs() + " ns");
                for (final Attack attack : Attack.values()) {
                    attacks[attack.ordinal()] += transport.count(attack);
                }
            }
        }

        private static String phase(final String message) {
            return message.replaceFirst("device 'fuzz': ", "").replaceAll("[0-9x]+", "N")
                .replaceAll("(\\S+ \\S+ \\S+).*", "$1");
        }

        private void use(final NvmeBlockDevice device) {
            final DmaBuffer buffer = device.allocate(256 << 10);
            final int queues = 1 + random.nextInt(3);
            for (int i = 0; i < queues; i++) {
                open.clear();
                try (NvmeBlockQueue queue = device.openQueue(1 + random.nextInt(40))) {
                    drive(device, queue, buffer);
                    count(queue.failure() == 0 ? "queue survived"
                        : "queue: " + BlockStatus.describe(queue.failure()));
                }
            }
        }

        private void drive(final NvmeBlockDevice device, final NvmeBlockQueue queue, final DmaBuffer buffer) {
            for (int round = 0; round < 300; round++) {
                if (random.nextInt(3) > 0) {
                    request(device, queue, buffer);
                }
                queue.submit();
                queue.poll(this::completed, 1 + random.nextInt(20));
            }
            for (int polls = 0; queue.inFlight() > 0; polls++) {
                assertTrue(polls < POLL_LIMIT, queue.inFlight() + " requests hang");
                queue.submit();
                queue.poll(this::completed, 64);
            }
            assertTrue(open.isEmpty(), "never completed: " + open);
        }

        private void completed(final long token, final int status) {
            assertTrue(open.remove(token), "token " + token + " completed twice or was never sent");
        }

        private void request(final NvmeBlockDevice device, final NvmeBlockQueue queue, final DmaBuffer buffer) {
            final int block = device.blockSizeBytes();
            final long size = Math.min(device.sizeBytes(), 1L << 40);
            final int length = (int) Math.min(size, (long) block * (1 + random.nextInt(32 << 10 >> 9)) & -block);
            final long offset = random.nextLong((size - length) / block + 1) * block;
            final long token = nextToken++;
            final boolean accepted = switch (random.nextInt(8)) {
                case 0 -> queue.flush(token);
                case 1 -> queue.deallocate(token, offset, length);
                case 2 -> queue.writeZeroes(token, offset, length);
                case 3, 4, 5 -> queue.write(token, offset, length, buffer, 0, random.nextBoolean());
                default -> queue.read(token, offset, Math.min(length, 128 << 10), buffer, 128 << 10);
            };
            if (accepted) {
                assertTrue(open.add(token));
            }
        }
    }
}
