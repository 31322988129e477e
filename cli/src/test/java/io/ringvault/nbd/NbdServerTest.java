package io.ringvault.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class NbdServerTest {
    private static final int SIZE = 40 << 20;
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    @TempDir
    Path folder;
    private final List<String> log = new CopyOnWriteArrayList<>();
    private FakeExport export;
    private NbdServer server;
    private Path socket;

    @BeforeEach
    void start() {
        socket = folder.resolve("s");
        start(false, NbdServer.Limits.DEFAULT);
    }

    private void start(final boolean readOnly, final NbdServer.Limits limits) {
        stop();
        export = new FakeExport(SIZE, readOnly, SEED);
        server = NbdServer.start(socket, export, limits, log::add);
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
            assertEquals(0, server.connections(), "connections left; seed " + SEED);
            assertEquals(0, export.openClients.get(), "disk clients left open; seed " + SEED);
            assertFalse(Files.exists(socket));
        }
    }

    private static byte[] random(final int length, final long seed) {
        final byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldReadBackWhatWasWrittenWhenOffsetsAndLengthsAreOdd(final boolean structured) throws IOException {
        try (TestNbdClient client = TestNbdClient.open(socket, structured)) {
            assertEquals(SIZE, client.exportSize);
            for (final int length : new int[] {1, 511, 4096, 4097, 70_001, 1 << 20, (1 << 20) + 1, 9 << 20, 32 << 20}) {
                final int offset = length % 8191 + 3;
                final byte[] data = random(length, length);
                assertEquals(0, client.write(offset, data, length % 2 == 0));
                assertArrayEquals(data, Arrays.copyOfRange(export.bytes, offset, offset + length));
                assertArrayEquals(data, client.read(offset, length), "length " + length);
            }
        }
    }

    @Test
    void shouldStateItsFlagsHonestlyWhenNegotiating() throws IOException {
        try (TestNbdClient plain = TestNbdClient.open(socket, false);
                TestNbdClient rich = TestNbdClient.open(socket, true)) {
            assertEquals(0b1_0110_1101, plain.flags);
            assertEquals(0b1_1110_1101, rich.flags);
        }
        start(true, NbdServer.Limits.DEFAULT);
        try (TestNbdClient client = TestNbdClient.open(socket, true)) {
            assertEquals(0b1_1000_1111, client.flags);
        }
    }

    @Test
    void shouldSettleOnTheOldWayInWhenTheClientNamesTheExport() throws IOException {
        for (final int flags : new int[] {0, 1, 2, 3}) {
            try (TestNbdClient client = new TestNbdClient(socket).greet(flags)) {
                client.option(1, new byte[0]);
                assertEquals(SIZE, client.in.readLong());
                assertEquals(0b1_0110_1101, client.in.readShort());
                if ((flags & 2) == 0) {
                    assertArrayEquals(new byte[124], client.in.readNBytes(124));
                }
                assertArrayEquals(new byte[10], client.read(0, 10));
            }
        }
    }

    @Test
    void shouldHangUpWhenTheOldWayInNamesAnUnknownExportOrFlagsAreUnknown() throws IOException {
        try (TestNbdClient client = new TestNbdClient(socket).greet(3)) {
            client.option(1, "other".getBytes());
            assertTrue(client.ended());
        }
        try (TestNbdClient client = new TestNbdClient(socket).greet(0x80)) {
            assertTrue(client.ended());
        }
    }

    @Test
    void shouldAnswerEachOptionWhenHaggling() throws IOException {
        final byte[] none = new byte[0];
        final int unsupported = 0x80000001;
        final int invalid = 0x80000003;
        try (TestNbdClient client = new TestNbdClient(socket).greet(3)) {
            assertEquals(unsupported, client.ask(5, none).getFirst().type());
            assertEquals(unsupported, client.ask(10, TestNbdClient.infoData("", 1)).getFirst().type());
            assertEquals(unsupported, client.ask(0x7fff, new byte[40_000]).getFirst().type());
            assertEquals(0x80000009, client.ask(0x7fff, new byte[900_000]).getFirst().type());
            assertEquals(invalid, client.ask(3, new byte[1]).getFirst().type());
            assertEquals(invalid, client.ask(8, new byte[1]).getFirst().type());
            assertEquals(invalid, client.ask(6, new byte[5]).getFirst().type());
            assertEquals(invalid, client.ask(6, new byte[] {0x7f, -1, -1, -1, 0, 0}).getFirst().type());
            assertEquals(invalid, client.ask(6, new byte[] {0, 0, 0, 0, 0, 9, 0}).getFirst().type());
            assertEquals(0x80000006, client.ask(7, TestNbdClient.infoData("nope")).getFirst().type());
            final List<TestNbdClient.OptionReply> list = client.ask(3, none);
            assertEquals(List.of(2, 1), list.stream().map(TestNbdClient.OptionReply::type).toList());
            assertArrayEquals(new byte[4], list.getFirst().data());
            final Map<Integer, byte[]> info = new HashMap<>();
            for (final TestNbdClient.OptionReply reply : client.ask(6, TestNbdClient.infoData("", 1, 2, 3, 77))) {
                if (reply.type() == 3) {
                    info.put((int) reply.data()[1], reply.data());
                }
            }
            assertEquals(java.util.Set.of(0, 1, 2, 3), info.keySet());
            assertArrayEquals(new byte[] {0, 3, 0, 0, 0, 1, 0, 0, 0x10, 0, 2, 0, 0, 0}, info.get(3));
            assertEquals("\0\2an array", new String(info.get(2)));
            assertEquals(1, client.ask(2, none).getFirst().type());
            assertTrue(client.ended());
        }
    }

    @Test
    void shouldCarryOutEachCommandWhenAsked() throws IOException {
        Arrays.fill(export.bytes, (byte) 7);
        try (TestNbdClient client = TestNbdClient.open(socket, true)) {
            assertEquals(0, client.call(3, 0, 0, 0, new byte[0]).error());
            assertEquals(1, export.flushes.get());
            assertEquals(0, client.call(4, 0, 4096, 8192, new byte[0]).error());
            assertEquals(0, client.call(6, 3, 65_536, 20 << 20, new byte[0]).error());
            assertEquals(7, export.bytes[4095]);
            assertArrayEquals(new byte[8192], client.read(4096, 8192));
            assertEquals(7, export.bytes[4096 + 8192]);
            assertArrayEquals(new byte[20 << 20], client.read(65_536, 20 << 20));
            assertEquals(0, client.write(0, new byte[5000], true));
            assertEquals(1, export.fuaWrites.get());
            assertEquals(1, export.flushes.get());
            assertEquals(0, client.write(0, new byte[3 << 20], true), "a long FUA write");
            assertEquals(1, export.fuaWrites.get());
            assertEquals(2, export.flushes.get(), "pieces are followed by one flush");
            for (final int command : new int[] {0, 1, 4, 6}) {
                assertEquals(0, client.call(command, 0, 10, 0, new byte[0]).error(), "an empty request");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldRefuseAndStayInStepWhenARequestIsImpossible(final boolean structured) throws IOException {
        final byte[] none = new byte[0];
        try (TestNbdClient client = TestNbdClient.open(socket, structured)) {
            assertEquals(22, client.call(0, 0, SIZE - 1, 2, none).error());
            assertEquals(22, client.call(0, 0, -1, 1, none).error());
            assertEquals(22, client.call(0, 0, 0, (32 << 20) + 1, none).error());
            assertEquals(28, client.write(SIZE - 1, new byte[2], false));
            assertEquals(28, client.write(Long.MAX_VALUE, new byte[1 << 20], false));
            assertEquals(22, client.write(0, new byte[(32 << 20) + 5], false));
            assertEquals(22, client.call(4, 0, SIZE, 1, none).error());
            assertEquals(28, client.call(6, 0, SIZE, 1, none).error());
            assertEquals(22, client.call(4, 0, 0, -1, none).error(), "lengths are unsigned");
            assertEquals(22, client.call(3, 0, 1, 0, none).error());
            assertEquals(95, client.call(6, 1 << 4, 0, 4096, none).error());
            assertEquals(22, client.call(1, 1 << 9, 0, 4096, new byte[4096]).error());
            for (final int command : new int[] {5, 7, 8, 99, 0xFFFF}) {
                assertEquals(22, client.call(command, 0, 0, 4096, none).error(), "command " + command);
            }
            assertEquals(structured ? 75 : 22, client.call(0, 1 << 2, 0, 2 << 20, none).error());
            final TestNbdClient.Reply whole = client.call(0, 1 << 2, 0, 1 << 20, none);
            assertEquals(structured ? 0 : 22, whole.error(), "a flag that was not offered");
            assertEquals(1, whole.chunkType(), "chunks of an unfragmented read");
            assertArrayEquals(new byte[3], client.read(0, 3));
        }
    }

    @Test
    void shouldRefuseEveryChangeWhenReadOnly() throws IOException {
        start(true, NbdServer.Limits.DEFAULT);
        final byte[] none = new byte[0];
        try (TestNbdClient client = TestNbdClient.open(socket, false)) {
            assertEquals(1, client.write(0, new byte[100_000], false));
            assertEquals(1, client.call(4, 0, 0, 4096, none).error());
            assertEquals(1, client.call(6, 0, 0, 4096, none).error());
            assertEquals(0, client.call(3, 0, 0, 0, none).error());
            assertArrayEquals(new byte[100], client.read(0, 100));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldReportTheDisksErrorsWhenAPieceFails(final boolean structured) throws IOException {
        export.badByte = 100;
        try (TestNbdClient client = TestNbdClient.open(socket, structured)) {
            assertEquals(5, client.call(0, 0, 0, 4096, new byte[0]).error());
            assertEquals(5, client.call(0, 0, 0, 3 << 20, new byte[0]).error());
            assertEquals(5, client.write(0, new byte[3 << 20], true));
            assertEquals(0, export.flushes.get());
            export.error = NbdError.ENOSPC;
            assertEquals(28, client.write(100, new byte[1], false));
            assertEquals(0, client.write(101, new byte[1], false));
            export.badByte = (2 << 20) + 7;
            export.error = NbdError.EIO;
            if (structured) {
                assertEquals(5, client.call(0, 0, 0, 3 << 20, new byte[0]).error());
            } else {
                assertThrows(IOException.class, () -> client.read(0, 3 << 20),
                    "half a simple reply cannot be taken back");
            }
        }
        try (TestNbdClient client = TestNbdClient.open(socket, structured)) {
            export.closed = true;
            assertEquals(108, client.call(0, 0, 0, 4096, new byte[0]).error());
            assertEquals(108, client.write(0, new byte[2 << 20], false));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldKeepEveryRequestApartWhenHundredsAreInFlight(final boolean structured) throws Exception {
        final int count = 3000;
        final int block = 4096;
        try (TestNbdClient client = TestNbdClient.open(socket, structured)) {
            final Thread sender = Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < count; i++) {
                        client.request(1, 0, i, (long) i * block, block, random(block, i));
                    }
                    client.out.flush();
                } catch (final IOException e) {
                    log.add("sender: " + e);
                }
            });
            final boolean[] seen = new boolean[count];
            for (int i = 0; i < count; i++) {
                final TestNbdClient.Reply reply = client.reply(0);
                assertEquals(0, reply.error());
                assertFalse(seen[(int) reply.cookie()], "answered twice");
                seen[(int) reply.cookie()] = true;
            }
            sender.join();
            assertEquals(List.of(), log);
            for (int from = 0; from < count; from += 100) {
                for (int i = from; i < from + 100; i++) {
                    client.request(0, 0, i, (long) i * block, block, new byte[0]);
                }
                client.out.flush();
                for (int i = 0; i < 100; i++) {
                    final TestNbdClient.Reply reply = client.reply(block);
                    assertArrayEquals(random(block, reply.cookie()), reply.data());
                }
            }
            assertTrue(export.longestBatch.get() > 8, "requests of one connection were never in flight together");
        }
    }

    @Test
    void shouldServeOthersWhenOneClientDoesNotReadItsReplies() throws Exception {
        try (TestNbdClient rude = TestNbdClient.open(socket, true);
                TestNbdClient kind = TestNbdClient.open(socket, true)) {
            final Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 0; i < 100_000; i++) {
                        rude.request(0, 0, i, 0, 1 << 20, new byte[0]);
                    }
                    rude.out.flush();
                } catch (final IOException e) {
                    // The server, or this test, hung up: expected.
                    log.add("rude client ended");
                }
            });
            for (int i = 0; i < 50; i++) {
                assertEquals(0, kind.write(i * 5000L, random(5000, i), false));
                assertArrayEquals(random(5000, i), kind.read(i * 5000L, 5000));
            }
            rude.close();
            sender.join();
        }
    }

    @Test
    void shouldSurviveWhenClientsSendGarbage() throws Exception {
        final Random random = new Random(SEED);
        for (int round = 0; round < 60; round++) {
            final int stage = random.nextInt(4);
            try (TestNbdClient client = stage == 0 ? new TestNbdClient(socket) : stage == 1
                    ? new TestNbdClient(socket).greet(random.nextInt(4)) : TestNbdClient.open(socket,
                    random.nextBoolean())) {
                for (int i = random.nextInt(6); i >= 0; i--) {
                    garbage(client, stage, random);
                }
                client.out.flush();
                if (random.nextBoolean()) {
                    client.channel.shutdownOutput();
                }
            } catch (final IOException e) {
                // Being hung up on is what garbage deserves.
                assertTrue(stage >= 0);
            }
        }
        try (TestNbdClient client = TestNbdClient.open(socket, true)) {
            assertEquals(0, client.write(1, random(9000, 1), true), "seed " + SEED);
            assertArrayEquals(random(9000, 1), client.read(1, 9000), "seed " + SEED);
        }
        for (final String line : log) {
            assertFalse(line.contains("failed"), () -> line + "; seed " + SEED);
        }
    }

    private static void garbage(final TestNbdClient client, final int stage, final Random random) throws IOException {
        final byte[] noise = new byte[random.nextInt(3000)];
        random.nextBytes(noise);
        switch (random.nextInt(stage < 2 ? 2 : 4)) {
            case 0 -> client.out.write(noise);
            case 1 -> {
                client.out.writeBytes("IHAVEOPT");
                client.out.writeInt(random.nextInt(12));
                client.out.writeInt(random.nextInt(8) == 0 ? random.nextInt() : noise.length);
                client.out.write(noise);
            }
            case 2 -> client.request(random.nextInt(9), random.nextInt(32), random.nextLong(), random.nextLong(),
                random.nextInt(), noise);
            default -> client.request(random.nextInt(9), random.nextInt(8), random.nextLong(), random.nextInt(SIZE),
                random.nextInt(100_000), noise);
        }
    }

    @Test
    void shouldDropOnlyTheClientWhenItSendsHalfAWriteAndHangsUp() throws Exception {
        try (TestNbdClient client = TestNbdClient.open(socket, true)) {
            client.request(1, 0, 1, 0, 3 << 20, new byte[1_500_000]);
            client.out.flush();
        }
        try (TestNbdClient client = TestNbdClient.open(socket, true)) {
            client.request(1, 0, 1, 0, Integer.MIN_VALUE, new byte[100]);
            client.out.flush();
            assertTrue(client.ended(), "a payload too long to skip");
            assertTrue(log.stream().anyMatch(line -> line.contains("advertised maximum")), log::toString);
        }
    }

    @Test
    void shouldDropSilentClientsWhenTheHandshakeTakesTooLong() throws Exception {
        start(false, new NbdServer.Limits(4, 16, 2 << 20, TimeUnit.MILLISECONDS.toNanos(50)));
        try (TestNbdClient silent = new TestNbdClient(socket)) {
            silent.in.readNBytes(18);
            assertTrue(silent.ended());
        }
        try (TestNbdClient client = TestNbdClient.open(socket, true)) {
            assertArrayEquals(new byte[32 << 20], client.read(0, 32 << 20), "a small pool serves the largest request");
        }
    }

    @Test
    void shouldRefuseOneMoreWhenAllPlacesAreTaken() throws Exception {
        start(false, new NbdServer.Limits(2, 16, 2 << 20, TimeUnit.SECONDS.toNanos(30)));
        try (TestNbdClient one = TestNbdClient.open(socket, true); TestNbdClient two = TestNbdClient.open(socket, true);
                TestNbdClient three = new TestNbdClient(socket)) {
            assertTrue(three.ended());
            assertArrayEquals(new byte[1], one.read(0, 1));
            assertArrayEquals(new byte[1], two.read(0, 1));
        }
    }

    @Test
    void shouldKeepNoMemoryOfClientsForWhichTheDiskHasNoPlace() throws Exception {
        try (TestNbdClient earlier = TestNbdClient.open(socket, true)) {
            assertArrayEquals(new byte[9], earlier.read(0, 9));
            export.full = true;
            final long before = residentMib();
            for (int i = 0; i < 150; i++) {
                try (TestNbdClient refused = TestNbdClient.open(socket, true)) {
                    assertTrue(refused.ended());
                }
            }
            final long kept = residentMib() - before;
            assertTrue(kept < 600, kept + " MiB more after 150 clients of 8 MiB");
            assertArrayEquals(new byte[9], earlier.read(0, 9));
            export.full = false;
        }
        try (TestNbdClient later = TestNbdClient.open(socket, true)) {
            assertArrayEquals(new byte[9], later.read(0, 9));
        }
    }

    private static long residentMib() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("RssAnon"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024).findFirst().orElseThrow();
    }

    @Test
    void shouldAnswerWhatIsInFlightWhenTheClientSaysGoodBye() throws IOException {
        try (TestNbdClient client = TestNbdClient.open(socket, true)) {
            for (int i = 0; i < 20; i++) {
                client.request(1, 0, i, i * 4096L, 4096, random(4096, i));
            }
            client.request(2, 0, 99, 0, 0, new byte[0]);
            client.out.flush();
            for (int i = 0; i < 20; i++) {
                assertEquals(0, client.reply(0).error());
            }
            assertTrue(client.ended());
        }
    }

    @Test
    void shouldFinishWhatIsInFlightWhenTheServerCloses() throws Exception {
        try (TestNbdClient client = TestNbdClient.open(socket, true)) {
            export.held = true;
            client.request(1, 0, 5, 0, 4096, random(4096, 5));
            client.out.flush();
            while (export.longestBatch.get() == 0) {
                Thread.onSpinWait();
            }
            final Thread closing = Thread.ofPlatform().start(server::close);
            while (Files.exists(socket)) {
                Thread.onSpinWait();
            }
            assertTrue(closing.isAlive());
            export.held = false;
            assertEquals(5, client.reply(0).cookie());
            assertTrue(client.ended());
            closing.join();
        }
    }

    @Test
    void shouldReplaceADeadSocketAndRefuseALiveOneOrAFile() throws Exception {
        assertTrue(assertThrows(StorageException.class,
            () -> NbdServer.start(socket, export, NbdServer.Limits.DEFAULT,
            log::add)).getMessage().contains("another server"));
        final Path dead = folder.resolve("dead");
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(dead));
        }
        assertTrue(Files.exists(dead));
        try (NbdServer second = NbdServer.start(dead, export, NbdServer.Limits.DEFAULT, log::add)) {
            assertEquals("rw-------", java.nio.file.attribute.PosixFilePermissions.toString(
                Files.getPosixFilePermissions(dead)));
            assertEquals("nbd+unix:///?socket=" + dead, second.uri());
        }
        final Path file = Files.writeString(folder.resolve("file"), "precious");
        assertTrue(assertThrows(StorageException.class,
            () -> NbdServer.start(file, export, NbdServer.Limits.DEFAULT,
            log::add)).getMessage().contains("not a socket"));
        assertEquals("precious", Files.readString(file));
        assertThrows(StorageException.class, () -> NbdServer.start(folder.resolve("x".repeat(200)), export,
            NbdServer.Limits.DEFAULT, log::add));
    }
}
