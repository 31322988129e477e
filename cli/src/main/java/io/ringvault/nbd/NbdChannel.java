package io.ringvault.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

/**
 * A non-blocking socket with its selector. Owned by one connection's thread, except {@link #wakeup} (any thread). The
 * full reads and writes wait in the selector up to the deadline; they are for the handshake.
 */
final class NbdChannel implements AutoCloseable {
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private volatile boolean stopping;

    NbdChannel(final SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        selector = Selector.open();
        try {
            key = channel.register(selector, 0);
        } catch (final IOException | RuntimeException e) {
            selector.close();
            throw e;
        }
    }

    SocketChannel socket() {
        return channel;
    }

    /** Asks the owner to come to an end, and wakes it. Any thread. */
    void stop() {
        stopping = true;
        selector.wakeup();
    }

    boolean stopping() {
        return stopping;
    }

    /** Waits until the socket is ready for one of {@code interest}, a wake-up, or the time-out. */
    void await(final int interest, final long timeoutMs) throws IOException {
        if (key.interestOps() != interest) {
            key.interestOps(interest);
        }
        selector.select(timeoutMs);
        selector.selectedKeys().clear();
    }

    /** Fills the buffer to its limit, or throws: EOF, a passed deadline ({@link System#nanoTime}), or a stop. */
    void readFully(final ByteBuffer target, final long deadlineNs) throws IOException {
        while (target.hasRemaining()) {
            final int count = channel.read(target);
            if (count < 0) {
                throw new EOFException("the client hung up");
            }
            if (count == 0) {
                awaitUntil(SelectionKey.OP_READ, deadlineNs);
            }
        }
    }

    /** Writes the buffer to its limit, or throws as {@link #readFully}. */
    void writeFully(final ByteBuffer source, final long deadlineNs) throws IOException {
        while (source.hasRemaining()) {
            if (channel.write(source) == 0) {
                awaitUntil(SelectionKey.OP_WRITE, deadlineNs);
            }
        }
    }

    private void awaitUntil(final int interest, final long deadlineNs) throws IOException {
        final long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
        if (leftMs <= 0) {
            throw new IOException("the client did not finish the handshake in time");
        }
        if (stopping) {
            throw new ClosedChannelException();
        }
        await(interest, leftMs);
    }

    @Override
    public void close() throws IOException {
        try {
            selector.close();
        } finally {
            channel.close();
        }
    }
}
