package io.ringvault.tests.anchor;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.function.Predicate;

/** Stands between an anchor and what keeps it; can be cut, and can lose the answers to chosen requests. Any thread. */
final class TcpProxy implements AutoCloseable {
    private final ServerSocket socket;
    private final int target;
    private volatile boolean cut;
    private volatile Predicate<byte[]> mute = request -> false;

    TcpProxy(final int target) throws IOException {
        this.target = target;
        this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().daemon().name("proxy").start(this::accept);
    }

    int port() {
        return socket.getLocalPort();
    }

    /** Connections are closed at once. */
    void cut(final boolean now) {
        cut = now;
    }

    /** Requests that match arrive, and their connection ends without an answer. */
    void mute(final Predicate<byte[]> which) {
        mute = which;
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                final Socket client = socket.accept();
                Thread.ofVirtual().start(() -> relay(client));
            } catch (final IOException closed) {
                Thread.yield();
            }
        }
    }

    /** Requests and answers alternate, each small enough to arrive as one piece on the loopback. */
    private void relay(final Socket client) {
        try (client; Socket server = new Socket()) {
            if (cut) {
                return;
            }
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 5_000);
            final InputStream questions = client.getInputStream();
            final InputStream answers = server.getInputStream();
            final byte[] buffer = new byte[8192];
            while (!cut) {
                int count = questions.read(buffer);
                if (count <= 0) {
                    return;
                }
                final boolean lost = mute.test(Arrays.copyOf(buffer, count));
                forward(buffer, count, server.getOutputStream(), questions);
                count = answers.read(buffer);
                if (count <= 0 || lost) {
                    return;
                }
                forward(buffer, count, client.getOutputStream(), answers);
            }
        } catch (final IOException gone) {
            return; // Either side ended.
        }
    }

    /** A piece and what else is there already. */
    private static void forward(final byte[] buffer, final int count, final OutputStream out, final InputStream in)
        throws IOException {
        out.write(buffer, 0, count);
        while (in.available() > 0) {
            out.write(in.read());
        }
        out.flush();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
