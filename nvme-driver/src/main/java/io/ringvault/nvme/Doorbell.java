package io.ringvault.nvme;

import io.ringvault.nvme.spec.Wire;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * One doorbell of an I/O or admin queue; with a shadow where the controller offers that (NVM Express Base 2.1, section
 * 5.2.5, Doorbell Buffer Config). Owned by the queue's thread; never allocates.
 *
 * <p>Without a shadow: one release store to the register. With one: the value goes to shadow memory first, then, after
 * a full fence, the controller's event index is loaded; only when the value has passed it does the register have to be
 * written. Without the fence both sides could miss each other: the load would overtake the store. The event index is
 * the controller's: whatever it says, at worst a doorbell is not rung, and the time limit of the commands notices.
 */
final class Doorbell {
    private final MemorySegment registers;
    private final long offset;
    private final MemorySegment shadow;
    private final MemorySegment eventIndex;

    /** A register without a shadow. */
    Doorbell(final MemorySegment registers, final long offset) {
        this(registers, offset, null, null);
    }

    /** A register with a shadow at the same offset of two pages; both null = without. */
    Doorbell(final MemorySegment registers, final long offset, final MemorySegment shadow,
             final MemorySegment eventIndex) {
        this.registers = registers;
        this.offset = offset;
        this.shadow = shadow;
        this.eventIndex = eventIndex;
    }

    /**
     * Tells the controller a new ring position.
     *
     * @param before what was told last
     * @return how many registers were written: 0 or 1
     */
    int ring(final int before, final int value) {
        if (shadow != null) {
            Wire.INT.setRelease(shadow, offset, value);
            VarHandle.fullFence();
            if (!passed((int) Wire.INT.getAcquire(eventIndex, offset), before, value)) {
                return 0;
            }
        }
        Wire.INT.setRelease(registers, offset, value);
        return 1;
    }

    /** Whether going from {@code before} to {@code value} passes the event index, in 16-bit arithmetic. */
    static boolean passed(final int eventIndex, final int before, final int value) {
        return (value - eventIndex - 1 & 0xFFFF) < (value - before & 0xFFFF);
    }
}
