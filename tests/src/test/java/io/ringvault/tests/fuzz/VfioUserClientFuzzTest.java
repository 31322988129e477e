package io.ringvault.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.vfiouser.VfioUserTransport;
import io.ringvault.sys.NativeMemory;
import io.ringvault.sys.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The vfio-user client against servers that lie: replies to other requests, sizes, capabilities, regions, mappable
 * areas, descriptors too many, too few and of the wrong kind, half messages, silence, death. An open ends in a
 * StorageException or in a transport whose calls all return; nothing is left open or mapped.
 */
@Timeout(900)
class VfioUserClientFuzzTest {
    private static final long LIMIT_MS = 20_000;
    private static final int BAR_BYTES = 0x2000;

    @TempDir
    private Path folder;
    private NativeMemory bar;
    private NativeMemory small;

    @Test
    void shouldRefuseOrGoOnWhateverAServerSays() throws Exception {
        bar = NativeMemory.memfd("fuzz-bar0", BAR_BYTES, NativeMemory.Pages.BASE);
        small = NativeMemory.memfd("fuzz-small", 4096, NativeMemory.Pages.BASE);
        try (UnixSocket listener = UnixSocket.listen(folder.resolve("cntrl"), 4)) {
            meet(listener, new Random(1));
            final int descriptors = count("fd");
            final long mappings = mappings();
            new FuzzRun("vfio-user servers", 64 << 20).run(1, random -> meet(listener, random))
                .met("opened", "IO", "CONFIGURATION");
            assertEquals(descriptors, count("fd"), "descriptors are left open");
            assertEquals(mappings, mappings(), "memory is left mapped");
        } finally {
            bar.close();
            small.close();
        }
    }

    private String meet(final UnixSocket listener, final Random random) throws Exception {
        final Server server = new Server(listener, new Random(random.nextLong()));
        final Thread thread = Thread.ofPlatform().daemon().start(server);
        try {
            return use(random);
        } finally {
            thread.join(LIMIT_MS);
            assertTrue(!thread.isAlive(), "the server is still talked to");
            if (server.failed != null) {
                throw new AssertionError("the test's server failed", server.failed);
            }
        }
    }

    private String use(final Random random) {
        final VfioUserTransport transport;
        try {
            transport = VfioUserTransport.open(DeviceUri.parse("nvme+vfio-user:" + folder
                + "?message-timeout=40&dma=2M"));
        } catch (final StorageException refused) {
            return refused.category().toString();
        }
        try (transport) {
            for (int i = random.nextInt(6); i > 0; i--) {
                switch (random.nextInt(4)) {
                    case 0 -> transport.read64(0);
                    case 1 -> transport.write32(0x14, random.nextInt());
                    case 2 -> transport.status();
                    default -> transport.read32(4 * random.nextInt(0x40));
                }
            }
            try {
                transport.allocate(1 + random.nextInt(3 << 20));
            } catch (final StorageException refused) {
                assertEquals(StorageException.Category.IO, refused.category());
            }
            if (!transport.lossReason().isEmpty()) {
                assertEquals(-1, transport.read32(0), "a register of a lost controller");
                assertEquals(-1, transport.status());
                return "lost later";
            }
        }
        return "opened";
    }

    /** Answers one client, mostly as it should. */
    private final class Server implements Runnable {
        private final UnixSocket listener;
        private final Random random;
        /** How rarely it lies; whole conversations without a lie happen too. */
        private final int oneIn;
        private int pciCommand;
        private Throwable failed;

        Server(final UnixSocket listener, final Random random) {
            this.listener = listener;
            this.random = random;
            this.oneIn = random.nextInt(5) == 0 ? 1000 : 2 + random.nextInt(12);
        }

        @Override
        public void run() {
            try (UnixSocket client = listener.accept(LIMIT_MS)) {
                while (client != null && answer(client)) {
                    Thread.onSpinWait();
                }
            } catch (final IOException gone) {
                return; // The client hung up, as it should when it is lied to.
            } catch (final RuntimeException | Error unexpected) {
                failed = unexpected;
            }
        }

