package io.ringvault.disk.engine;

import io.ringvault.log.SummaryBuilder;

/**
 * One stream of chunks: the segment that it writes now, the announced successor, and the chunk being filled.
 * Two streams (user writes; relocations) share the one commit chain. Data agent only.
 */
final class LogStream {
    static final int USER = 0;
    static final int RELOCATION = 1;
    static final int COUNT = 2;

    final int id;
    final SummaryBuilder builder = new SummaryBuilder();

    int segment;
    long generation;
    /** The next free slot of {@link #segment}, behind the chunk being filled if there is one. */
    int nextSlot;
    /** -1 while there is no free segment for it. */
    int successor = -1;
    long successorGeneration;
    /**
     * Whether a sealed summary (or the superblock slot) lists the successor; only then may a chunk be written there.
     */
    boolean successorAnnounced;
    /** The chunk being filled, or null. */
    ChunkBuffer open;
    /** The chunk being filled holds the cells of an index edit. */
    boolean holdsEdit;

    LogStream(final int id) {
        this.id = id;
    }

    /** Sets the place where the session's first chunk of this stream goes. */
    void start(final int firstSegment, final long firstGeneration, final int nextSegment, final long nextGeneration) {
        segment = firstSegment;
        generation = firstGeneration;
        nextSlot = 1;
        successor = nextSegment;
        successorGeneration = nextGeneration;
        successorAnnounced = true;
    }
}
