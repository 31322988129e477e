package io.ringvault.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.model.NvmeModelProvider;
import io.ringvault.nvme.vfiouser.server.ServerLimits;
import io.ringvault.nvme.vfiouser.server.VfioUserServer;
import io.ringvault.sys.NativeMemory;
import io.ringvault.sys.UnixSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The vfio-user server and the controller behind it against clients that lie: sizes, ids, flags, regions, offsets,
 * descriptors too many, too few and of the wrong kind, memory that is shorter than they say, queues full of noise, and
 * departures in the middle of everything. The next client finds a controller that was just switched on, no descriptor
 * is left behind, and no message of the log speaks of an accident.
 */
@Timeout(900)
class VfioUserServerFuzzTest {
    private static final long LIMIT_MS = 20_000;
    private static final long SHORT_MS = 60;
    private static final long ADDRESS = 0x1_0000_0000L;
    private static final int MEMORY_BYTES = 2 << 20;
    private static final int CSTS = 0x1C;
    private static final int[] COMMANDS = {VfioUserPeer.VERSION, VfioUserPeer.DMA_MAP, VfioUserPeer.DMA_MAP,
        VfioUserPeer.DMA_UNMAP, VfioUserPeer.GET_INFO, VfioUserPeer.GET_REGION_INFO, VfioUserPeer.GET_IRQ_INFO,
        VfioUserPeer.SET_IRQS, VfioUserPeer.REGION_READ, VfioUserPeer.REGION_READ, VfioUserPeer.REGION_WRITE,
        VfioUserPeer.REGION_WRITE, VfioUserPeer.REGION_WRITE, VfioUserPeer.DEVICE_RESET, 0, 6, 11, 12, 14, 0xFFFF};

    private final List<String> log = new CopyOnWriteArrayList<>();
    @TempDir
    private Path folder;
    private Path socket;
    private NativeMemory memory;
    private NativeMemory small;

    @Test
    void shouldServeTheNextClientWhateverTheOneBeforeSaid() throws Exception {
        final DeviceUri uri = DeviceUri.parse("nvme+model:" + folder.resolve("image"));
        new NvmeModelProvider().create(uri, 4 << 20);
        final Path directory = folder.resolve("endpoint");
        socket = directory.resolve("cntrl");
        memory = NativeMemory.memfd("fuzz", MEMORY_BYTES, NativeMemory.Pages.BASE);
        small = NativeMemory.memfd("fuzz-small", 4096, NativeMemory.Pages.BASE);
        try (ModelEndpoint endpoint = ModelEndpoint.open(uri, OpenMode.READ_WRITE);
             VfioUserServer server = VfioUserServer.start(directory, endpoint, new ServerLimits(SHORT_MS, SHORT_MS,
                 true), log::add)) {
            assertServed();
            final int descriptors = descriptors();
            new FuzzRun("vfio-user clients", 64 << 20).run(1, random -> {
                final String outcome = life(random);
                assertServed();
                return outcome;
            }).met("left", "dropped");
            assertServed();
            for (int tries = 0; tries < 500 && descriptors() > descriptors; tries++) {
                Thread.sleep(10); // the server is still putting the last client's things away
            }
            assertFalse(descriptors() > descriptors, () -> "descriptors are left open; before: " + descriptors);
            assertFalse(server.clients() < 10, "hardly anybody came");
        } finally {
            memory.close();
            small.close();
        }
        for (final String line : log) {
            assertFalse(line.contains("Exception") || line.contains("Error"), line);
        }
    }

    private static boolean oneIn(final Random random, final int count) {
        return random.nextInt(count) == 0;
    }

    private String life(final Random random) throws IOException {
        try (UnixSocket client = UnixSocket.connect(socket, LIMIT_MS)) {
            if (!oneIn(random, 12)) {
                hello(client);
            }
            if (oneIn(random, 2)) {
                enable(client, random);
            }
            for (int messages = random.nextInt(12); messages > 0; messages--) {
                say(client, random);
                if (oneIn(random, 4)) {
                    noise(random);
                }
            }
            return "left";
        } catch (final IOException dropped) {
            return "dropped";
        }
    }

