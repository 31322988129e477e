package io.ringvault.ring;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RecordDescriptor;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * Requests from many client threads to the one data agent. Records are {@link RequestDescriptor}s; payload stays in
 * the client's buffer. {@link #offer} may be called by any thread, {@link #drain} by the agent alone.
 */
public final class RequestRing {
    /** Bytes that one request takes. */
    static final int RECORD_BYTES = RequestDescriptor.LENGTH + RecordDescriptor.HEADER_LENGTH;

    private static final int REQUEST = 1;

    private final ManyToOneRingBuffer ring;
    private final int capacity;
    private final MessageHandler onMessage = this::onMessage;
    private RequestHandler handler;

    /** @param capacity requests that may wait, a power of two from 8 (the ring's own minimum) to 2^24 */
    public RequestRing(final int capacity) {
        if (capacity < 8 || capacity > 1 << 24 || Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("capacity " + capacity + " is not a power of two from 8 to 2^24");
        }
        this.capacity = capacity;
        this.ring = new ManyToOneRingBuffer(
            SegmentBuffer.allocate(capacity * RECORD_BYTES + RingBufferDescriptor.TRAILER_LENGTH));
    }

    /** Any thread: appends a request, or returns false when the ring is full (nothing happened; try again later). */
    public boolean offer(final int clientId, final int opSlot, final int opcode, final int flags,
        final long offsetBytes,
        final long lengthBytes) {
        final int index = ring.tryClaim(REQUEST, RequestDescriptor.LENGTH);
        if (index < 0) {
            return false;
        }
        RequestDescriptor.encode(ring.buffer(), index, clientId, opSlot, opcode, flags, offsetBytes, lengthBytes);
        ring.commit(index);
        return true;
    }

    /**
     * Consumer: delivers up to {@code limit} requests, oldest first. A handler that throws has consumed its request.
     *
     * @return the number delivered
     */
    public int drain(final RequestHandler requestHandler, final int limit) {
        handler = requestHandler;
        final int delivered = ring.read(onMessage, limit);
        // One read ends where the memory ends; a second one goes on at its beginning.
        return delivered < limit ? delivered + ring.read(onMessage, limit - delivered) : delivered;
    }

    private void onMessage(final int type, final MutableDirectBuffer buffer, final int index, final int length) {
        deliver(buffer, index);
    }

    private void deliver(final DirectBuffer buffer, final int index) {
        RequestDescriptor.decode(buffer, index, handler);
    }

    /** Any thread: requests waiting, a moment ago. */
    public int size() {
        return ring.size() / RECORD_BYTES;
    }

    /** Requests that may wait. */
    public int capacity() {
        return capacity;
    }
}
