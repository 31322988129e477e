package io.ringvault.nvme.vfiouser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Doorbells as messages, read by a server with an encoder of its own. */
@Timeout(60)
class DoorbellRelayTest {
    private static final int BYTES = 4096;
    private static final int REGION_WRITE = 10;

    @TempDir
    private Path folder;
    private FakeServer server;
    private VfioUserConnection connection;
    private DoorbellRelay relay;
    private final MemorySegment doorbells = Arena.ofAuto().allocate(BYTES, 8);

    @BeforeEach
    void start() throws IOException {
        server = new FakeServer(folder);
        connection = VfioUserConnection.connect(folder.resolve("cntrl"), 10_000);
        relay = new DoorbellRelay(connection, doorbells, Arena.ofAuto().allocate(BYTES, 8));
    }

    @AfterEach
    void stop() {
        connection.close();
        server.close();
    }

    private void ring(final int number, final int value) {
        doorbells.set(ValueLayout.JAVA_INT, 4L * number, value);
    }

    /** What has come, as "register:value"; a request with a reply makes sure that all of it has. */
    private List<String> rung() throws IOException {
        connection.exchange(VfioUserWire.GET_INFO, VfioUserWire.INFO_BYTES, payload -> { }, 16, 16, null);
        final List<String> rung = new ArrayList<>();
        for (int i = 0; i < server.commands.size(); i++) {
            if (server.commands.get(i) == REGION_WRITE) {
                final ByteBuffer message = server.requests.get(i);
                assertEquals(20, message.capacity());
                assertEquals(0, message.getInt(8), "BAR0");
                assertEquals(4, message.getInt(12), "bytes");
                rung.add(Long.toHexString(message.getLong(0)) + ":" + message.getInt(16));
            }
        }
        server.commands.clear();
        server.requests.clear();
        return rung;
    }

    @Test
    void shouldSayNothingWhileNothingIsRung() throws IOException {
        relay.run();
        relay.run();
        assertEquals(List.of(), rung());
    }

    @Test
    void shouldPassOnEachDoorbellOnceInTheOrderOfRegisters() throws IOException {
        ring(5, 7);
        ring(0, 3);
        ring(1023, 0);
        relay.run();
        relay.run();
        assertEquals(List.of("1000:3", "1014:7", "1ffc:0"), rung());
    }

    @Test
    void shouldPassOnTheSameValueAgainWhenItIsRungAgain() throws IOException {
        ring(2, 1);
        relay.run();
        ring(2, 1);
        relay.run();
        assertEquals(List.of("1008:1", "1008:1"), rung(), "a queue made anew starts from the same places");
    }

    @Test
    void shouldRestWhenTheServerHasGone() {
        connection.lose("a test");
        ring(2, 1);
        relay.run();
        assertEquals(1, doorbells.get(ValueLayout.JAVA_INT, 8), "nobody took it");
        assertFalse(connection.gone().isEmpty());
    }

    @Test
    void shouldKeepTheReasonInTheConnectionWhenAMessageCannotBeSent() throws Exception {
        assertEquals(List.of(), rung(), "the server has taken the connection");
        server.close();
        for (int i = 0; connection.gone().isEmpty() && i < 100_000; i++) {
            ring(1, i);
            relay.run();
        }
        assertTrue(connection.gone().startsWith("REGION_WRITE: "), connection.gone());
    }
}
