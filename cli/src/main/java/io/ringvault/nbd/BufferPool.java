package io.ringvault.nbd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * A fixed piece of off-heap memory, handed out in runs of whole 4 KiB pages: small requests take little of it, large
 * ones much, and no client can make it grow. Owned by one connection's thread; the memory itself is lent to the
 * disk's threads.
 */
final class BufferPool implements AutoCloseable {
    static final int PAGE_BYTES = 4096;
    /** No run of that length is free now. */
    static final int NONE = -1;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private final ByteBuffer bytes;
    private final BitSet used;
    private final int pages;
    private int freePages;
    private int next;

    /** @param sizeBytes a positive multiple of 4096, below 2 GiB */
    BufferPool(final int sizeBytes) {
        if (sizeBytes <= 0 || sizeBytes % PAGE_BYTES != 0) {
            throw new IllegalArgumentException("pool of " + sizeBytes + " bytes: must be a positive multiple of "
                + PAGE_BYTES);
        }
        segment = arena.allocate(sizeBytes, PAGE_BYTES);
        bytes = segment.asByteBuffer();
        pages = sizeBytes / PAGE_BYTES;
        freePages = pages;
        used = new BitSet(pages);
    }

    /** The whole pool; runs are addressed by their offset in it. */
    MemorySegment segment() {
        return segment;
    }

    /** A new view of the whole pool with its own position and limit. */
    ByteBuffer view() {
        return bytes.duplicate();
    }

    int freePages() {
        return freePages;
    }

    /** Takes a run for {@code lengthBytes}; returns its offset, or {@link #NONE}. */
    int allocate(final int lengthBytes) {
        final int wanted = pagesOf(lengthBytes);
        if (wanted > freePages) {
            return NONE;
        }
        int first = search(next, pages, wanted);
        if (first == NONE) {
            first = search(0, pages, wanted);
            if (first == NONE) {
                return NONE;
            }
        }
        used.set(first, first + wanted);
        freePages -= wanted;
        next = first + wanted == pages ? 0 : first + wanted;
        return first * PAGE_BYTES;
    }

    /** Gives a run back. */
    void free(final int offset, final int lengthBytes) {
        final int first = offset / PAGE_BYTES;
        final int count = pagesOf(lengthBytes);
        assert used.nextClearBit(first) >= first + count : "freeing pages that are not in use";
        used.clear(first, first + count);
        freePages += count;
    }

    private int search(final int from, final int end, final int wanted) {
        int first = used.nextClearBit(from);
        while (first + wanted <= end) {
            final int blocked = used.nextSetBit(first);
            if (blocked < 0 || blocked >= first + wanted) {
                return first;
            }
            first = used.nextClearBit(blocked);
        }
        return NONE;
    }

    private static int pagesOf(final int lengthBytes) {
        return (lengthBytes + PAGE_BYTES - 1) / PAGE_BYTES;
    }

    /** Wipes and releases the memory. Only when nothing is lent any more. */
    @Override
    public void close() {
        segment.fill((byte) 0);
        arena.close();
    }
}