    private static void hello(final UnixSocket client) throws IOException {
        VfioUserPeer.send(client, VfioUserPeer.message(1, VfioUserPeer.VERSION, 0, VfioUserPeer.fields((short) 0,
            (short) 1)), LIMIT_MS);
        VfioUserPeer.receive(client, LIMIT_MS);
    }

    private static VfioUserPeer.Message ask(final UnixSocket client, final int command, final byte[] payload,
        final int... descriptors) throws IOException {
        VfioUserPeer.send(client, VfioUserPeer.message(7, command, 0, payload), LIMIT_MS, descriptors);
        return VfioUserPeer.receive(client, LIMIT_MS);
    }

    private static byte[] write32(final int offset, final int value) {
        return VfioUserPeer.fields((long) offset, 0, 4, value);
    }

    /** Memory and an enabled controller, whose queues then hold what nobody sane would put there. */
    private void enable(final UnixSocket client, final Random random) throws IOException {
        memory.segment().fill((byte) 0);
        ask(client, VfioUserPeer.DMA_MAP, VfioUserPeer.fields(32, 3, 0L, ADDRESS, (long) MEMORY_BYTES),
            memory.descriptor());
        ask(client, VfioUserPeer.REGION_WRITE, write32(0x24, 0x001F_001F));
        ask(client, VfioUserPeer.REGION_WRITE, VfioUserPeer.fields(0x28L, 0, 8, ADDRESS));
        ask(client, VfioUserPeer.REGION_WRITE, VfioUserPeer.fields(0x30L, 0, 8, ADDRESS + 4096));
        ask(client, VfioUserPeer.REGION_WRITE, write32(0x14, 0x0046_0001));
        for (int i = 0; i < 20 && !oneIn(random, 6); i++) {
            if ((ask(client, VfioUserPeer.REGION_READ, VfioUserPeer.fields((long) CSTS, 0, 4)).payload().getInt(16)
                & 1) != 0) {
                break;
            }
        }
        for (int commands = random.nextInt(6); commands > 0; commands--) {
            noise(random);
            ask(client, VfioUserPeer.REGION_WRITE, write32(0x1000 + 4 * random.nextInt(6), random.nextInt(40)));
        }
    }

    /** Commands of the admin queue and of what may have become queues: opcodes that exist, and noise. */
    private void noise(final Random random) {
        final MemorySegment segment = memory.segment();
        for (int i = random.nextInt(8); i >= 0; i--) {
            final long at = 64L * random.nextInt(oneIn(random, 2) ? 32 : MEMORY_BYTES / 64);
            for (int word = 0; word < 16; word++) {
                final int value = switch (random.nextInt(4)) {
                    case 0 -> random.nextInt();
                    case 1 -> random.nextInt(20);
                    case 2 -> word % 2 == 0 ? (int) ADDRESS + 4096 * random.nextInt(MEMORY_BYTES / 4096) : 1;
                    default -> 0;
                };
                segment.set(ValueLayout.JAVA_INT, at + 4L * word, value);
            }
        }
    }

    private void say(final UnixSocket client, final Random random) throws IOException {
        final int command = COMMANDS[random.nextInt(COMMANDS.length)];
        final byte[] payload = payload(command, random);
        if (payload.length > 0 && oneIn(random, 3)) {
            Mutations.change(random, payload, 0, payload.length, payload);
        }
        final int flags = oneIn(random, 10) ? random.nextInt() : oneIn(random, 8) ? VfioUserPeer.NO_REPLY : 0;
        final ByteBuffer message = VfioUserPeer.message(random.nextInt(0x1_0000), command, flags, payload);
        if (oneIn(random, 25)) {
            message.putInt(4, switch (random.nextInt(4)) {
                case 0 -> random.nextInt();
                case 1 -> random.nextInt(64);
                case 2 -> message.limit() + 1 + random.nextInt(40);
                default -> (1 << 20) + 33;
            });
        }
        if (oneIn(random, 30)) {
            message.limit(random.nextInt(message.limit() + 1));
        }
        if (oneIn(random, 6) && message.limit() > 1) {
            final int cut = 1 + random.nextInt(message.limit() - 1);
            VfioUserPeer.send(client, message.slice(0, cut), LIMIT_MS, descriptors(command, random));
            VfioUserPeer.send(client, message.slice(cut, message.limit() - cut), LIMIT_MS);
        } else {
            VfioUserPeer.send(client, message.slice(), LIMIT_MS, descriptors(command, random));
        }
        if (!oneIn(random, 8) && (flags & VfioUserPeer.NO_REPLY) == 0) {
            VfioUserPeer.receive(client, LIMIT_MS);
        }
    }

