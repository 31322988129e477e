package io.ringvault.log;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A sparse device in memory, for tests: copies are cheap, blocks can be made unreadable, writes are counted. */
final class MemoryImage implements BlockStore {
    final Set<Long> unreadable = new TreeSet<>();
    long writes;
    private final Map<Long, byte[]> written = new HashMap<>();
    private final long blocks;
    private String lastError = "";

    MemoryImage(final long blocks) {
        this.blocks = blocks;
    }

    MemoryImage copy() {
        final MemoryImage copy = new MemoryImage(blocks);
        copy.written.putAll(written);
        copy.unreadable.addAll(unreadable);
        return copy;
    }

    /** Blocks that were ever written, in order. */
    Set<Long> writtenBlocks() {
        return new TreeMap<>(written).keySet();
    }

    /** A copy of one block. */
    byte[] block(final long block) {
        final byte[] content = written.get(block);
        return content == null ? new byte[Geometry.BLOCK_BYTES] : content.clone();
    }

    void flip(final long block, final int bit) {
        final byte[] content = block(block);
        content[bit / 8] ^= (byte) (1 << bit % 8);
        written.put(block, content);
    }

    void wipe(final long block) {
        written.remove(block);
    }

    boolean sameAs(final MemoryImage other) {
        return written.keySet().equals(other.written.keySet())
            && written.entrySet().stream().allMatch(e -> Arrays.equals(e.getValue(), other.written.get(e.getKey())));
    }

    @Override
    public boolean read(final long block, final int count, final byte[] target, final int targetOffset) {
        for (int i = 0; i < count; i++) {
            if (unreadable.contains(block + i)) {
                lastError = "block " + (block + i) + ": unrecovered read error";
                return false;
            }
        }
        for (int i = 0; i < count; i++) {
            System.arraycopy(block(block + i), 0, target, targetOffset + i * Geometry.BLOCK_BYTES,
                Geometry.BLOCK_BYTES);
        }
        return true;
    }

    @Override
    public String lastError() {
        return lastError;
    }

    @Override
    public long blocks() {
        return blocks;
    }

    @Override
    public void write(final long block, final int count, final byte[] source, final int sourceOffset,
            final boolean fua) {
        writes++;
        for (int i = 0; i < count; i++) {
            final int at = sourceOffset + i * Geometry.BLOCK_BYTES;
            written.put(block + i, Arrays.copyOfRange(source, at, at + Geometry.BLOCK_BYTES));
        }
    }

    @Override
    public void flush() {
        writes++;
    }
}
