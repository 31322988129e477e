package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * Where the controller sees one doorbell: the register, or, when the host has given shadow pages (Doorbell Buffer
 * Config), the shadow. Then it goes by the rule strictly, so that a host that breaks it hangs: after a while without
 * news it stores an event index, looks once more, and sleeps until the <em>register</em> is written. One thread at a
 * time.
 */
final class DoorbellView {
    private static final int NOTHING = -1;
    private static final int LOOKS = 32;

    private final MemorySegment registers;
    private final long offset;
    private final MemorySegment shadow;
    private final MemorySegment eventIndex;
    private int seen;
    private int looks;
    private boolean asleep;

    /** @param shadow null without; else both pages, with the layout of the registers */
    DoorbellView(final MemorySegment registers, final long offset, final MemorySegment shadow,
                 final MemorySegment eventIndex) {
        final boolean shadowed = shadow != null && offset + 4 <= shadow.byteSize();
        this.registers = registers;
        this.offset = offset;
        this.shadow = shadowed ? shadow.asSlice(offset, 4) : null;
        this.eventIndex = shadowed ? eventIndex.asSlice(offset, 4) : null;
        Words.store32(registers, offset, shadowed ? NOTHING : 0);
    }

    /** The value that the host wrote last, as far as the controller may know. */
    int value() {
        if (shadow == null) {
            return Words.load32(registers, offset);
        }
        if (asleep) {
            if ((int) Words.DWORD_HANDLE.getAndSet(registers, offset, NOTHING) == NOTHING) {
                return seen;
            }
            asleep = false;
            looks = 0;
        }
        int now = Words.load32(shadow, 0);
        if (now == seen && ++looks >= LOOKS) {
            Words.store32(eventIndex, 0, now);
            VarHandle.fullFence();
            now = Words.load32(shadow, 0);
            asleep = now == seen;
        }
        if (now != seen) {
            looks = 0;
            seen = now;
        }
        return seen;
    }
}