        private boolean lies() {
            return random.nextInt(oneIn) == 0;
        }

        private boolean answer(final UnixSocket client) throws IOException {
            final VfioUserPeer.Message request = VfioUserPeer.receive(client, LIMIT_MS);
            byte[] payload = payload(request);
            int id = request.id();
            int command = request.command();
            int flags = 1;
            int errno = 0;
            int size = 0;
            int[] descriptors = command == VfioUserPeer.GET_REGION_INFO ? new int[] {bar.descriptor()} : new int[0];
            if (lies()) {
                switch (random.nextInt(9)) {
                    case 0 -> id += 1 + random.nextInt(3);
                    case 1 -> command = random.nextInt(16);
                    case 2 -> flags = random.nextInt(256);
                    case 3 -> {
                        flags = 1 | 1 << 5;
                        errno = random.nextInt(4) == 0 ? random.nextInt() : 1 + random.nextInt(130);
                        payload = new byte[0];
                    }
                    case 4 -> size = random.nextInt(3) == 0 ? random.nextInt() : random.nextInt(200) - 100;
                    case 5 -> payload = java.util.Arrays.copyOf(payload, random.nextInt(6000));
                    case 6 -> descriptors = random.ints(random.nextInt(4), 0, 3).map(kind -> kind == 0
                        ? bar.descriptor() : kind == 1 ? small.descriptor() : 0).toArray();
                    default -> {
                        if (payload.length > 0) {
                            Mutations.change(random, payload, 0, payload.length, payload);
                        }
                    }
                }
            }
            if (lies() && random.nextInt(4) == 0) {
                return random.nextBoolean(); // silence, or the end
            }
            if ((request.flags() & VfioUserPeer.NO_REPLY) != 0) {
                return true;
            }
            final ByteBuffer message = VfioUserPeer.message(id, command, flags, payload);
            message.putInt(12, errno).putInt(4, size == 0 ? message.limit() : message.limit() + size);
            if (lies() && random.nextInt(3) == 0) {
                message.limit(random.nextInt(message.limit()));
            }
            if (message.limit() > 0) {
                VfioUserPeer.send(client, message.slice(), LIMIT_MS, descriptors);
            }
            return true;
        }

        private byte[] payload(final VfioUserPeer.Message request) {
            final ByteBuffer in = request.payload();
            return switch (request.command()) {
                case VfioUserPeer.VERSION -> version();
                case VfioUserPeer.GET_INFO -> VfioUserPeer.fields(16, 3, 9, 5);
                case VfioUserPeer.GET_REGION_INFO -> VfioUserPeer.fields(64, lies() ? 3 : 0xF, 0, 32, (long) BAR_BYTES,
                    0L, (short) 1, (short) 1, 0, 1, 0, 0x1000L, 0x1000L);
                case VfioUserPeer.REGION_READ -> {
                    final int count = in.getInt(12);
                    final byte[] answer = new byte[16 + count];
                    in.get(0, answer, 0, 16);
                    if (in.getInt(8) == 7) {
                        ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN).putShort(16, (short) pciCommand);
                    }
                    yield answer;
                }
                case VfioUserPeer.REGION_WRITE -> {
                    if (in.getInt(8) == 7) {
                        pciCommand = in.getShort(16);
                    }
                    final byte[] answer = new byte[16];
                    in.get(0, answer, 0, 16);
                    yield answer;
                }
                default -> new byte[0];
            };
        }

        private byte[] version() {
            final byte[] text = (random.nextBoolean() ? "{}" : "{\"capabilities\":{\"max_msg_fds\":8,"
                + "\"max_data_xfer_size\":1048576,\"pgsizes\":4096}}").getBytes(StandardCharsets.US_ASCII);
            final byte[] payload = new byte[4 + text.length + 1];
            payload[2] = 1;
            System.arraycopy(text, 0, payload, 4, text.length);
            return payload;
        }
    }

    private static int count(final String what) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self", what))) {
            return (int) all.count();
        }
    }

    private static long mappings() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(line -> line.contains("ringvault-dma")
            || line.contains("fuzz-bar0") || line.contains("fuzz-small")).count();
    }
}
