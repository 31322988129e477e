package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Firmware Slot Information: NVM Express Base 2.1, section 5.1.12.1.4, 512 bytes, decoded from a private copy.
 *
 * @param active    slot that runs, 1..7
 * @param next      slot that runs after the next reset, 0 = the same
 * @param revisions of slots 1..7, printable; empty where a slot is
 */
public record FirmwareSlots(int active, int next, List<String> revisions) {
    /** Bytes of the page. */
    public static final int LENGTH = 512;
    /** Slots there can be. */
    public static final int SLOTS = 7;

    /** Copies the list. */
    public FirmwareSlots {
        revisions = List.copyOf(revisions);
    }

    /** Reads a private copy. */
    public static FirmwareSlots decode(final MemorySegment copy) {
        final List<String> revisions = new ArrayList<>();
        for (int slot = 1; slot <= SLOTS; slot++) {
            revisions.add(Wire.ascii(copy, 8L * slot, 8));
        }
        final int info = Wire.u8(copy, 0);
        return new FirmwareSlots(info & 7, info >>> 4 & 7, revisions);
    }
}
