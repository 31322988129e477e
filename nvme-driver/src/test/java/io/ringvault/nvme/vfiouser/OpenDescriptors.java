package io.ringvault.nvme.vfiouser;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** The descriptors of this process that these packages could leak; the JVM's own files and folders come and go. */
public final class OpenDescriptors {
    private static final List<String> KINDS = List.of("socket:", "/memfd:", "anon_inode:");
    private static final long PATIENCE_NS = 5_000_000_000L;

    private OpenDescriptors() {
    }

    /** How many sockets, memory files and event descriptors are open. */
    public static int count() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return (int) open.filter(OpenDescriptors::isOurs).count();
        }
    }

    private static boolean isOurs(final Path descriptor) {
        try {
            final String target = Files.readSymbolicLink(descriptor).toString();
            return KINDS.stream().anyMatch(target::startsWith);
        } catch (final IOException closedMeanwhile) {
            return false;
        }
    }

    /** Fails when more stay open than were before; the other end of a connection may take a moment to close its own. */
    public static void assertAtMost(final int before) throws IOException {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        int now = count();
        while (now > before && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(10_000_000);
            now = count();
        }
        final int left = now;
        assertTrue(left <= before, () -> left + " descriptors are open, " + before + " were before");
    }
}
