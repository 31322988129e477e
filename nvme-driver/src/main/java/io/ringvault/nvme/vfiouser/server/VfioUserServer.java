package io.ringvault.nvme.vfiouser.server;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.vfiouser.VfioUserWire;
import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Serves an image as an NVMe controller at a directory's {@code cntrl} socket, one client after the other; others wait
 * in the backlog. Each finds a controller that was just switched on.
 *
 * <p>{@link #start} and {@link #close} belong to the control plane; everything else happens on the server's thread.
 */
public final class VfioUserServer implements AutoCloseable {
    static final long BAR4_BYTES = 0x2000;
    static final long BAR5_BYTES = 0x1000;

    private static final long BAR0_LEAST_BYTES = 0x4000;
    private static final int BACKLOG = 16;
    private static final long ACCEPT_MS = 1_000;
    private static final long PROBE_MS = 200;
    private static final long RETRY_NS = 100_000_000;

    private final Path socket;
    private final UnixSocket listener;
    private final ModelEndpoint endpoint;
    private final ServerLimits limits;
    private final Consumer<String> log;
    private final Thread thread;
    private PciConfigSpace config;
    private volatile ClientSession current;
    private volatile boolean closing;
    private volatile long clients;

    private VfioUserServer(final Path socket, final UnixSocket listener, final ModelEndpoint endpoint,
        final ServerLimits limits, final Consumer<String> log) {
        this.socket = socket;
        this.listener = listener;
        this.endpoint = endpoint;
        this.limits = limits;
        this.log = log;
        this.thread = Thread.ofPlatform().name("ringvault-vfio-user-server").unstarted(this::serve);
    }

    /**
     * Listens and serves until {@link #close()}.
     *
     * @param directory made (for this user only) if missing; a dead server's socket in it is replaced
     * @param endpoint  stays the caller's; to be closed after the server
     * @param log       hears one line about each client that comes, goes or is dropped
     * @throws StorageException CONFIGURATION when another server is alive there, or the directory cannot be used
     */
    public static VfioUserServer start(final Path directory, final ModelEndpoint endpoint, final ServerLimits limits,
        final Consumer<String> log) {
        final Path socket = directory.resolve(VfioUserWire.SOCKET_NAME);
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(directory,
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            final VfioUserServer server = new VfioUserServer(socket, listen(socket), endpoint, limits, log);
            server.thread.start();
            return server;
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "cannot serve at " + socket + ": "
                + failed.getMessage(), failed);
        }
    }

    private static UnixSocket listen(final Path socket) throws IOException {
        try {
            return UnixSocket.listen(socket, BACKLOG);
        } catch (final NativeIoException failed) {
            if (failed.errno() != Errno.EADDRINUSE || !isDead(socket)) {
                throw failed;
            }
            Files.deleteIfExists(socket);
            return UnixSocket.listen(socket, BACKLOG);
        }
    }

    private static boolean isDead(final Path socket) throws IOException {
        try (UnixSocket alive = UnixSocket.connect(socket, PROBE_MS)) {
            throw new IOException("another server is alive there (" + alive + "); stop it, or use another directory");
        } catch (final NativeIoException refused) {
            return refused.errno() == Errno.ECONNREFUSED;
        }
    }

    /** The device URI by which the driver finds this server. */
    public String uri() {
        return "nvme+vfio-user:" + socket.getParent();
    }

    /** Clients that came so far. */
    public long clients() {
        return clients;
    }

    /** The session of the client that is attached, or null. For tests. */
    ClientSession current() {
        return current;
    }

    private void serve() {
        while (!closing) {
            try (UnixSocket client = listener.accept(ACCEPT_MS)) {
                if (client != null && !closing) {
                    clients++;
                    serve(client);
                }
            } catch (final IOException | RuntimeException | InternalError failed) {
                if (!closing) {
                    log.accept("client " + clients + " dropped: " + failed.getMessage());
                    LockSupport.parkNanos(failed instanceof IOException ? 0 : RETRY_NS);
                }
            }
        }
    }

    private void serve(final UnixSocket client) throws IOException {
        final ModelEndpoint.Session controller = endpoint.connect();
        final DmaTable memory = new DmaTable(controller);
        try {
            final long bar0Bytes = Math.max(BAR0_LEAST_BYTES,
                Long.highestOneBit(2 * (ModelEndpoint.DOORBELLS_OFFSET + controller.doorbellBytes()) - 1));
            if (config == null) {
                config = new PciConfigSpace(bar0Bytes, BAR4_BYTES, BAR5_BYTES);
            }
            current = new ClientSession(client, controller, memory, config, bar0Bytes, limits);
            if (!closing) {
                current.run();
                log.accept("client " + clients + " left");
            }
        } finally {
            current = null;
            controller.close();
            memory.close(); // nothing uses it any more
        }
    }

    /** Drops the client, stops listening and removes the socket. The image is as after a loss of power. Idempotent. */
    @Override
    public void close() {
        closing = true;
        listener.shutdown();
        final ClientSession attached = current;
        if (attached != null) {
            attached.shutdown();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (final InterruptedException again) {
                interrupted = true;
            }
        }
        listener.close();
        try {
            Files.deleteIfExists(socket);
        } catch (final IOException failed) {
            log.accept("socket " + socket + " stays: " + failed.getMessage());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
