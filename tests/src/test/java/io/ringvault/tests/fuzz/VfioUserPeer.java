package io.ringvault.tests.fuzz;

import io.ringvault.sys.NativeDescriptor;
import io.ringvault.sys.UnixSocket;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** One end of a vfio-user socket with an encoder of its own (little-endian: id, command, size, flags, errno). */
final class VfioUserPeer {
    static final int HEADER_BYTES = 16;
    static final int VERSION = 1;
    static final int DMA_MAP = 2;
    static final int DMA_UNMAP = 3;
    static final int GET_INFO = 4;
    static final int GET_REGION_INFO = 5;
    static final int GET_IRQ_INFO = 7;
    static final int SET_IRQS = 8;
    static final int REGION_READ = 9;
    static final int REGION_WRITE = 10;
    static final int DEVICE_RESET = 13;
    static final int NO_REPLY = 1 << 4;

    private static final int LARGEST_MESSAGE = (1 << 20) + 64;

    private VfioUserPeer() {
    }

    /** A message that came. */
    record Message(int id, int command, int flags, int errno, ByteBuffer payload) {
    }

    static ByteBuffer buffer(final int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A header with the size that the payload has. */
    static ByteBuffer message(final int id, final int command, final int flags, final byte[] payload) {
        return buffer(HEADER_BYTES + payload.length).putShort((short) id).putShort((short) command)
            .putInt(HEADER_BYTES + payload.length).putInt(flags).putInt(0).put(payload).flip();
    }

    /** Fields of four and eight bytes, as they are given. */
    static byte[] fields(final Number... values) {
        final ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (final Number value : values) {
            if (value instanceof final Long wide) {
                bytes.putLong(wide);
            } else if (value instanceof final Short narrow) {
                bytes.putShort(narrow);
            } else {
                bytes.putInt(value.intValue());
            }
        }
        return java.util.Arrays.copyOf(bytes.array(), bytes.position());
    }

    static void send(final UnixSocket socket, final ByteBuffer bytes, final long limitMs, final int... descriptors)
        throws IOException {
        socket.send(MemorySegment.ofBuffer(bytes), limitMs, descriptors);
    }

    /** Receives one message; descriptors that came with it are closed. */
    static Message receive(final UnixSocket socket, final long limitMs) throws IOException {
        final List<NativeDescriptor> came = new ArrayList<>();
        try {
            final ByteBuffer header = buffer(HEADER_BYTES);
            if (socket.receive(MemorySegment.ofBuffer(header), limitMs, came, 16) != HEADER_BYTES) {
                throw new EOFException("the other end closed");
            }
            final int length = header.getInt(4) - HEADER_BYTES;
            if (length < 0 || length > LARGEST_MESSAGE) {
                throw new AssertionError("a message of " + header.getInt(4) + " bytes");
            }
            final ByteBuffer payload = buffer(length);
            if (length > 0 && socket.receive(MemorySegment.ofBuffer(payload), limitMs, came, 16) != length) {
                throw new EOFException("the other end closed in a payload");
            }
            return new Message(header.getShort(0) & 0xFFFF, header.getShort(2) & 0xFFFF, header.getInt(8),
                header.getInt(12), payload);
        } finally {
            came.forEach(NativeDescriptor::close);
        }
    }
}
