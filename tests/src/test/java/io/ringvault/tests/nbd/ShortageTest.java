package io.ringvault.tests.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.ringvault.tests.interop.Processes;
import io.ringvault.tests.interop.Server;
import io.ringvault.tests.interop.Tools;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real {@code serve} that runs out of descriptors: who is connected goes on, others come later, none is left. */
@Timeout(200)
class ShortageTest {
    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(60);
    private static final byte[] DATA = "kept through every shortage".getBytes(java.nio.charset.StandardCharsets.UTF_8);

    @TempDir
    private Path folder;
    private Server server;
    private NbdClient first;

    @BeforeEach
    void start() throws Exception {
        final String device = "nvme+model:" + folder.resolve("volume.img");
        final Path key = Files.write(folder.resolve("key"), new byte[32]);
        Processes.ringvault("format", device, "--size", "16M", "--key-file", key.toString()).expect(0);
        server = Server.serve(folder, device);
        first = server.connect();
        first.write(12_345, DATA, 0, DATA.length, true);
    }

    @AfterEach
    void stop() throws Exception {
        assertServed(first);
        first.close();
        server.stop();
    }

    private static void assertServed(final NbdClient client) throws IOException {
        final byte[] found = new byte[DATA.length];
        client.read(12_345, found, 0, found.length);
        assertArrayEquals(DATA, found);
    }

    private int descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc", String.valueOf(server.pid()), "fd"))) {
            return (int) open.count();
        }
    }

    @FunctionalInterface
    private interface Condition {
        boolean met() throws IOException;
    }

    private void await(final String what, final Condition condition) throws Exception {
        final long limit = System.nanoTime() + LIMIT_NS;
        while (!condition.met()) {
            if (System.nanoTime() - limit > 0) {
                throw new AssertionError(what + "; it has " + descriptors() + " descriptors: " + server.output());
            }
            Thread.sleep(20);
        }
    }

    private boolean connects() {
        try (NbdClient client = server.connect()) {
            assertServed(client);
            return true;
        } catch (final IOException refused) {
            return false;
        }
    }

    @Test
    void shouldServeAgainWhenItRanOutOfDescriptors() throws Exception {
        Tools.require("prlimit");
        await("no quiet moment", this::connects);
        int before = descriptors();
        for (int i = 0; i < 15; i++) { // the last connection is still being put away
            Thread.sleep(20);
            before = Math.min(before, descriptors());
        }
        final int quiet = before;
        Processes.run(20, "prlimit", "--pid", String.valueOf(server.pid()), "--nofile=" + (quiet + 31)).expect(0);
        for (int round = 0; round < 3; round++) {
            final List<SocketChannel> crowd = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                final SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                channel.connect(UnixDomainSocketAddress.of(server.socket()));
                channel.configureBlocking(false);
                crowd.add(channel);
            }
            await("nobody is greeted", () -> crowd.get(3).read(ByteBuffer.allocate(18)) != 0);
            final int refusals = round;
            await("it never ran out of descriptors", () -> server.output().lines()
                .filter(line -> line.contains("accepting an NBD client")).count() > refusals);
            assertServed(first);
            for (final SocketChannel each : crowd) {
                each.close();
            }
            await("it does not serve again", this::connects);
        }
        await("descriptors are left open, " + quiet + " were before", () -> descriptors() <= quiet);
    }
}
