package io.ringvault.nvme.vfiouser.server;

import static io.ringvault.nvme.vfiouser.server.RawClient.payload;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Clients that fall silent, send garbage or pieces, or come at the same time: the next one is served all the same. */
class DisorderlyClientTest extends ServerTestBase {
    @Test
    void shouldTakeMessagesInPiecesWhenTheyCompleteInTime() throws IOException {
        try (RawClient client = client().hello()) {
            final ByteBuffer message = client.message(9, 0, payload(8L, 0, 4));
            for (int at = 0; at < message.limit(); at += 5) {
                client.send(message.duplicate().position(at).limit(Math.min(at + 5, message.limit())).slice());
            }
            assertEquals(0x0002_0100, client.receive().payload().getInt(16));
            client.send(client.message(9, 0, payload(8L, 0, 4)));
            client.send(client.message(9, 0, payload(0x1CL, 0, 4)));
            assertEquals(0x0002_0100, client.receive().payload().getInt(16));
            assertEquals(0, client.receive().payload().getInt(16));
        }
    }

    @Test
    void shouldDropAClientAndServeTheNextWhenItFallsSilent() throws IOException {
        serveShort();
        try (RawClient silent = client()) {
            assertTrue(silent.isDropped(), "it said nothing at all");
        }
        try (RawClient half = client().hello()) {
            half.send(half.message(9, 0, payload(8L, 0, 4)).limit(7).slice());
            assertTrue(half.isDropped(), "half a header");
        }
        try (RawClient half = client().hello()) {
            half.send(half.message(9, 0, payload(8L, 0, 4)).limit(20).slice());
            assertTrue(half.isDropped(), "half a payload");
        }
        try (RawClient idle = client().hello()) {
            assertFalse(idle.socket.awaitHangUp(4 * SHORT_LIMIT_MS), "between messages silence is a client's right");
        }
        assertNextIsServed();
    }

    @Test
    void shouldDropAClientAndServeTheNextWhenASizeIsImpossible() throws IOException {
        for (final int size : new int[] {0, 15, (1 << 20) + 33, -1, Integer.MAX_VALUE}) {
            try (RawClient client = client().hello()) {
                final ByteBuffer message = client.message(9, 0, payload(8L, 0, 4));
                message.putInt(4, size);
                client.send(message);
                assertTrue(client.isDropped());
            }
        }
        assertNextIsServed();
    }

    @Test
    void shouldServeTheNextAfterAnyGarbage() throws IOException {
        serveShort();
        final long seed = Long.getLong("seed", System.nanoTime());
        final Random random = new Random(seed);
        try {
            for (int round = 0; round < 40; round++) {
                try (RawClient client = random.nextBoolean() ? client() : client().hello()) {
                    final byte[] noise = new byte[1 + random.nextInt(200)];
                    random.nextBytes(noise);
                    final ByteBuffer bytes = RawClient.buffer(noise.length).put(noise).flip();
                    if (noise.length >= 16 && random.nextBoolean()) {
                        bytes.putShort(2, (short) random.nextInt(15)).putInt(4, noise.length).putInt(8, 0);
                    }
                    client.send(bytes, random.nextBoolean() ? new int[0] : new int[] {0, 0});
                } catch (final IOException dropped) {
                    continue;
                }
            }
            assertNextIsServed();
        } catch (final AssertionError failed) {
            throw new AssertionError("-Dseed=" + seed, failed);
        }
    }

    @Test
    void shouldLetASecondClientWaitUntilTheFirstHasLeft() throws IOException {
        try (RawClient second = secondWaiting()) {
            assertTrue(second.receive().ok());
            assertEquals(0, second.read32(0x1C));
        }
        assertEquals(2, server.clients());
    }

    private RawClient secondWaiting() throws IOException {
        try (RawClient first = client().hello()) {
            final RawClient second = client();
            second.send(second.message(1, 0, payload((short) 0, (short) 1)));
            assertFalse(second.socket.awaitReadable(SHORT_LIMIT_MS));
            assertEquals(0, first.read32(0x1C));
            return second;
        }
    }

    @Test
    void shouldRefuseASecondServerAndReplaceADeadOnesSocket() throws IOException {
        final StorageException alive = assertThrows(StorageException.class,
            () -> VfioUserServer.start(directory, endpoint, ServerLimits.DEFAULTS, log::add));
        assertEquals(StorageException.Category.CONFIGURATION, alive.category());
        server.close();
        io.ringvault.sys.UnixSocket.listen(directory.resolve("cntrl"), 1).close();
        serve(ServerLimits.DEFAULTS);
        assertNextIsServed();
    }
}
