package io.ringvault.tests.harness;

import io.ringvault.block.StorageException;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.MemoryAnchor;
import java.util.Arrays;

/**
 * A memory anchor that can be copied together with the image of a crash, deleted, and asked to tell before and after
 * each advance. One thread.
 */
public final class SimAnchor implements Anchor {
    private final MemoryAnchor memory;
    private Runnable hook = () -> { };
    private boolean deleted;

    /** A new anchor of its own. */
    public SimAnchor(final int number) {
        this(idOf(number));
    }

    private SimAnchor(final byte[] id) {
        memory = new MemoryAnchor(id);
    }

    private static byte[] idOf(final int number) {
        final byte[] id = new byte[32];
        Arrays.fill(id, (byte) number);
        id[0] = 7;
        return id;
    }

    /** The same anchor at this moment. */
    public SimAnchor copy() {
        final SimAnchor copy = new SimAnchor(memory.id());
        copy.memory.force(memory.read());
        copy.deleted = deleted;
        return copy;
    }

    /** Runs before and after each advance. */
    public void hook(final Runnable each) {
        hook = each;
    }

    /** Makes every call fail with IO until it is called with false. */
    public void unreachable(final boolean now) {
        memory.unreachable(now);
    }

    /** Removes the anchor, as deleting its file does. */
    public void delete() {
        deleted = true;
    }

    @Override
    public int kind() {
        return memory.kind();
    }

    @Override
    public byte[] id() {
        return memory.id();
    }

    @Override
    public String spec() {
        return memory.spec();
    }

    @Override
    public AnchorValue read() {
        checkPresent();
        return memory.read();
    }

    @Override
    public boolean advance(final AnchorValue expected, final AnchorValue next) {
        checkPresent();
        hook.run();
        final boolean advanced = memory.advance(expected, next);
        if (advanced) {
            hook.run();
        }
        return advanced;
    }

    private void checkPresent() {
        if (deleted) {
            throw StorageException.freshness("the simulated anchor was deleted");
        }
    }

    @Override
    public void close() {
        // The value stays for the next opener.
    }
}
