package io.ringvault.ring;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * One client's side of the disk: its id, its op table and its completion ring, under the credit rule <em>ops in flight
 * never exceed the completion ring's capacity</em>. Publishing a completion can therefore not fail, and the agent
 * never waits for a client.
 *
 * <p>Threads: {@link #submit}, {@link #poll}, {@link #inFlight} belong to the client's one thread; {@link #accept} and
 * {@link #complete} to the data agent. A buffer is lent from submit until its completion has been polled.
 */
public final class ClientChannel {

    /** Receives completions on the client's thread. */
    @FunctionalInterface
    public interface Handler {
        /**
         * The op with this token has ended; its buffer is the caller's again, and a new op may be submitted from here.
         */
        void onCompletion(long token, int status, long detail);
    }

    /** Never started: a segment that even this thread may access belongs to no thread in particular. */
    private static final Thread ANY_OTHER_THREAD = Thread.ofPlatform()
        .name("ringvault-never-started").unstarted(() -> { });

    private final int clientId;
    private final RequestRing requests;
    private final CompletionRing completions;
    private final OpTable ops;
    private final boolean[] accepted;
    private final CompletionRing.Handler onCompletion = this::onCompletion;
    private Handler handler;

    /**
     * @param clientId non-negative
     * @param requests shared by all clients of one agent
     * @param depth    ops in flight, a power of two
     */
    public ClientChannel(final int clientId, final RequestRing requests, final int depth) {
        this.clientId = clientId;
        this.requests = Objects.requireNonNull(requests);
        this.completions = new CompletionRing(depth);
        this.ops = new OpTable(depth);
        this.accepted = new boolean[depth];
    }

    /**
     * Client: submits an op.
     *
     * @param buffer       for read and write: any segment that all threads may access (shared, global or automatic
     *     arena, or on
     *                     the heap), writable for a read; null for other opcodes
     * @param bufferOffset where the data starts in it
     * @param token        returned with the completion
     * @return false when all credits are in use or the request ring is full: nothing happened, poll and try again
     * @throws IllegalArgumentException  for an unknown opcode or flag, a confined or closed buffer, a read-only buffer
     *     to read into
     * @throws IndexOutOfBoundsException when the range leaves the buffer
     */
    public boolean submit(final int opcode, final int flags, final long offsetBytes, final long lengthBytes,
        final MemorySegment buffer, final long bufferOffset, final long token, final long submitTimeNs) {
        if (!OpCode.isKnown(opcode) || !OpFlags.isKnown(flags)) {
            throw new IllegalArgumentException("unknown " + OpCode.name(opcode) + " or flags 0x"
                + Integer.toHexString(flags));
        }
        if (OpCode.hasBuffer(opcode)) {
            checkBuffer(opcode, buffer, bufferOffset, lengthBytes);
        }
        final int slot = ops.claim(opcode, OpCode.hasBuffer(opcode) ? buffer : null, bufferOffset, lengthBytes, token,
            submitTimeNs);
        if (slot < 0) {
            return false;
        }
        if (!requests.offer(clientId, slot, opcode, flags, offsetBytes, lengthBytes)) {
            ops.release(slot);
            return false;
        }
        return true;
    }

    private static void checkBuffer(final int opcode, final MemorySegment buffer, final long bufferOffset,
        final long lengthBytes) {
        Objects.requireNonNull(buffer, "a read or write needs a buffer");
        Objects.checkFromIndexSize(bufferOffset, lengthBytes, buffer.byteSize());
        if (!buffer.isAccessibleBy(ANY_OTHER_THREAD)) {
            throw new IllegalArgumentException("the buffer is confined to one thread and the disk runs on another;"
                + " allocate it from Arena.ofShared, ofAuto or global, or use the heap");
        }
        if (!buffer.scope().isAlive()) {
            throw new IllegalArgumentException("the buffer's arena is closed");
        }
        if (opcode == OpCode.READ && buffer.isReadOnly()) {
            throw new IllegalArgumentException("the buffer to read into is read-only");
        }
    }

    /**
     * Client: delivers up to {@code limit} completions.
     *
     * @return the number delivered
     */
    public int poll(final Handler completionHandler, final int limit) {
        handler = completionHandler;
        return completions.drain(onCompletion, limit);
    }

    private void onCompletion(final int opSlot, final int status, final long detail) {
        final long token = ops.token(opSlot);
        ops.release(opSlot);
        handler.onCompletion(token, status, detail);
    }

    /** Agent: takes note that the op's request was drained. Every accepted op is completed exactly once. */
    public void accept(final int opSlot) {
        if (accepted[opSlot]) {
            throw new IllegalStateException("client " + clientId + " op slot " + opSlot + " was accepted twice");
        }
        accepted[opSlot] = true;
    }

    /** Agent: publishes an accepted op's end. Cannot fail for a client's sake: the credit rule leaves room. */
    public void complete(final int opSlot, final int status, final long detail) {
        if (!accepted[opSlot]) {
            throw new IllegalStateException("client " + clientId + " op slot " + opSlot
                + " is completed but not in flight");
        }
        accepted[opSlot] = false;
        if (!completions.offer(opSlot, status, detail)) {
            throw new IllegalStateException("client " + clientId + ": the completion ring of " + completions.capacity()
                + " is full, which the credit rule excludes");
        }
    }

    /** Agent: publishes the end of all accepted ops, which it will not look at again. */
    public void completeAll(final int status) {
        for (int slot = 0; slot < accepted.length; slot++) {
            if (accepted[slot]) {
                complete(slot, status, 0);
            }
        }
    }

    /** The op's lent memory and marks; the agent may look between {@link #accept} and {@link #complete}. */
    public OpTable ops() {
        return ops;
    }

    /** The id that requests of this client carry. */
    public int clientId() {
        return clientId;
    }

    /** Client: ops submitted whose completion was not polled yet. */
    public int inFlight() {
        return ops.inFlight();
    }

    /** Ops that may be in flight. */
    public int depth() {
        return ops.capacity();
    }

    /** Any thread: completions waiting to be polled, a moment ago. */
    public int completionsWaiting() {
        return completions.size();
    }
}
