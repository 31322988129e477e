package io.ringvault.nbd;

import static io.ringvault.nbd.NbdProtocol.CMD_READ;
import static io.ringvault.nbd.NbdProtocol.REPLY_ERROR;
import static io.ringvault.nbd.NbdProtocol.REPLY_ERROR_OFFSET;
import static io.ringvault.nbd.NbdProtocol.REPLY_FLAG_DONE;
import static io.ringvault.nbd.NbdProtocol.REPLY_NONE;
import static io.ringvault.nbd.NbdProtocol.REPLY_OFFSET_DATA;
import static io.ringvault.nbd.NbdProtocol.SIMPLE_REPLY_MAGIC;
import static io.ringvault.nbd.NbdProtocol.STRUCTURED_REPLY_MAGIC;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * The way out of one connection: replies queue in completion order, small ones share one write, large data leaves
 * straight from its pool run. Its size is bounded by the slots: a client that does not read holds its own slots and
 * nothing else.
 */
final class NbdReplies {
    /** Data up to this length is copied beside its header; longer data is gathered. */
    private static final int COPIED_BYTES = 16 * 1024;
    private static final int STAGING_BYTES = 128 * 1024;
    private static final int LONGEST_HEADER_BYTES = 256;

    private final SocketChannel channel;
    private final NbdSlots slots;
    private final boolean structured;
    private final ByteBuffer staging = ByteBuffer.allocateDirect(STAGING_BYTES);
    private final ByteBuffer poolView;
    private final ByteBuffer[] gather;
    private final Object[] queue;
    private final int mask;
    private int head;
    private int tail;
    private NbdOperation large;

    NbdReplies(final SocketChannel channel, final NbdSlots slots, final boolean structured) {
        this.channel = channel;
        this.slots = slots;
        this.structured = structured;
        poolView = slots.pool().view();
        gather = new ByteBuffer[] {staging, poolView};
        queue = new Object[Integer.highestOneBit(2 * slots.depth()) * 2];
        mask = queue.length - 1;
    }

    /** Queues the data of a completed read; its slots come free when it has left. */
    void data(final NbdOperation operation, final NbdOperation.Framing framing) {
        operation.framing = framing;
        queue[tail++ & mask] = operation;
    }

    /** Queues the last reply of a request: its error, or its success without data. */
    void finish(final NbdRequest request) {
        queue[tail++ & mask] = request;
    }

    boolean empty() {
        return head == tail && staging.position() == 0 && large == null;
    }

    /** Writes as much as the socket takes; returns 0 when nothing moved. */
    int write() throws IOException {
        int work = 0;
        while (true) {
            stage();
            if (staging.position() == 0 && large == null) {
                return work;
            }
            staging.flip();
            final long written;
            try {
                written = large == null ? channel.write(staging) : channel.write(gather);
            } finally {
                staging.compact();
            }
            if (large != null && !poolView.hasRemaining()) {
                releaseData(large);
                large = null;
            }
            if (written == 0) {
                return work;
            }
            work++;
        }
    }

    private void stage() {
        while (large == null && head != tail && staging.remaining() >= LONGEST_HEADER_BYTES) {
            final int at = head & mask;
            if (queue[at] instanceof final NbdOperation operation) {
                final boolean copied = operation.length <= COPIED_BYTES;
                if (copied && staging.remaining() < LONGEST_HEADER_BYTES + operation.length) {
                    return;
                }
                putHeader(operation);
                poolView.limit(operation.buffer + operation.length).position(operation.buffer);
                if (copied) {
                    staging.put(poolView);
                    releaseData(operation);
                } else {
                    large = operation;
                }
            } else {
                final NbdRequest request = (NbdRequest) queue[at];
                putEnd(request);
                slots.release(request);
            }
            queue[at] = null;
            head++;
        }
    }

    private void putHeader(final NbdOperation operation) {
        final long cookie = operation.request.cookie;
        switch (operation.framing) {
            case SIMPLE -> staging.putInt(SIMPLE_REPLY_MAGIC).putInt(NbdError.OK).putLong(cookie);
            case BARE -> {
            }
            default -> {
                final boolean last = operation.framing == NbdOperation.Framing.LAST_CHUNK;
                putChunk(last ? REPLY_FLAG_DONE : 0, REPLY_OFFSET_DATA, cookie, 8 + operation.length);
                staging.putLong(operation.offset);
            }
        }
    }

    private void putEnd(final NbdRequest request) {
        if (!structured || request.type != CMD_READ) {
            staging.putInt(SIMPLE_REPLY_MAGIC).putInt(request.error).putLong(request.cookie);
        } else if (request.error == NbdError.OK) {
            putChunk(REPLY_FLAG_DONE, REPLY_NONE, request.cookie, 0);
        } else {
            final byte[] text = NbdError.describe(request.error).getBytes(StandardCharsets.US_ASCII);
            final boolean placed = request.errorOffset >= 0;
            putChunk(REPLY_FLAG_DONE, placed ? REPLY_ERROR_OFFSET : REPLY_ERROR, request.cookie,
                6 + text.length + (placed ? 8 : 0));
            staging.putInt(request.error).putShort((short) text.length).put(text);
            if (placed) {
                staging.putLong(request.errorOffset);
            }
        }
    }

    private void putChunk(final int flags, final int type, final long cookie, final int length) {
        staging.putInt(STRUCTURED_REPLY_MAGIC).putShort((short) flags).putShort((short) type);
        staging.putLong(cookie).putInt(length);
    }

    /** The data has left: frees the operation and, where it was the whole answer, the request. */
    private void releaseData(final NbdOperation operation) {
        if (!operation.request.fragmented) {
            slots.release(operation.request);
        }
        slots.release(operation);
    }
}
