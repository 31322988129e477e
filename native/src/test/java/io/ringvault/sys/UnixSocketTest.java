package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    private static final long LIMIT_MS = 10_000;

    private final Arena arena = Arena.ofShared();
    @TempDir
    private Path folder;
    private Path path;
    private UnixSocket listener;
    private UnixSocket client;
    private UnixSocket server;

    @BeforeEach
    void connect() throws IOException {
        path = folder.resolve("socket");
        listener = UnixSocket.listen(path, 2);
        client = UnixSocket.connect(path, LIMIT_MS);
        server = listener.accept(LIMIT_MS);
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
        listener.close();
        arena.close();
    }

    private MemorySegment text(final String text) {
        return MemorySegment.ofBuffer(arena.allocate(text.length()).asByteBuffer()
            .put(text.getBytes(StandardCharsets.ISO_8859_1)).flip());
    }

    private String received(final UnixSocket from, final int length, final List<NativeDescriptor> descriptors)
        throws IOException {
        final MemorySegment data = arena.allocate(length);
        final long count = from.receive(data, LIMIT_MS, descriptors, 8);
        return new String(data.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    private static int openDescriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return (int) open.count();
        }
    }

    @Test
    void shouldPassBytesInBothDirectionsWhenConnected() throws IOException {
        client.send(text("hello "), LIMIT_MS);
        client.send(text("world"), LIMIT_MS);
        assertEquals("hello world", received(server, 11, new ArrayList<>()));
        server.send(text("yes"), LIMIT_MS);
        assertEquals("yes", received(client, 3, new ArrayList<>()));
    }

    @Test
    void shouldShareMemoryWhenItsDescriptorIsPassed() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("passed", 8192, NativeMemory.Pages.BASE)) {
            final int before = openDescriptors();
            client.send(text("take"), LIMIT_MS, memory.descriptor());
            final List<NativeDescriptor> descriptors = new ArrayList<>();
            assertEquals("take", received(server, 4, descriptors));
            assertEquals(1, descriptors.size());
            assertTrue(descriptors.getFirst().isRegularFile());
            assertEquals(8192, descriptors.getFirst().sizeBytes());
            try (NativeMapping mapping = NativeMapping.map(descriptors.getFirst(), 4096, 4096, true)) {
                descriptors.getFirst().close();
                mapping.segment().set(ValueLayout.JAVA_LONG, 8, 77);
                assertEquals(77, memory.segment().get(ValueLayout.JAVA_LONG, 4104));
            }
            assertEquals(before, openDescriptors());
        }
    }

    @Test
    void shouldCloseWhatIsBeyondTheWantedNumberWhenMoreDescriptorsCome() throws IOException {
        final int before = openDescriptors();
        client.send(text("abc"), LIMIT_MS, 0, 0, 0);
        final List<NativeDescriptor> descriptors = new ArrayList<>();
        final NativeIoException refused = assertThrows(NativeIoException.class,
            () -> server.receive(arena.allocate(3), LIMIT_MS, descriptors, 2));
        assertEquals(Errno.EMSGSIZE, refused.errno());
        descriptors.forEach(NativeDescriptor::close);
        assertEquals(2, descriptors.size());
        assertEquals(before, openDescriptors());
    }

    @Test
    void shouldLeakNothingWhenTheKernelHadToCutTheList() throws IOException {
        final int before = openDescriptors();
        client.send(text("x"), LIMIT_MS, new int[UnixSocket.MAX_DESCRIPTORS + 36]);
        final List<NativeDescriptor> descriptors = new ArrayList<>();
        assertThrows(NativeIoException.class, () -> server.receive(arena.allocate(1), LIMIT_MS, descriptors, 64));
        descriptors.forEach(NativeDescriptor::close);
        assertEquals(before, openDescriptors());
    }

    @Test
    void shouldCollectAllPiecesWhenAMessageComesInParts() throws Exception {
        final FutureTask<String> reader = new FutureTask<>(() -> received(server, 6, new ArrayList<>()));
        Thread.ofPlatform().start(reader);
        for (final String part : List.of("ab", "c", "def")) {
            client.send(text(part), LIMIT_MS);
            Thread.sleep(5);
        }
        assertEquals("abcdef", reader.get(10, TimeUnit.SECONDS));
    }

    @Test
    void shouldSayHowManyCameWhenThePeerCloses() throws IOException {
        client.send(text("ab"), LIMIT_MS);
        client.close();
        assertEquals("ab", received(server, 6, new ArrayList<>()));
        assertEquals("", received(server, 6, new ArrayList<>()));
        assertTrue(server.awaitHangUp(LIMIT_MS));
        final NativeIoException gone = assertThrows(NativeIoException.class, () -> {
            server.send(text("x"), LIMIT_MS);
            server.send(text("x"), LIMIT_MS);
        });
        assertEquals("EPIPE", gone.errnoName());
    }

    @Test
    void shouldTimeOutWhenNothingComesOrNothingIsTaken() {
        assertEquals(Errno.ETIMEDOUT, assertThrows(NativeIoException.class,
            () -> server.receive(arena.allocate(1), 30, new ArrayList<>(), 0)).errno());
        assertEquals(Errno.ETIMEDOUT, assertThrows(NativeIoException.class,
            () -> client.send(arena.allocate(64 << 20), 30)).errno());
    }

    @Test
    void shouldWakeWaitersWhenShutDown() throws Exception {
        final FutureTask<UnixSocket> acceptor = new FutureTask<>(() -> listener.accept(60_000));
        final FutureTask<Boolean> watcher = new FutureTask<>(() -> client.awaitHangUp(60_000));
        Thread.ofPlatform().start(acceptor);
        Thread.ofPlatform().start(watcher);
        Thread.sleep(20);
        listener.shutdown();
        client.shutdown();
        assertNull(acceptor.get(10, TimeUnit.SECONDS));
        assertTrue(watcher.get(10, TimeUnit.SECONDS));
    }

    @Test
    void shouldSeeReadableAndHungUpApartWhenBytesWait() throws IOException {
        assertFalse(server.awaitReadable(0));
        client.send(text("a"), LIMIT_MS);
        assertTrue(server.awaitReadable(LIMIT_MS));
        assertFalse(server.awaitHangUp(0));
        assertNull(listener.accept(0));
    }

    @Test
    void shouldNameTheReasonWhenItCannotConnectOrListen() throws IOException {
        assertEquals(Errno.EADDRINUSE,
            assertThrows(NativeIoException.class, () -> UnixSocket.listen(path, 1)).errno());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        listener.close();
        assertEquals(Errno.ECONNREFUSED,
            assertThrows(NativeIoException.class, () -> UnixSocket.connect(path, 10)).errno());
        assertEquals(Errno.ENOENT, assertThrows(NativeIoException.class,
            () -> UnixSocket.connect(folder.resolve("nothing"), 10)).errno());
        assertEquals(Errno.ENAMETOOLONG, assertThrows(NativeIoException.class,
            () -> UnixSocket.connect(folder.resolve("x".repeat(108)), 10)).errno());
    }

    @Test
    void shouldWaitWhenTheBacklogIsFull() throws IOException {
        final List<UnixSocket> waiting = new ArrayList<>();
        final NativeIoException full = assertThrows(NativeIoException.class, () -> {
            for (int i = 0; i < 10; i++) {
                waiting.add(UnixSocket.connect(path, 20));
            }
        });
        assertEquals(Errno.ETIMEDOUT, full.errno());
        final UnixSocket next = listener.accept(LIMIT_MS);
        assertNotNull(next);
        next.close();
        waiting.forEach(UnixSocket::close);
    }

    @Test
    void shouldRefuseCallsWhenClosed() {
        client.close();
        client.close();
        client.shutdown();
        assertEquals(Errno.EBADF,
            assertThrows(NativeIoException.class, () -> client.send(text("x"), LIMIT_MS)).errno());
    }
}
