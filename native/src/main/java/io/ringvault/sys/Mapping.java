package io.ringvault.sys;

import java.lang.foreign.MemorySegment;

/** Mapped memory with an end: after {@link #close()} every access through the segment throws. Any thread. */
public interface Mapping extends AutoCloseable {

    /** The memory, usable from all threads until {@link #close()}. */
    MemorySegment segment();

    /** Unmaps. Idempotent. */
    @Override
    void close();
}
