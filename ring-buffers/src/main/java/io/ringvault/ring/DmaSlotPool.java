package io.ringvault.ring;

import io.ringvault.block.DmaBuffer;

/** Equal slots of one DMA buffer. One thread. Never allocates after construction. */
public final class DmaSlotPool {
    private static final int PAGE_BYTES = 4096;

    private final DmaBuffer buffer;
    private final int slotBytes;
    private final SlotPool slots;

    /** @param slotBytes a positive multiple of 4096; a remainder of the buffer shorter than a slot stays unused */
    public DmaSlotPool(final DmaBuffer buffer, final int slotBytes) {
        if (slotBytes <= 0 || slotBytes % PAGE_BYTES != 0) {
            throw new IllegalArgumentException("slot size " + slotBytes + " is not a positive multiple of "
                + PAGE_BYTES);
        }
        this.buffer = buffer;
        this.slotBytes = slotBytes;
        this.slots = new SlotPool(Math.toIntExact(buffer.lengthBytes() / slotBytes));
    }

    /** A free slot, or -1. Its content is whatever the last user and the device left there. */
    public int acquire() {
        return slots.acquire();
    }

    /** Gives a slot back; only after the device has completed every request that uses it. */
    public void release(final int slot) {
        slots.release(slot);
    }

    /** Where the slot starts in {@link #buffer()}. */
    public long offset(final int slot) {
        return (long) slot * slotBytes;
    }

    /** The slot that holds the byte at {@code offset} of {@link #buffer()}. */
    public int slotAt(final long offset) {
        return (int) (offset / slotBytes);
    }

    /** The memory behind all slots. */
    public DmaBuffer buffer() {
        return buffer;
    }

    /** Bytes per slot. */
    public int slotBytes() {
        return slotBytes;
    }

    /** Slots that can still be acquired. */
    public int available() {
        return slots.available();
    }

    /** All slots. */
    public int capacity() {
        return slots.capacity();
    }
}
