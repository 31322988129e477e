package io.ringvault.nbd;

import io.ringvault.block.StorageException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Offers one export on a unix-domain socket of mode 0600. Its methods may be called from any thread; it owns one
 * accepting thread and one thread per connection, and never more memory than {@link Limits} allow.
 *
 * <p>{@link #close} lets every connection finish what is in flight and removes the socket; it does not close the
 * disk.
 */
public final class NbdServer implements AutoCloseable {

    /**
     * Bounds.
     *
     * @param connections    clients at once; more are refused by hanging up
     * @param depth          operations in flight per connection, a power of two
     * @param poolBytes      buffer memory per connection, a multiple of 4096 and at least 2 MiB
     * @param handshakeNs    time for a client to get through the handshake
     */
    public record Limits(int connections, int depth, int poolBytes, long handshakeNs) {
        /** 64 connections of 256 operations and 8 MiB, 30 seconds for the handshake. */
        public static final Limits DEFAULT = new Limits(64, 256, 8 << 20, TimeUnit.SECONDS.toNanos(30));

        public Limits {
            if (connections < 1 || depth < 1 || Integer.bitCount(depth) != 1
                    || poolBytes < 2 * NbdTransmission.PIECE_BYTES || poolBytes % BufferPool.PAGE_BYTES != 0) {
                throw new IllegalArgumentException("NBD limits: connections " + connections + ", depth " + depth
                    + " (a power of two), pool " + poolBytes + " (a multiple of 4096, at least 2 MiB)");
            }
        }
    }

    private static final long CLOSE_MS = 70_000;

    private final Path path;
    private final NbdExport export;
    private final Limits limits;
    private final Consumer<String> log;
    private final ServerSocketChannel listener;
    private final Set<NbdConnection> connections = ConcurrentHashMap.newKeySet();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong quietEnds = new AtomicLong();
    private final Thread acceptor;
    private volatile boolean closed;

    private NbdServer(final Path path, final NbdExport export, final Limits limits, final Consumer<String> log) {
        this.path = path;
        this.export = export;
        this.limits = limits;
        this.log = log;
        this.listener = bind(path);
        this.acceptor = Thread.ofPlatform().daemon().name("nbd-accept").unstarted(this::accept);
    }

    /**
     * Binds and begins to accept.
     *
     * @param socket a path that does not exist, or a dead server's socket, which is replaced
     * @param log    receives one line for each dropped client; any thread
     * @throws StorageException CONFIGURATION when the path is taken or unusable
     */
    public static NbdServer start(final Path socket, final NbdExport export, final Limits limits,
            final Consumer<String> log) {
        final NbdServer server = new NbdServer(socket.toAbsolutePath(), export, limits, log);
        server.acceptor.start();
        return server;
    }

    /** The URI by which libnbd, fio, qemu and nbdkit name this export. */
    public String uri() {
        return "nbd+unix:///?socket=" + URLEncoder.encode(path.toString(), StandardCharsets.UTF_8)
            .replace("+", "%20").replace("%2F", "/");
    }

    public Path socket() {
        return path;
    }

    /** Clients connected now. */
    public int connections() {
        return connections.size();
    }

    /** Clients accepted so far. */
    public long accepted() {
        return accepted.get();
    }

    /** Connections that ended by a hang-up or a time-out rather than by the protocol. */
    public long quietEnds() {
        return quietEnds.get();
    }

    private void accept() {
        while (!closed) {
            try {
                admit(listener.accept());
            } catch (final ClosedChannelException e) {
                return;
            } catch (final IOException e) {
                if (!closed) {
                    log.accept("accepting an NBD client: " + e.getMessage());
                    pause();
                }
            }
        }
    }

    private void admit(final SocketChannel socket) throws IOException {
        final long number = accepted.incrementAndGet();
        if (connections.size() >= limits.connections()) {
            socket.close();
            log.accept("an NBD client was refused: " + limits.connections() + " are connected already");
            return;
        }
        NbdConnection connection = null;
        try {
            connection = new NbdConnection(socket, export, limits, connections::remove, this::report);
            connections.add(connection);
            connection.start("nbd-" + number);
        } catch (final IOException | OutOfMemoryError e) { // no descriptor for its selector, or no thread for it
            if (connection != null) {
                connections.remove(connection);
                connection.discard();
            }
            socket.close();
            throw e instanceof final IOException known ? known : new IOException(e.getMessage(), e);
        }
        if (closed) {
            connection.stop();
        }
    }

    private void report(final String text) {
        if (text == null) {
            quietEnds.incrementAndGet();
        } else {
            log.accept(text);
        }
    }

    /** Out of descriptors or memory: give the system time rather than spin. */
    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops accepting, lets connections finish what is in flight, removes the socket. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            listener.close();
            Files.deleteIfExists(path);
        } catch (final IOException e) {
            log.accept("removing socket " + path + ": " + e.getMessage());
        }
        final long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MS);
        try {
            acceptor.join();
            final List<NbdConnection> open = List.copyOf(connections);
            open.forEach(NbdConnection::stop);
            for (final NbdConnection connection : open) {
                connection.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime())));
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ServerSocketChannel bind(final Path path) {
        replaceDeadSocket(path);
        try {
            final ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.bind(UnixDomainSocketAddress.of(path), 64);
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
                return channel;
            } catch (final IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (final IOException | UnsupportedOperationException e) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "socket " + path + ": cannot listen: "
                + e.getMessage() + "; choose a path in an existing folder, shorter than about 100 bytes", e);
        }
    }

    private static void replaceDeadSocket(final Path path) {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            final int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            if ((mode & 0170000) != 0140000) {
                throw StorageException.configuration("socket " + path + ": something that is not a socket is there; "
                    + "choose another path");
            }
            if (someoneListens(path)) {
                throw StorageException.configuration("socket " + path
                    + ": another server listens there; stop it, or choose another path");
            }
            Files.deleteIfExists(path);
        } catch (final IOException e) {
            throw new StorageException(StorageException.Category.CONFIGURATION,
                "socket " + path + ": cannot replace what is there: " + e.getMessage(), e);
        }
    }

    private static boolean someoneListens(final Path path) throws IOException {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return probe.connect(UnixDomainSocketAddress.of(path));
        } catch (final java.net.ConnectException e) {
            return false;
        }
    }
}
