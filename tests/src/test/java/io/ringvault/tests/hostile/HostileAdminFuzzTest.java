package io.ringvault.tests.hostile;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeAdmin;
import io.ringvault.nvme.model.ModelTransport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code ringvault nvme} asks of a controller (Identify, log pages, namespaces, Format NVM), of one that answers
 * nonsense: every call returns something of bounded size and printable, or throws a StorageException, and in bounded
 * virtual time.
 *
 * <p>{@code -Dseed=} starts elsewhere, {@code -Dfuzz.seconds=} runs for longer.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileAdminFuzzTest {
    private static final long WAIT_LIMIT_NS = 3_600_000_000_000L;
    private static final int MOST_TEXT = 1 << 20;
    private static final String[] MODELS = {"", "namespaces=2,9,70000", "ms=16&pi=1&lbaf=20"};
    private static final Attack[] KINDS = {Attack.IDENTIFY, Attack.LOG_PAGE, null};

    @TempDir
    private Path directory;

    private final Map<String, Long> outcomes = new TreeMap<>();

    @Test
    void shouldAnswerOrThrowATypedErrorWhateverTheControllerSays() throws IOException {
        final Path image = directory.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        final long first = Long.getLong("seed", 1);
        final long end = System.nanoTime() + Long.getLong("fuzz.seconds", 4) * 1_000_000_000;
        long seed = first;
        for (; System.nanoTime() - end < 0; seed++) {
            try {
                life(image, seed);
            } catch (final RuntimeException | AssertionError failed) {
                throw new AssertionError("-Dseed=" + seed, failed);
            }
        }
        System.out.println("hostile controller against admin commands: seeds " + first + " to " + (seed - 1)
            + "; outcomes " + outcomes);
        assertTrue(seed - first < 50 || outcomes.size() >= 8, "the adversary is blunt: " + outcomes);
    }

    private void life(final Path image, final long seed) {
        final Random random = new Random(seed);
        final HostileTransport transport = new HostileTransport(ModelTransport.open(DeviceUri.parse("nvme+model:"
            + image + "?mode=inline&" + MODELS[random.nextInt(MODELS.length)]), OpenMode.READ_WRITE), seed);
        try (NvmeAdmin admin = NvmeAdmin.open("fuzz", transport)) {
            transport.arm(1 + random.nextInt(8), KINDS[random.nextInt(KINDS.length)]);
            for (int i = 0; i < 12; i++) {
                call(admin, random);
            }
            transport.arm(0, null);
        } catch (final StorageException refused) {
            count("open or close: " + refused.category());
        }
        assertTrue(transport.isClosed(), "the transport was not let go");
        assertTrue(transport.waitedNs() < WAIT_LIMIT_NS, "waited " + transport.waitedNs() + " ns");
    }

    private void call(final NvmeAdmin admin, final Random random) {
        final int which = random.nextInt(7);
        try {
            final Object answer = switch (which) {
                case 0 -> admin.controller();
                case 1 -> admin.namespace(1 + random.nextInt(9));
                case 2 -> admin.namespaces();
                case 3 -> admin.smart().asMap();
                case 4 -> admin.errors(1 + random.nextInt(64)).stream().map(entry -> entry.asMap()).toList();
                case 5 -> admin.firmware();
                default -> {
                    admin.format(1 + random.nextInt(9), random.nextInt(66) - 1,
                        NvmeAdmin.Erase.values()[random.nextInt(3)], 1_000);
                    yield "formatted";
                }
            };
            final String text = String.valueOf(answer);
            assertTrue(text.length() < MOST_TEXT, "call " + which + ": " + text.length() + " characters");
            assertTrue(text.chars().allMatch(c -> c >= ' ' && c < 0x7F), "call " + which + ": unprintable: " + text);
            count("call " + which + " answered");
        } catch (final StorageException refused) {
            count("call " + which + ": " + refused.category());
        }
    }

    private void count(final String outcome) {
        outcomes.merge(outcome, 1L, Long::sum);
    }
}
