package io.ringvault.nvme.vfiouser;

import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeDescriptor;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.UnixSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The client's end of a vfio-user socket: one request in flight, each sent by one call and answered within a limit.
 *
 * <p>A refusal (an error reply) is an exception and the connection lives on. Anything else that goes wrong (silence,
 * the end of the stream, a reply that does not fit its request) ends the connection for good: {@link #gone()} then says
 * why, and every later request fails at once. Control plane; any thread, one at a time by the lock.
 */
final class VfioUserConnection implements AutoCloseable {
    /** Payload bytes that a request or a reply of this client may have. */
    static final int PAYLOAD_BYTES = 8192;

    private static final int KNOWN_FLAGS =
        VfioUserWire.TYPE_MASK | VfioUserWire.FLAG_NO_REPLY | VfioUserWire.FLAG_ERROR;

    private final Path path;
    private final long timeoutMs;
    private final UnixSocket socket;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment request = arena.allocate(VfioUserWire.HEADER_BYTES + PAYLOAD_BYTES, 8);
    private final MemorySegment reply = arena.allocate(VfioUserWire.HEADER_BYTES + PAYLOAD_BYTES, 8);
    private int nextId = 1;
    private boolean closed;
    private volatile String gone = "";

    private VfioUserConnection(final Path path, final UnixSocket socket, final long timeoutMs) {
        this.path = path;
        this.socket = socket;
        this.timeoutMs = timeoutMs;
    }

    /** Connects to a socket; {@code timeoutMs} is the limit of each message too. */
    static VfioUserConnection connect(final Path path, final long timeoutMs) throws IOException {
        return new VfioUserConnection(path, UnixSocket.connect(path, timeoutMs), timeoutMs);
    }

    /** Why the connection is of no more use; empty while it works. Any thread. */
    String gone() {
        return gone;
    }

    /** Fills in a request's payload; called under the lock with {@link #PAYLOAD_BYTES} of zeros. */
    @FunctionalInterface
    interface Filler {
        void fill(MemorySegment payload);
    }

    /**
     * Sends a request and waits for its reply.
     *
     * @param payloadBytes of the request
     * @param least        payload bytes that the reply has at least
     * @param most         and at most
     * @param received     gets the reply's descriptors, the caller closes them; null when none may come
     * @param descriptors  to be sent along
     * @return a private copy of the reply's payload
     * @throws NativeIoException with the server's errno when it refused
     * @throws IOException       when the connection has ended
     */
    synchronized MemorySegment exchange(final int command, final int payloadBytes, final Filler filler,
        final int least, final int most, final List<NativeDescriptor> received, final int... descriptors)
        throws IOException {
        final List<NativeDescriptor> came = new ArrayList<>();
        try {
            final int id = send(command, 0, payloadBytes, filler, descriptors);
            final int length = receive(id, command, least, most, came);
            if (received == null && !came.isEmpty()) {
                throw new IOException("a descriptor came with the reply, which has none");
            }
            if (received != null) {
                received.addAll(came);
                came.clear();
            }
            return MemorySegment.ofArray(reply.asSlice(VfioUserWire.HEADER_BYTES, length)
                .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
        } catch (final Refusal refused) {
            throw new NativeIoException("vfio-user " + VfioUserWire.name(command), path.toString(), refused.errno,
                "the server refused");
        } catch (final IOException failed) {
            throw end(VfioUserWire.name(command), failed);
        } finally {
            came.forEach(NativeDescriptor::close);
        }
    }

    /** Sends a request that wants no reply. */
    synchronized void tell(final int command, final int payloadBytes, final Filler filler) throws IOException {
        try {
            send(command, VfioUserWire.FLAG_NO_REPLY, payloadBytes, filler);
        } catch (final IOException failed) {
            throw end(VfioUserWire.name(command), failed);
        }
    }

    private int send(final int command, final int flags, final int payloadBytes, final Filler filler,
        final int... descriptors) throws IOException {
        if (!gone.isEmpty()) {
            throw new IOException(gone);
        }
        final int id = nextId;
        nextId = nextId + 1 & 0xFFFF;
        request.fill((byte) 0);
        request.set(VfioUserWire.U16, VfioUserWire.ID_OFFSET, (short) id);
        request.set(VfioUserWire.U16, VfioUserWire.COMMAND_OFFSET, (short) command);
        request.set(VfioUserWire.U32, VfioUserWire.SIZE_OFFSET, VfioUserWire.HEADER_BYTES + payloadBytes);
        request.set(VfioUserWire.U32, VfioUserWire.FLAGS_OFFSET, VfioUserWire.TYPE_COMMAND | flags);
        filler.fill(request.asSlice(VfioUserWire.HEADER_BYTES));
        socket.send(request.asSlice(0, VfioUserWire.HEADER_BYTES + payloadBytes), timeoutMs, descriptors);
        return id;
    }

    private int receive(final int id, final int command, final int least, final int most,
        final List<NativeDescriptor> came) throws IOException {
        fill(reply.asSlice(0, VfioUserWire.HEADER_BYTES), came);
        final int size = reply.get(VfioUserWire.U32, VfioUserWire.SIZE_OFFSET);
        final int flags = reply.get(VfioUserWire.U32, VfioUserWire.FLAGS_OFFSET);
        final int length = size - VfioUserWire.HEADER_BYTES;
        if ((reply.get(VfioUserWire.U16, VfioUserWire.ID_OFFSET) & 0xFFFF) != id
            || (reply.get(VfioUserWire.U16, VfioUserWire.COMMAND_OFFSET) & 0xFFFF) != command
            || (flags & VfioUserWire.TYPE_MASK) != VfioUserWire.TYPE_REPLY || (flags & ~KNOWN_FLAGS) != 0) {
            throw new IOException("the server's message is no reply to request " + id + ": id "
                + (reply.get(VfioUserWire.U16, VfioUserWire.ID_OFFSET) & 0xFFFF) + ", command "
                + (reply.get(VfioUserWire.U16, VfioUserWire.COMMAND_OFFSET) & 0xFFFF) + ", flags 0x"
                + Integer.toHexString(flags));
        }
        if ((flags & VfioUserWire.FLAG_ERROR) != 0) {
            final int errno = reply.get(VfioUserWire.U32, VfioUserWire.ERRNO_OFFSET);
            if (length != 0 || errno <= 0 || errno > 4095) {
                throw new IOException("an error reply of " + size + " bytes with errno " + errno);
            }
            throw new Refusal(errno);
        }
        if (length < least || length > most) {
            throw new IOException("a reply of " + size + " bytes; " + (VfioUserWire.HEADER_BYTES + least) + " to "
                + (VfioUserWire.HEADER_BYTES + most) + " are possible");
        }
        if (length > 0) {
            fill(reply.asSlice(VfioUserWire.HEADER_BYTES, length), came);
        }
        return length;
    }

    private void fill(final MemorySegment part, final List<NativeDescriptor> came) throws IOException {
        final long count = socket.receive(part, timeoutMs, came, 1);
        if (count != part.byteSize()) {
            throw new IOException("the server closed the connection");
        }
    }

    /** The connection cannot be used any more: after half a message nobody knows where the next one starts. */
    private IOException end(final String what, final IOException reason) {
        lose(what + ": " + reason.getMessage());
        return reason;
    }

    /** Declares the connection dead; the first reason stays. Any thread. */
    void lose(final String reason) {
        if (gone.isEmpty()) {
            gone = reason;
        }
        socket.shutdown();
    }

    /** Waits until the server has gone, at most so long; whether it has. */
    boolean awaitHangUp(final long limitMs) throws IOException {
        return socket.awaitHangUp(limitMs);
    }

    /** Closes the socket, which makes the server drop its mappings. Idempotent. */
    @Override
    public void close() {
        lose("closed here");
        synchronized (this) {
            if (!closed) {
                closed = true;
                socket.close();
                arena.close();
            }
        }
    }

    /** An error reply: the only failure after which the connection is as good as before. */
    private static final class Refusal extends IOException {
        private static final long serialVersionUID = 1L;

        private final int errno;

        Refusal(final int errno) {
            super(Errno.name(errno));
            this.errno = errno;
        }
    }
}
