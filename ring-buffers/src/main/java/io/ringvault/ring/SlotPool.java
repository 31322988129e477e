package io.ringvault.ring;

/**
 * A fixed number of slots, given out last-in first-out so that warm ones are reused. One thread. Never allocates after
 * construction; a slot released twice, or never acquired, is an error at once.
 */
public final class SlotPool {
    private final int[] free;
    private final boolean[] taken;
    private int available;

    /** @param capacity number of slots, at least 1 */
    public SlotPool(final int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity " + capacity + " is not positive");
        }
        free = new int[capacity];
        taken = new boolean[capacity];
        for (int i = 0; i < capacity; i++) {
            free[i] = capacity - 1 - i;
        }
        available = capacity;
    }

    /** A free slot from 0 to capacity - 1, or -1. */
    public int acquire() {
        if (available == 0) {
            return -1;
        }
        final int slot = free[--available];
        taken[slot] = true;
        return slot;
    }

    /** Gives a slot back. */
    public void release(final int slot) {
        if (!taken[slot]) {
            throw new IllegalStateException("slot " + slot + " is released but was not acquired");
        }
        taken[slot] = false;
        free[available++] = slot;
    }

    /** Whether the slot is acquired. */
    public boolean isTaken(final int slot) {
        return taken[slot];
    }

    /** Slots that can still be acquired. */
    public int available() {
        return available;
    }

    /** Slots in use. */
    public int inUse() {
        return free.length - available;
    }

    /** All slots. */
    public int capacity() {
        return free.length;
    }
}
