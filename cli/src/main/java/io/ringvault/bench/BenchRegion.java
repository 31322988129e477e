package io.ringvault.bench;

import io.ringvault.block.StorageException;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * The part of a target that a benchmark writes, from offset 0, with the version of each block and which blocks are in
 * flight: two requests in flight never touch the same block, so what must come back is known exactly. One thread.
 */
public final class BenchRegion {
    private final BlockPattern pattern;
    private final long sizeBytes;
    private final int[] versions;
    private final BitSet busy;

    /** @param sizeBytes a multiple of 4096, at most 8 TiB */
    public BenchRegion(final BlockPattern pattern, final long sizeBytes) {
        this.pattern = pattern;
        this.sizeBytes = sizeBytes;
        final int blocks = Math.toIntExact(sizeBytes / BlockPattern.BLOCK_BYTES);
        versions = new int[blocks];
        busy = new BitSet(blocks);
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /** Takes a range for one request; false when a request in flight touches it. */
    boolean claim(final long offset, final int length) {
        final int first = block(offset);
        final int end = first + length / BlockPattern.BLOCK_BYTES;
        final int next = busy.nextSetBit(first);
        if (next >= 0 && next < end) {
            return false;
        }
        busy.set(first, end);
        return true;
    }

    void release(final long offset, final int length) {
        final int first = block(offset);
        busy.clear(first, first + length / BlockPattern.BLOCK_BYTES);
    }

    /** Fills a buffer with the next versions of the range. */
    void prepareWrite(final MemorySegment buffer, final long offset, final int length) {
        int block = block(offset);
        for (int at = 0; at < length; at += BlockPattern.BLOCK_BYTES) {
            pattern.fill(buffer, at, block, ++versions[block]);
            block++;
        }
    }

    /** Checks what a read returned; INTEGRITY naming the first block that is not what was written last. */
    void check(final MemorySegment buffer, final long offset, final int length, final String where) {
        int block = block(offset);
        for (int at = 0; at < length; at += BlockPattern.BLOCK_BYTES) {
            final int version = versions[block];
            if (version != 0 && !pattern.matches(buffer, at, block, version)) {
                throw StorageException.integrity(where + ": block " + block + " should hold version " + version
                    + " and holds " + pattern.describe(buffer, at));
            }
            block++;
        }
    }

    private static int block(final long offset) {
        return (int) (offset / BlockPattern.BLOCK_BYTES);
    }
}
