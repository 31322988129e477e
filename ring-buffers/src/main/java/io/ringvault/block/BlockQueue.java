package io.ringvault.block;

/**
 * One polled submission and completion path to a {@link BlockDevice}, owned by exactly one thread.
 *
 * <p>Submissions are collected and handed to the device by one {@link #submit()} (one doorbell). Each request carries
 * a token that its completion returns. A submission returns {@code false} when the queue is full: nothing happened,
 * poll and try again. Completions arrive in any order. Nothing here blocks, allocates or throws for a device's sake;
 * bad arguments throw.
 *
 * <p>Offsets and lengths are in bytes, multiples of {@link BlockDevice#blockSizeBytes()}, inside the device; buffer
 * offsets are multiples of 4096. A buffer is lent until the completion has been polled.
 */
public interface BlockQueue extends AutoCloseable {

    /** Requests that may be in flight. */
    int depth();

    /** Requests accepted and not yet completed. */
    int inFlight();

    /**
     * Reads {@code lengthBytes} (at most {@link BlockDevice#maxTransferBytes()}) at {@code offsetBytes} into the
     * buffer.
     */
    boolean read(long token, long offsetBytes, int lengthBytes, DmaBuffer buffer, long bufferOffsetBytes);

    /**
     * Writes from the buffer. With {@code fua} the completion means durable; without it, durable only after a flush
     * (or at once where the device has no volatile cache).
     */
    boolean write(long token, long offsetBytes, int lengthBytes, DmaBuffer buffer, long bufferOffsetBytes, boolean fua);

    /** Makes durable every write completed before this call. */
    boolean flush(long token);

    /** Tells the device that the range holds nothing of value; its content is undefined afterwards. May be a no-op. */
    boolean deallocate(long token, long offsetBytes, long lengthBytes);

    /** Fills the range with zeros. */
    boolean writeZeroes(long token, long offsetBytes, long lengthBytes);

    /** Hands all accepted requests to the device. Requests not handed over by this call may wait for ever. */
    void submit();

    /**
     * Delivers up to {@code limit} completions to the handler. The handler may submit new requests on this queue.
     *
     * @return the number delivered
     */
    int poll(BlockCompletionHandler handler, int limit);

    /**
     * How often the device behind was reset, as far as this queue has noticed. It changes only inside a {@link #poll}
     * that delivers nothing; what is delivered afterwards happened after the reset.
     *
     * <p>A reset of a device with a volatile cache may lose every write that completed without FUA and that no flush
     * completed since has covered; the owner writes those again. Requests in flight are sent again by the queue, except
     * flushes: they end with {@link BlockStatus#DRIVER_RESET}.
     */
    default long resets() {
        return 0;
    }

    /**
     * The owner knows of every reset so far and sees to it that what was lost is written again. Until it has said so,
     * every flush ends with {@link BlockStatus#DRIVER_RESET}, so that an owner who does not know of resets is never
     * told that lost writes are durable.
     */
    default void acknowledgeReset() {
    }

    /**
     * Gives the queue back. Requests in flight are abandoned: their buffers must not be reused before the device is
     * closed.
     */
    @Override
    void close();
}
