package io.ringvault.ring;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The record of a {@link RequestRing}: 56 bytes after the ring's own header of 8, so one cache line of 64 in all.
 *
 * <pre>
 *   0  int   clientId      which completion ring
 *   4  int   opSlot        index into that client's op table
 *   8  int   opcode        {@link OpCode}
 *  12  int   flags         {@link OpFlags}
 *  16  long  offsetBytes   on the disk
 *  24  long  lengthBytes   of the range
 *  32  24 bytes reserved, zero
 * </pre>
 * Static accessors over any buffer; no state, any thread.
 */
public final class RequestDescriptor {
    public static final int CLIENT_ID_OFFSET = 0;
    public static final int OP_SLOT_OFFSET = 4;
    public static final int OPCODE_OFFSET = 8;
    public static final int FLAGS_OFFSET = 12;
    public static final int OFFSET_BYTES_OFFSET = 16;
    public static final int LENGTH_BYTES_OFFSET = 24;
    public static final int RESERVED_OFFSET = 32;
    /** Bytes of one record without the ring's header. */
    public static final int LENGTH = 56;

    private RequestDescriptor() {
    }

    /** Writes all fields. */
    public static void encode(final MutableDirectBuffer buffer, final int index, final int clientId, final int opSlot,
        final int opcode, final int flags, final long offsetBytes, final long lengthBytes) {
        buffer.putInt(index + CLIENT_ID_OFFSET, clientId);
        buffer.putInt(index + OP_SLOT_OFFSET, opSlot);
        buffer.putInt(index + OPCODE_OFFSET, opcode);
        buffer.putInt(index + FLAGS_OFFSET, flags);
        buffer.putLong(index + OFFSET_BYTES_OFFSET, offsetBytes);
        buffer.putLong(index + LENGTH_BYTES_OFFSET, lengthBytes);
        buffer.putLong(index + RESERVED_OFFSET, 0);
        buffer.putLong(index + RESERVED_OFFSET + 8, 0);
        buffer.putLong(index + RESERVED_OFFSET + 16, 0);
    }

    /** Hands all fields to the handler. */
    public static void decode(final DirectBuffer buffer, final int index, final RequestHandler handler) {
        handler.onRequest(buffer.getInt(index + CLIENT_ID_OFFSET), buffer.getInt(index + OP_SLOT_OFFSET),
            buffer.getInt(index + OPCODE_OFFSET), buffer.getInt(index + FLAGS_OFFSET),
            buffer.getLong(index + OFFSET_BYTES_OFFSET), buffer.getLong(index + LENGTH_BYTES_OFFSET));
    }
}
