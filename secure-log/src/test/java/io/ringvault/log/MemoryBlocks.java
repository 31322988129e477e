package io.ringvault.log;

import io.ringvault.block.StorageException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/** A block store in an array, with unreadable blocks, for tests of what reads and writes volumes. */
public final class MemoryBlocks implements BlockStore {
    private final byte[] image;
    private final Set<Long> bad = new HashSet<>();
    private String lastError = "";
    private long writes;
    private long flushes;
    private long failWriteAfter = Long.MAX_VALUE;

    public MemoryBlocks(final long blocks) {
        this(new byte[Math.toIntExact(blocks * Geometry.BLOCK_BYTES)]);
    }

    private MemoryBlocks(final byte[] image) {
        this.image = image;
    }

    /** A copy of the first blocks. */
    public MemoryBlocks truncated(final long blocks) {
        return new MemoryBlocks(Arrays.copyOf(image, Math.toIntExact(blocks * Geometry.BLOCK_BYTES)));
    }

    /** A copy of everything. */
    public MemoryBlocks copy() {
        return truncated(blocks());
    }

    /** The bytes themselves. */
    public byte[] image() {
        return image;
    }

    /** Flips one bit. */
    public void flip(final long block, final int offset, final int bit) {
        image[Math.toIntExact(block * Geometry.BLOCK_BYTES + offset)] ^= (byte) (1 << bit);
    }

    /** Reads of this block fail from now on. */
    public void unreadable(final long block) {
        bad.add(block);
    }

    /** The write after the next {@code count} fails. */
    public void failWriteAfter(final long count) {
        failWriteAfter = writes + count;
    }

    public long writes() {
        return writes;
    }

    public long flushes() {
        return flushes;
    }

    /** The content of one block. */
    public byte[] block(final long block) {
        final int at = Math.toIntExact(block * Geometry.BLOCK_BYTES);
        return Arrays.copyOfRange(image, at, at + Geometry.BLOCK_BYTES);
    }

    @Override
    public boolean read(final long block, final int count, final byte[] target, final int targetOffset) {
        for (long b = block; b < block + count; b++) {
            if (bad.contains(b)) {
                lastError = "unreadable block " + b;
                return false;
            }
        }
        System.arraycopy(image, Math.toIntExact(block * Geometry.BLOCK_BYTES), target, targetOffset,
            count * Geometry.BLOCK_BYTES);
        return true;
    }

    @Override
    public String lastError() {
        return lastError;
    }

    @Override
    public long blocks() {
        return image.length / Geometry.BLOCK_BYTES;
    }

    @Override
    public void write(final long block, final int count, final byte[] source, final int sourceOffset,
        final boolean fua) {
        if (writes >= failWriteAfter) {
            throw StorageException.io("injected write failure at block " + block);
        }
        writes++;
        System.arraycopy(source, sourceOffset, image, Math.toIntExact(block * Geometry.BLOCK_BYTES),
            count * Geometry.BLOCK_BYTES);
    }

    @Override
    public void flush() {
        flushes++;
    }
}
