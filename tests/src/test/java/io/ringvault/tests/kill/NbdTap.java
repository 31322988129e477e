package io.ringvault.tests.kill;

import io.ringvault.tests.nbd.NbdClient;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Stands between a foreign NBD client and the server and remembers what it saw: the requests in the order of the wire,
 * and what the server said of each. It passes on every byte, except that it can set the FUA flag of each write.
 *
 * <p>Two threads for each connection. A request is remembered before it is passed on, an answer too: so whatever the
 * client was told, the trace knows.
 */
final class NbdTap implements AutoCloseable {
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    private static final int CHUNK_MAGIC = 0x668e33ef;
    private static final int OPTION_REPLY_HIGH = 0x0003e889;
    private static final int GREETING_BYTES = 18;

    private final Path path;
    private final Path server;
    private final boolean fua;
    private final WriteTrace trace;
    private final ServerSocketChannel listener;
    private final Map<SocketChannel, Boolean> open = new ConcurrentHashMap<>();
    private volatile String broken;

    /**
     * @param path   where the client finds it; no socket may be there
     * @param server the server's socket
     * @param fua    whether every write gets the FUA flag on its way
     */
    NbdTap(final Path path, final Path server, final boolean fua, final WriteTrace trace) throws IOException {
        this.path = path;
        this.server = server;
        this.fua = fua;
        this.trace = trace;
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path));
        Thread.ofPlatform().daemon().start(this::accept);
    }

    String uri() {
        return "nbd+unix:///?socket=" + path;
    }

    /** What neither end should ever have sent; null when there was nothing. */
    String broken() {
        return broken;
    }

    private void accept() {
        try {
            while (true) {
                final SocketChannel client = listener.accept();
                final SocketChannel up = SocketChannel.open(StandardProtocolFamily.UNIX);
                open.put(client, true);
                open.put(up, true);
                up.connect(UnixDomainSocketAddress.of(server));
                final Map<Long, WriteTrace.Request> waiting = new HashMap<>();
                Thread.ofPlatform().daemon().start(() -> pump(client, up, () -> requests(client, up, waiting)));
                Thread.ofPlatform().daemon().start(() -> pump(client, up, () -> replies(up, client, waiting)));
            }
        } catch (final IOException closed) {
            // The test is over, or the server was killed before the client came: the client sees the end.
            close();
        }
    }

    @FunctionalInterface
    private interface Direction {
        void run() throws IOException;
    }

    private void pump(final SocketChannel client, final SocketChannel up, final Direction direction) {
        try (client; up) {
            direction.run();
        } catch (final IOException gone) {
            // One end hung up or was killed: that is what this is for.
        } catch (final IllegalStateException wrong) {
            broken = wrong.getMessage();
        }
    }

    private static DataInputStream in(final SocketChannel channel) {
        return new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel), 1 << 18));
    }

    private static DataOutputStream out(final SocketChannel channel) {
        return new DataOutputStream(new java.io.BufferedOutputStream(Channels.newOutputStream(channel), 1 << 18));
    }

    private void requests(final SocketChannel from, final SocketChannel to,
        final Map<Long, WriteTrace.Request> waiting) throws IOException {
        final DataInputStream in = in(from);
        final DataOutputStream out = out(to);
        out.writeInt(in.readInt());
        while (true) {
            if (in.available() == 0) {
                out.flush();
            }
            final int magic = in.readInt();
            out.writeInt(magic);
            if (magic != REQUEST_MAGIC) { // half of an option's magic
                out.writeInt(in.readInt());
                out.writeInt(in.readInt());
                pass(in, out, in.readInt());
                continue;
            }
            final int flags = in.readUnsignedShort();
            final int type = in.readUnsignedShort();
            final long cookie = in.readLong();
            final long offset = in.readLong();
            final int length = in.readInt();
            final byte[] payload = type == NbdClient.WRITE ? exactly(in, length) : new byte[0];
            final int passed = fua && type == NbdClient.WRITE ? flags | NbdClient.FLAG_FUA : flags;
            synchronized (waiting) {
                if (type == NbdClient.WRITE) {
                    waiting.put(cookie, trace.write(offset, payload, (passed & NbdClient.FLAG_FUA) != 0));
                } else if (type == NbdClient.FLUSH) {
                    waiting.put(cookie, trace.flush());
                }
            }
            out.writeShort(passed);
            out.writeShort(type);
            out.writeLong(cookie);
            out.writeLong(offset);
            out.writeInt(length);
            out.write(payload);
        }
    }

    private void replies(final SocketChannel from, final SocketChannel to,
        final Map<Long, WriteTrace.Request> waiting) throws IOException {
        final DataInputStream in = in(from);
        final DataOutputStream out = out(to);
        out.write(exactly(in, GREETING_BYTES));
        while (true) {
            if (in.available() == 0) {
                out.flush();
            }
            final int magic = in.readInt();
            out.writeInt(magic);
            switch (magic) {
                case OPTION_REPLY_HIGH -> {
                    out.write(exactly(in, 12));
                    pass(in, out, in.readInt());
                }
                case SIMPLE_REPLY_MAGIC -> {
                    final int error = in.readInt();
                    final long cookie = in.readLong();
                    synchronized (waiting) {
                        final WriteTrace.Request request = waiting.remove(cookie);
                        if (request != null) {
                            trace.answered(request, error);
                        }
                    }
                    out.writeInt(error);
                    out.writeLong(cookie);
                }
                case CHUNK_MAGIC -> {
                    out.write(exactly(in, 12));
                    pass(in, out, in.readInt());
                }
                default -> throw new IllegalStateException(String.format("the server sent %08x", magic));
            }
        }
    }

    private static void pass(final DataInputStream in, final DataOutputStream out, final int length)
        throws IOException {
        out.writeInt(length);
        out.write(exactly(in, length));
    }

    private static byte[] exactly(final DataInputStream in, final int length) throws IOException {
        final byte[] bytes = in.readNBytes(length);
        if (bytes.length != length) {
            throw new EOFException();
        }
        return bytes;
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (final SocketChannel each : open.keySet()) {
                each.close();
            }
        } catch (final IOException alreadyGone) {
            // Nothing is left to be closed.
        }
    }
}
