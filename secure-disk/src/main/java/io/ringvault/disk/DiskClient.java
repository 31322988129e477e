package io.ringvault.disk;

import io.ringvault.disk.engine.Engine;
import io.ringvault.ring.ClientChannel;
import io.ringvault.ring.OpCode;
import io.ringvault.ring.OpFlags;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The polled face of a disk, for one thread: submit requests, poll completions. Nothing here blocks or allocates.
 *
 * <p>Offsets and lengths are bytes, of any alignment; a request touches at most {@link #MAX_REQUEST_BYTES} of data. A
 * write is complete when it is placed and visible to every later read; it is durable after a sync that was submitted
 * later, or at once with {@code fua}. Requests of one client take effect in the order of submission. A buffer (any
 * segment that all threads may access) is lent until its completion is polled.
 *
 * <p><b>A request that fails</b> fails alone. The status ({@link io.ringvault.ring.OpStatus}) says what it left behind:
 * <pre>
 *  OUT_OF_SPACE, EPOCH_TOO_LARGE, ANCHOR_STALLED, READ_ONLY,
 *  INVALID, CLOSED; LOST, INTEGRITY or IO_ERROR of a write    nothing, now or later
 *  ANCHOR_FAILED (of a sync, or with fua)                     all of it, durably; the anchor does not protect it yet
 *  POISONED                                                   nothing; with fua perhaps all, as a crash decides
 *  BUFFER_GONE                                                any of its blocks
 * </pre>
 * Later requests of the same client are not refused because an earlier one was: they take effect in their order, as if
 * that one had never been submitted (a trim that makes space must get past the write that found none). Whoever needs a
 * request to depend on an earlier one polls that one's completion first. A sync covers what completed with OK.
 */
public final class DiskClient implements AutoCloseable {
    /** The request was taken. */
    public static final int ACCEPTED = 0;
    /** All credits are in use: poll, then try again. */
    public static final int BACK_PRESSURED = -1;
    /** The disk is closed. */
    public static final int CLOSED = -2;
    /** Most bytes of one read or write. */
    public static final int MAX_REQUEST_BYTES = 1 << 20;

    private final Engine engine;
    private final ClientChannel channel;
    private final AtomicBoolean diskClosed;
    private final ClientChannel.Handler deliver = this::deliver;
    private DiskCompletionHandler handler;
    private boolean closed;

    DiskClient(final Engine engine, final ClientChannel channel, final AtomicBoolean diskClosed) {
        this.engine = engine;
        this.channel = channel;
        this.diskClosed = diskClosed;
    }

    public int submitRead(final long token, final long offset, final MemorySegment target, final long targetOffset,
        final int length) {
        return submit(OpCode.READ, OpFlags.NONE, offset, length, target, targetOffset, token);
    }

    /** Writes; with {@code fua} the completion means durable (and anchored). */
    public int submitWrite(final long token, final long offset, final MemorySegment source, final long sourceOffset,
        final int length,
                           final boolean fua) {
        return submit(OpCode.WRITE, fua ? OpFlags.FUA : OpFlags.NONE, offset, length, source, sourceOffset, token);
    }

    /** Makes durable every write completed before this call. */
    public int submitSync(final long token) {
        return submit(OpCode.SYNC, OpFlags.NONE, 0, 0, null, 0, token);
    }

    /** Frees whole blocks of the range; they read as zeros. Parts of blocks at the edges are left alone. */
    public int submitTrim(final long token, final long offset, final long length) {
        return submit(OpCode.TRIM, OpFlags.NONE, offset, length, null, 0, token);
    }

    /** Makes the range read as zeros. */
    public int submitWriteZeroes(final long token, final long offset, final long length, final boolean fua) {
        return submit(OpCode.WRITE_ZEROES, fua ? OpFlags.FUA : OpFlags.NONE, offset, length, null, 0, token);
    }

    private int submit(final int opcode, final int flags, final long offset, final long length,
        final MemorySegment buffer,
                       final long bufferOffset, final long token) {
        if (closed || diskClosed.get()) {
            return CLOSED;
        }
        return channel.submit(opcode, flags, offset, length, buffer, bufferOffset, token, 0) ? ACCEPTED
            : BACK_PRESSURED;
    }

    /** Delivers up to {@code limit} completions; the number delivered. The handler may submit. */
    public int poll(final DiskCompletionHandler completionHandler, final int limit) {
        handler = completionHandler;
        return channel.poll(deliver, limit);
    }

    private void deliver(final long token, final int status, final long detail) {
        handler.onCompletion(token, status);
    }

    /** Most bytes of one write: {@link #MAX_REQUEST_BYTES} unless the disk was opened with tiny capacities. */
    public int maxWriteBytes() {
        return Math.min(MAX_REQUEST_BYTES, engine.writeBytesMax());
    }

    /** Requests submitted whose completion was not polled yet. */
    public int inFlight() {
        return channel.inFlight();
    }

    /** Gives the client's place back. Everything in flight must have been polled. */
    @Override
    public void close() {
        if (!closed) {
            if (channel.inFlight() > 0 && !diskClosed.get()) {
                throw new IllegalStateException(channel.inFlight()
                    + " requests are in flight; poll their completions first");
            }
            closed = true;
            engine.disconnect(channel);
        }
    }
}
