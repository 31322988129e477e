package io.ringvault.log;

/**
 * Where write-once objects (index tables, checkpoints) go: block after block into object segments. The implementation
 * seals each block at the next place of its open segment and writes it eventually; it copies the plaintext before it
 * returns.
 *
 * <p>Called by whoever builds objects (index agent); never blocks.
 */
public interface ObjectSink {
    /** Blocks that may be appended right now without waiting; 0 = come back later. */
    int available();

    /**
     * Seals the plaintext at the next place and takes care of writing it.
     *
     * @param kind {@code ObjectKind}, part of the associated data
     * @param objectId table id, page or directory index
     * @param ordinal block within the object
     * @param plain4080 4080 bytes, copied
     * @throws IllegalStateException when {@link #available()} is 0
     */
    void append(int kind, long objectId, int ordinal, byte[] plain4080);

    /** Generation of the last block appended. */
    long lastGeneration();

    /** Slot of the last block appended. */
    int lastSlot();

    /** Segment of the last block appended. */
    int lastSegment();

    /** Session under whose key the last block was sealed. */
    long lastSession();
}
