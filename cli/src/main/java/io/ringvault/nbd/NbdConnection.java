package io.ringvault.nbd;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;

/** One client, on a thread of its own: handshake, then transmission. A failure ends this connection and no other. */
final class NbdConnection implements Runnable {
    private final SocketChannel socket;
    private final NbdChannel channel;
    private final NbdExport export;
    private final NbdServer.Limits limits;
    private final Consumer<NbdConnection> whenEnded;
    private final Consumer<String> log;
    private Thread thread;

    NbdConnection(final SocketChannel socket, final NbdExport export, final NbdServer.Limits limits,
            final Consumer<NbdConnection> whenEnded, final Consumer<String> log) throws IOException {
        this.socket = socket;
        this.channel = new NbdChannel(socket);
        this.export = export;
        this.limits = limits;
        this.whenEnded = whenEnded;
        this.log = log;
    }

    void start(final String name) {
        thread = Thread.ofPlatform().daemon().name(name).start(this);
    }

    /** Lets go of one that was never started. */
    void discard() throws IOException {
        channel.close();
    }

    /** Asks it to finish what is in flight and to end. Any thread. */
    void stop() {
        channel.stop();
    }

    void join(final long timeoutMs) throws InterruptedException {
        thread.join(timeoutMs);
    }

    @Override
    public void run() {
        try {
            serve();
        } catch (final NbdProtocolException e) {
            log.accept("an NBD client was dropped: " + e.getMessage());
        } catch (final IOException e) {
            // The client hung up or was too slow: its own affair, and the usual end of many clients.
            log.accept(null);
        } catch (final RuntimeException | OutOfMemoryError e) {
            log.accept("an NBD connection failed: " + e);
        } finally {
            try {
                channel.close();
            } catch (final IOException e) {
                log.accept("closing an NBD connection: " + e.getMessage());
            }
            whenEnded.accept(this);
        }
    }

    private void serve() throws IOException {
        final long deadlineNs = System.nanoTime() + limits.handshakeNs();
        final NbdHandshake handshake = new NbdHandshake(channel, export, deadlineNs);
        if (handshake.run() == NbdHandshake.Outcome.TRANSMISSION && socket.isOpen()) {
            try (NbdTransmission transmission = new NbdTransmission(channel, export, handshake.structuredReplies(),
                    limits.depth(), limits.poolBytes())) {
                transmission.run();
            }
        }
    }
}
