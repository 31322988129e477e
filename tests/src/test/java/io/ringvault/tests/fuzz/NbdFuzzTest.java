package io.ringvault.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import io.ringvault.nbd.NbdServer;
import io.ringvault.nbd.SecureDiskExport;
import io.ringvault.tests.nbd.NbdClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One to four hostile clients at once against the NBD server over a real volume, beside a well-behaved one that writes
 * and reads back all the time. Whoever keeps to the protocol gets exactly the answers that are due; everybody comes to
 * an end; nothing is left behind: no connection, no thread, no descriptor, no memory.
 */
@Timeout(900)
class NbdFuzzTest {
    private static final long SIZE = 24L << 20;
    private static final long PRIVATE = 4L << 20;
    private static final int CONNECTIONS = 16;
    private static final int POOL_BYTES = 8 << 20;
    private static final long HANG_NS = TimeUnit.SECONDS.toNanos(30);
    /** Far less than one buffer pool for each connection, and more than a heap and its caches move. */
    private static final long GROWTH_MIB = 600;

    private final List<String> log = new CopyOnWriteArrayList<>();
    private final byte[] kept = new byte[(int) PRIVATE];
    @TempDir
    private Path folder;

    @Test
    void shouldServeOthersAndLeaveNothingBehindWhateverClientsSay() throws Exception {
        final String device = "file:" + folder.resolve("image");
        final Path key = Files.write(folder.resolve("key"), new byte[32]);
        Volumes.format(new FormatContext().device(device).keyFile(key).sizeBytes(SIZE).anchor("none"));
        final Path socket = folder.resolve("s");
        try (SecureDisk disk = SecureDisk.open(new SecureDiskContext().device(device).keyFile(key).anchor("none"));
             NbdServer server = NbdServer.start(socket, new SecureDiskExport(disk, "fuzzed"),
                 new NbdServer.Limits(CONNECTIONS, 32, POOL_BYTES, TimeUnit.SECONDS.toNanos(20)), log::add)) {
            try (NbdClient neighbour = new NbdClient(socket, true)) {
                final Random random = new Random(1);
                talk(server, random);
                settle(server, 1);
                final int descriptors = descriptors();
                final long memory = residentMib();
                new FuzzRun("NBD conversations", 1L << 30).run(1, each -> {
                    final String outcome = talk(server, each);
                    useNeighbour(neighbour, each);
                    return outcome;
                }).met("served", "lied", "left", "handshake");
                settle(server, 1);
                assertTrue(descriptors() <= descriptors, () -> "descriptors are left open; before: " + descriptors);
                assertTrue(residentMib() - memory < GROWTH_MIB, "from " + memory + " to " + residentMib() + " MiB"
                    + " after " + server.accepted() + " connections");
            }
            settle(server, 0);
            assertNull(disk.counters().poisonReason());
        }
        for (final String line : log) {
            assertFalse(line.contains("failed"), line);
        }
        try (SecureDisk disk = SecureDisk.open(new SecureDiskContext().device(device).keyFile(key).anchor("none"))) {
            final byte[] found = new byte[kept.length];
            disk.read(0, java.lang.foreign.MemorySegment.ofArray(found), 0, found.length);
            assertArrayEquals(kept, found);
        }
    }

    private String talk(final NbdServer server, final Random random) throws Exception {
        final List<NbdConversation> all = new ArrayList<>();
        atMost(server, CONNECTIONS / 2);
        try {
            for (int i = random.nextInt(4); i >= 0; i--) {
                all.add(new NbdConversation(random, SIZE, PRIVATE).open(server.socket()));
            }
            long movedNs = System.nanoTime();
            while (!all.stream().allMatch(NbdConversation::over)) {
                boolean moved = false;
                for (final NbdConversation each : all) {
                    moved |= each.step();
                }
                if (moved) {
                    movedNs = System.nanoTime();
                } else if (System.nanoTime() - movedNs > HANG_NS) {
                    throw new AssertionError("the server neither answers nor hangs up: " + log);
                } else {
                    LockSupport.parkNanos(20_000);
                }
            }
            String outcome = null;
            for (final NbdConversation each : all) {
                outcome = each.check();
            }
            return outcome;
        } finally {
            for (final NbdConversation each : all) {
                each.close();
            }
        }
    }

    /** The well-behaved client: what it wrote last is what it reads. */
    private void useNeighbour(final NbdClient neighbour, final Random random) throws IOException {
        final int length = 1 + random.nextInt(30_000);
        final int at = random.nextInt(kept.length - length);
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        neighbour.write(at, bytes, 0, length, random.nextInt(8) == 0);
        System.arraycopy(bytes, 0, kept, at, length);
        if (random.nextInt(8) == 0) {
            neighbour.flush();
        }
        final byte[] found = new byte[20_000];
        final int from = random.nextInt(kept.length - found.length);
        neighbour.read(from, found, 0, found.length);
        assertTrue(java.util.Arrays.equals(kept, from, from + found.length, found, 0, found.length),
            "the neighbour's data at " + from + " changed");
    }

    /** Clients that left a moment ago may still be served: they must not take the places of those that come. */
    private static void atMost(final NbdServer server, final int connections) throws InterruptedException {
        final long limit = System.nanoTime() + HANG_NS;
        while (server.connections() > connections) {
            if (System.nanoTime() - limit > 0) {
                throw new AssertionError(server.connections() + " connections are left");
            }
            Thread.sleep(1);
        }
    }

    /** Waits until only so many connections are left. */
    private static void settle(final NbdServer server, final int connections) throws InterruptedException {
        final long limit = System.nanoTime() + HANG_NS;
        while (server.connections() != connections || threads() != connections) {
            if (System.nanoTime() - limit > 0) {
                throw new AssertionError(server.connections() + " connections and " + threads() + " threads are left, "
                    + connections + " are in use");
            }
            Thread.sleep(10);
        }
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(each -> each.getName().matches("nbd-[0-9]+"))
            .count();
    }

    private static int descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return (int) open.filter(NbdFuzzTest::isNoFile).count(); // the JVM opens files of its own at any time
        }
    }

    private static boolean isNoFile(final Path descriptor) {
        try {
            return !Files.readSymbolicLink(descriptor).toString().matches("/(?!memfd:).*");
        } catch (final IOException closedMeanwhile) {
            return false;
        }
    }

    private static long residentMib() throws IOException {
        System.gc();
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("RssAnon"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024).findFirst().orElseThrow();
    }
}
