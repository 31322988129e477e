package io.ringvault.tests.harness;

import io.ringvault.block.StorageException;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import java.util.Arrays;

/**
 * An anchor that can be copied together with the image of a crash, deleted, and asked to tell before and after each
 * advance.
 * One thread.
 */
public final class SimAnchor implements Anchor {
    private final byte[] id = new byte[32];
    private AnchorValue value = new AnchorValue(0, 0, 0, 0);
    private Runnable hook = () -> { };
    private boolean deleted;

    /** A new anchor of its own. */
    public SimAnchor(final int number) {
        Arrays.fill(id, (byte) number);
        id[0] = 7;
    }

    /** The same anchor at this moment. */
    public SimAnchor copy() {
        final SimAnchor copy = new SimAnchor(0);
        System.arraycopy(id, 0, copy.id, 0, id.length);
        copy.value = value;
        copy.deleted = deleted;
        return copy;
    }

    /** Runs before and after each advance. */
    public void hook(final Runnable each) {
        hook = each;
    }

    /** Removes the anchor, as deleting its file does. */
    public void delete() {
        deleted = true;
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
        return "memory";
    }

    @Override
    public AnchorValue read() {
        if (deleted) {
            throw StorageException.freshness("the simulated anchor was deleted");
        }
        return value;
    }

    @Override
    public boolean advance(final AnchorValue expected, final AnchorValue next) {
        if (deleted) {
            throw StorageException.freshness("the simulated anchor was deleted");
        }
        hook.run();
        if (!value.equals(expected)) {
            return false;
        }
        value = next;
        hook.run();
        return true;
    }

    @Override
    public void close() {
        // The value stays for the next opener.
    }
}