    private int[] descriptors(final int command, final Random random) {
        final int[] kinds = {memory.descriptor(), memory.descriptor(), small.descriptor(), 0};
        final int count = oneIn(random, 8) ? random.nextInt(12) : command == VfioUserPeer.DMA_MAP ? 1 : 0;
        return random.ints(count, 0, kinds.length).map(kind -> kinds[kind]).toArray();
    }

    private static byte[] payload(final int command, final Random random) {
        final int region = oneIn(random, 3) ? random.nextInt(9) : 7 * random.nextInt(2);
        final long offset = oneIn(random, 6) ? random.nextLong() : 4L * random.nextInt(oneIn(random, 3) ? 0x900 : 0x20);
        final int count = oneIn(random, 6) ? random.nextInt() : 4 << random.nextInt(2);
        return switch (command) {
            case VfioUserPeer.VERSION -> VfioUserPeer.fields((short) 0, (short) random.nextInt(3));
            case VfioUserPeer.DMA_MAP -> VfioUserPeer.fields(32, oneIn(random, 4) ? random.nextInt(8) : 3,
                4096L * (oneIn(random, 4) ? random.nextInt(600) : 0),
                ADDRESS + 4096L * random.nextInt(2000), 4096L * (1 + random.nextInt(600)));
            case VfioUserPeer.DMA_UNMAP -> oneIn(random, 3) ? VfioUserPeer.fields(24, 2, 0L, 0L)
                : VfioUserPeer.fields(24, 0, ADDRESS, (long) MEMORY_BYTES);
            case VfioUserPeer.GET_INFO -> VfioUserPeer.fields(16, 0, 0, 0);
            case VfioUserPeer.GET_REGION_INFO -> VfioUserPeer.fields(32 + 32 * random.nextInt(3), 0, region, 0, 0L,
                0L);
            case VfioUserPeer.GET_IRQ_INFO -> VfioUserPeer.fields(16, 0, random.nextInt(7), 0);
            case VfioUserPeer.SET_IRQS -> VfioUserPeer.fields(20, random.nextInt(64), random.nextInt(7), 0,
                random.nextInt(3));
            case VfioUserPeer.REGION_READ -> VfioUserPeer.fields(offset, region, count);
            case VfioUserPeer.REGION_WRITE -> oneIn(random, 3) ? VfioUserPeer.fields(offset, region, 8,
                random.nextLong()) : VfioUserPeer.fields(offset, region, 4, random.nextInt());
            default -> new byte[oneIn(random, 3) ? random.nextInt(200) : 0];
        };
    }

    /** A client that keeps to the protocol: the controller is as one that was just switched on. */
    private void assertServed() throws IOException {
        try (UnixSocket client = UnixSocket.connect(socket, LIMIT_MS)) {
            hello(client);
            final VfioUserPeer.Message csts = ask(client, VfioUserPeer.REGION_READ, VfioUserPeer.fields((long) CSTS, 0,
                4));
            assertEquals(0, csts.errno(), log::toString);
            assertEquals(0, csts.payload().getInt(16));
        }
    }

    private static int descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            // The JVM opens files of its own at any time.
            return (int) open.filter(VfioUserServerFuzzTest::isNoFile).count();
        }
    }

    private static boolean isNoFile(final Path descriptor) {
        try {
            return !Files.readSymbolicLink(descriptor).toString().matches("/(?!memfd:).*");
        } catch (final IOException closedMeanwhile) {
            return false;
        }
    }
}
