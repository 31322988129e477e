package io.ringvault.log;

import io.ringvault.block.StorageException;

/**
 * An anchor in this process's memory, which outlives the volumes that use it: for tests, simulations and services that
 * keep it somewhere themselves. Any thread; {@link #close} leaves the value in place.
 */
public final class MemoryAnchor implements Anchor {
    private final byte[] id;
    private final String spec;
    private AnchorValue value = new AnchorValue(0, 0, 0, 0);
    private boolean unreachable;
    private long advances;

    /** @param id 32 bytes, not all zero */
    public MemoryAnchor(final byte[] id) {
        this(id, "memory:");
    }

    /**
     * @param id   32 bytes, not all zero
     * @param spec the text that finds it again
     */
    public MemoryAnchor(final byte[] id, final String spec) {
        if (id.length != Superblock.ANCHOR_ID_BYTES || Le.isZero(id, 0, id.length)) {
            throw new IllegalArgumentException("an anchor id has " + Superblock.ANCHOR_ID_BYTES
                + " bytes, not all zero");
        }
        this.id = id.clone();
        this.spec = spec;
    }

    @Override
    public int kind() {
        return KIND_MEMORY;
    }

    @Override
    public byte[] id() {
        return id.clone();
    }

    @Override
    public String spec() {
        return spec;
    }

    @Override
    public synchronized AnchorValue read() {
        checkReachable();
        return value;
    }

    @Override
    public synchronized boolean advance(final AnchorValue expected, final AnchorValue next) {
        checkReachable();
        if (!value.equals(expected)) {
            return false;
        }
        value = next;
        advances++;
        return true;
    }

    /** Sets the value whatever it was, as an adversary or a test would. */
    public synchronized void force(final AnchorValue forced) {
        value = forced;
    }

    /** Makes every call fail with IO until it is called with false. */
    public synchronized void unreachable(final boolean now) {
        unreachable = now;
    }

    /** How often the value was advanced. */
    public synchronized long advances() {
        return advances;
    }

    private void checkReachable() {
        if (unreachable) {
            throw StorageException.io("the memory anchor is switched off");
        }
    }

    @Override
    public void close() {
        // The value stays for the next opener.
    }
}
