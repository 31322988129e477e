package io.ringvault.nvme.model;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongPredicate;

/**
 * A volatile write cache in memory before another medium. What was written and not flushed is lost with the power;
 * when the cache is full the oldest blocks are written down early, which is not a promise either. Any thread; one lock.
 */
final class LossyCache implements Medium {
    private final Medium below;
    private final int blockBytes;
    private final int capacityBlocks;
    private final Map<Long, byte[]> dirty = new LinkedHashMap<>();

    LossyCache(final Medium below, final int blockBytes, final long capacityBytes) {
        this.below = below;
        this.blockBytes = blockBytes;
        this.capacityBlocks = (int) Math.clamp(capacityBytes / blockBytes, 1L, Integer.MAX_VALUE);
    }

    @Override
    public long sizeBytes() {
        return below.sizeBytes();
    }

    @Override
    public boolean readOnly() {
        return below.readOnly();
    }

    /** Blocks that a loss of power would lose. */
    synchronized int dirtyBlocks() {
        return dirty.size();
    }

    @Override
    public synchronized void read(final long offset, final MemorySegment target, final long targetOffset,
                                  final int lengthBytes) throws IOException {
        below.read(offset, target, targetOffset, lengthBytes);
        if (dirty.isEmpty()) {
            return;
        }
        for (int done = 0; done < lengthBytes; done += blockBytes) {
            final byte[] block = dirty.get((offset + done) / blockBytes);
            if (block != null) {
                MemorySegment.copy(block, 0, target, ValueLayout.JAVA_BYTE, targetOffset + done, blockBytes);
            }
        }
    }

    @Override
    public synchronized void write(final long offset, final MemorySegment source, final long sourceOffset,
                                   final int lengthBytes, final boolean durable) throws IOException {
        if (durable) {
            below.write(offset, source, sourceOffset, lengthBytes, true);
            drop(offset, lengthBytes);
            return;
        }
        for (int done = 0; done < lengthBytes; done += blockBytes) {
            final byte[] block = new byte[blockBytes];
            MemorySegment.copy(source, ValueLayout.JAVA_BYTE, sourceOffset + done, block, 0, blockBytes);
            put((offset + done) / blockBytes, block);
        }
    }

    @Override
    public synchronized void zero(final long offset, final long lengthBytes) throws IOException {
        for (long done = 0; done < lengthBytes; done += blockBytes) {
            put((offset + done) / blockBytes, new byte[blockBytes]);
        }
    }

    @Override
    public synchronized void deallocate(final long offset, final long lengthBytes) throws IOException {
        drop(offset, lengthBytes);
        below.deallocate(offset, lengthBytes);
    }

    private void put(final long block, final byte[] content) throws IOException {
        dirty.remove(block);
        dirty.put(block, content);
        if (dirty.size() > capacityBlocks) {
            final Iterator<Map.Entry<Long, byte[]>> oldest = dirty.entrySet().iterator();
            writeDown(oldest.next());
            oldest.remove();
        }
    }

    private void drop(final long offset, final long lengthBytes) {
        final long first = offset / blockBytes;
        final long count = lengthBytes / blockBytes;
        if (count > dirty.size()) {
            dirty.keySet().removeIf(block -> block >= first && block < first + count);
        } else {
            for (long block = first; block < first + count; block++) {
                dirty.remove(block);
            }
        }
    }

    private void writeDown(final Map.Entry<Long, byte[]> entry) throws IOException {
        final MemorySegment copy = java.lang.foreign.Arena.ofAuto().allocate(blockBytes, 4096);
        MemorySegment.copy(entry.getValue(), 0, copy, ValueLayout.JAVA_BYTE, 0, blockBytes);
        below.write(entry.getKey() * blockBytes, copy, 0, blockBytes, false);
    }

    @Override
    public synchronized void flush() throws IOException {
        final Iterator<Map.Entry<Long, byte[]>> all = dirty.entrySet().iterator();
        while (all.hasNext()) {
            writeDown(all.next());
            all.remove();
        }
        below.flush();
    }

    @Override
    public synchronized void losePower() {
        dirty.clear();
        below.losePower();
    }

    /** Loses power, but the blocks (by number) that {@code survives} accepts had already reached the medium. */
    synchronized void losePower(final LongPredicate survives) throws IOException {
        for (final Map.Entry<Long, byte[]> entry : dirty.entrySet()) {
            if (survives.test(entry.getKey())) {
                writeDown(entry);
            }
        }
        losePower();
    }

    /**
     * A controller reset: the cache is lost, except the blocks that {@code survives} accepts; what lies below stays.
     */
    synchronized void loseCache(final LongPredicate survives) throws IOException {
        for (final Map.Entry<Long, byte[]> entry : dirty.entrySet()) {
            if (survives.test(entry.getKey())) {
                writeDown(entry);
            }
        }
        dirty.clear();
    }

    @Override
    public void close() throws IOException {
        below.close();
    }
}
