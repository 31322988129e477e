package io.ringvault.block;

/**
 * A device of fixed-size logical blocks, driven through polled queues.
 *
 * <p>Threads: {@link #openQueue}, {@link #allocate} and {@link #close} belong to the control plane (one thread at a
 * time); each queue belongs to the one thread that drives it. The descriptive methods may be called from any thread.
 *
 * <p>Everything behind this port is untrusted: a device may lie about content, order and durability. It is asked to
 * keep one promise only: a flush makes durable every write that <em>completed before the flush was submitted</em>, or
 * says that a reset came between ({@link BlockQueue#resets()}).
 */
public interface BlockDevice extends AutoCloseable {

    /** The URI that this device was opened with, for messages. */
    String uri();

    /** Capacity in bytes, a multiple of {@link #blockSizeBytes()}. */
    long sizeBytes();

    /** Logical block size: 512 or 4096. Offsets and lengths of every request are multiples of it. */
    int blockSizeBytes();

    /**
     * The largest write in bytes that reaches the device as one command (NVMe: MDTS); larger requests are split by the
     * queue.
     */
    int singleCommandBytes();

    /** The largest request in bytes that a queue accepts. At least 1 MiB. */
    int maxTransferBytes();

    /** Whether completed writes may be lost by a power failure until a flush. */
    boolean volatileCache();

    /**
     * Whether the device may be reset while it is in use, so that writes that completed without FUA and were not
     * flushed have to be kept to be written again: see {@link BlockQueue#resets()}.
     */
    default boolean mayReset() {
        return false;
    }

    /** What happened to a device that has failed, for messages; empty while it works. Any thread. */
    default String failureReason() {
        return "";
    }

    /**
     * What keeps the device away from memory that is not its own: {@code "iommu"}, {@code "none"}, {@code
     * "process"} (it is one) or {@code "in-process"}.
     */
    String isolation();

    /** How many queues may be open at once, 1 or more. */
    default int queues() {
        return Integer.MAX_VALUE;
    }

    /**
     * Opens a queue for one owner thread.
     *
     * @param depth requests that may be in flight at once, from 1 to 4096
     * @throws StorageException when the device has no further queue
     */
    BlockQueue openQueue(int depth);

    /**
     * Allocates zeroed memory, aligned to 4096 bytes, that the device can reach. It lives until the device is closed.
     * It holds ciphertext and device structures only, never plaintext or keys.
     *
     * @param lengthBytes a positive multiple of 4096
     */
    DmaBuffer allocate(long lengthBytes);

    /** Stops the queues, then releases memory and locks. No completion is delivered afterwards. Idempotent. */
    @Override
    void close();
}
