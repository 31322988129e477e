package io.ringvault.nvme.vfiouser.server;

import io.ringvault.sys.NativeDescriptor;
import io.ringvault.sys.UnixSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A client that knows the bytes of the protocol by itself, so that an offset which both real ends got wrong shows. */
final class RawClient implements AutoCloseable {
    static final long LIMIT_MS = 20_000;

    final UnixSocket socket;
    private int id = 100;

    RawClient(final Path directory) throws IOException {
        socket = UnixSocket.connect(directory.resolve("cntrl"), LIMIT_MS);
    }

    /** A reply: header fields, payload, descriptors. */
    record Reply(int id, int command, int size, int flags, int errno, ByteBuffer payload,
                 List<NativeDescriptor> descriptors) {
        boolean ok() {
            return flags == 1 && errno == 0;
        }
    }

    static ByteBuffer buffer(final int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static ByteBuffer payload(final Object... values) {
        final ByteBuffer payload = buffer(256);
        for (final Object value : values) {
            switch (value) {
                case final Short v -> payload.putShort(v);
                case final Integer v -> payload.putInt(v);
                case final Long v -> payload.putLong(v);
                case final String v -> payload.put(v.getBytes(StandardCharsets.US_ASCII));
                default -> throw new IllegalArgumentException(String.valueOf(value));
            }
        }
        return payload.flip();
    }

    ByteBuffer message(final int command, final int flags, final ByteBuffer payload) {
        final ByteBuffer message = buffer(16 + payload.remaining());
        message.putShort((short) ++id).putShort((short) command).putInt(16 + payload.remaining()).putInt(flags)
            .putInt(0).put(payload.duplicate().order(ByteOrder.LITTLE_ENDIAN));
        return message.flip();
    }

    void send(final ByteBuffer bytes, final int... descriptors) throws IOException {
        socket.send(MemorySegment.ofBuffer(bytes), LIMIT_MS, descriptors);
    }

    Reply call(final int command, final ByteBuffer payload, final int... descriptors) throws IOException {
        send(message(command, 0, payload), descriptors);
        final Reply reply = receive();
        if (reply.id != id || reply.command != command) {
            throw new AssertionError("reply " + reply + " to request " + id);
        }
        return reply;
    }

    Reply receive() throws IOException {
        final List<NativeDescriptor> descriptors = new ArrayList<>();
        final ByteBuffer header = buffer(16);
        if (socket.receive(MemorySegment.ofBuffer(header), LIMIT_MS, descriptors, 8) != 16) {
            throw new java.io.EOFException("the server closed");
        }
        final int size = header.getInt(4);
        final ByteBuffer payload = buffer(size - 16);
        if (size > 16 && socket.receive(MemorySegment.ofBuffer(payload), LIMIT_MS, descriptors, 8) != size - 16) {
            throw new java.io.EOFException("the server closed in a payload");
        }
        return new Reply(header.getShort(0) & 0xFFFF, header.getShort(2), size, header.getInt(8), header.getInt(12),
            payload, descriptors);
    }

    /** Whether the server ends the connection, after at most what it still had to say. */
    boolean isDropped() throws IOException {
        try {
            while (true) {
                receive();
            }
        } catch (final java.io.EOFException closed) {
            return true;
        } catch (final io.ringvault.sys.NativeIoException failed) {
            return failed.errnoName().equals("ECONNRESET");
        }
    }

    RawClient hello() throws IOException {
        final Reply reply = call(1, payload((short) 0, (short) 1));
        if (!reply.ok()) {
            throw new AssertionError("VERSION: " + reply);
        }
        return this;
    }

    Reply read(final int region, final long offset, final int count) throws IOException {
        return call(9, payload(offset, region, count));
    }

    Reply write32(final int region, final long offset, final int value) throws IOException {
        return call(10, payload(offset, region, 4, value));
    }

    int read32(final long offset) throws IOException {
        return read(0, offset, 4).payload.getInt(16);
    }

    Reply map(final int flags, final long fileOffset, final long address, final long size, final int... descriptors)
        throws IOException {
        return call(2, payload(32, flags, fileOffset, address, size), descriptors);
    }

    Reply unmap(final int flags, final long address, final long size) throws IOException {
        return call(3, payload(24, flags, address, size));
    }

    @Override
    public void close() {
        socket.close();
    }
}
