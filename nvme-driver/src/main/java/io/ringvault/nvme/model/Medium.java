package io.ringvault.nvme.model;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * What the model keeps its blocks in. Calls block; several workers call at once. Offsets and lengths are whole blocks.
 */
interface Medium extends AutoCloseable {

    /** Bytes there are, at open. */
    long sizeBytes();

    /** Whether writing is refused. */
    boolean readOnly();

    /** Reads all of the bytes. */
    void read(long offset, MemorySegment target, long targetOffset, int lengthBytes) throws IOException;

    /** Writes all of the bytes; with {@code durable} they survive a loss of power on return. */
    void write(long offset, MemorySegment source, long sourceOffset, int lengthBytes, boolean durable)
        throws IOException;

    /** Fills with zeros; gives space back where it can. */
    void zero(long offset, long lengthBytes) throws IOException;

    /** Gives space back where it can; the range then reads as zeros or as before. */
    void deallocate(long offset, long lengthBytes) throws IOException;

    /** Makes everything written before durable. */
    void flush() throws IOException;

    /** Loses what a loss of power would lose. */
    void losePower();

    @Override
    void close() throws IOException;
}
