package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.VolumeKey;
import java.util.List;

/**
 * Both superblock slots as they were read. Immutable. Control plane.
 *
 * <p>The raw bytes are kept: before a session overwrites a slot it compares what lies there with them, since a
 * difference means that somebody else writes to this volume.
 */
public final class Superblocks {
    private static final String[] NAMES = {"A", "B"};

    private final Superblock[] slots;
    private final byte[][] raw;

    private Superblocks(final Superblock[] slots, final byte[][] raw) {
        this.slots = slots;
        this.raw = raw;
    }

    /**
     * Reads, authenticates and checks both slots. Writes nothing.
     *
     * @param warnings gets a line for a slot that does not verify while the other does
     * @throws StorageException INTEGRITY when neither slot verifies, or one contradicts the header; IO when neither can
     *         be read
     */
    public static Superblocks load(final BlockSource source, final Geometry geometry, final Header header,
        final VolumeKey key, final List<String> warnings) {
        final Superblock[] slots = new Superblock[2];
        final byte[][] raw = new byte[2][Geometry.BLOCK_BYTES];
        final String[] problems = new String[2];
        int unreadable = 0;
        for (int which = 0; which < 2; which++) {
            final String name = "superblock slot " + NAMES[which] + " (block " + geometry.slotBlock(which) + ")";
            if (!source.read(geometry.slotBlock(which), 1, raw[which], 0)) {
                problems[which] = name + " cannot be read: " + source.lastError();
                raw[which] = new byte[Geometry.BLOCK_BYTES];
                unreadable++;
                continue;
            }
            slots[which] = SlotCodec.decode(raw[which], which, key, header.volumeId());
            if (slots[which] == null) {
                problems[which] = name + " does not verify";
            } else {
                compare(name, slots[which], header, key);
            }
        }
        if (slots[0] == null && slots[1] == null) {
            final String text = problems[0] + ", and " + problems[1]
                + ": the volume cannot be opened. Nothing was written";
            throw unreadable == 2 ? StorageException.io(text) : StorageException.integrity(text);
        }
        for (int which = 0; which < 2; which++) {
            if (slots[which] == null) {
                warnings.add(problems[which] + "; slot " + NAMES[1 - which]
                    + " is used. A write was interrupted there, or the device " + "is damaged");
            }
        }
        return new Superblocks(slots, raw);
    }

    private static void compare(final String name, final Superblock slot, final Header header, final VolumeKey key) {
        if (!slot.geometry().equals(header.geometry())) {
            throw StorageException.integrity("the header was altered: it says " + header.geometry() + ", " + name
                + ", which is authenticated, says " + slot.geometry());
        }
        if (slot.volumeKeyNumber() != key.number()) {
            throw StorageException.integrity("the header was altered: its key slots hold volume key " + key.number()
                + ", " + name + ", which is authenticated, says " + slot.volumeKeyNumber());
        }
    }

    /** Slot A (0) or B (1); null when it did not verify. */
    public Superblock slot(final int which) {
        return slots[which];
    }

    /** Which slot is current: the valid one with the higher serial. */
    public int currentIndex() {
        if (slots[0] == null || slots[1] == null) {
            return slots[0] == null ? 1 : 0;
        }
        return slots[0].serial() > slots[1].serial() ? 0 : 1;
    }

    /** The valid slot with the higher serial. */
    public Superblock current() {
        return slots[currentIndex()];
    }

    /** The other slot; null when it did not verify. */
    public Superblock other() {
        return slots[1 - currentIndex()];
    }

    /** A copy of the 4096 bytes as read; zeros when the slot could not be read. */
    public byte[] raw(final int which) {
        return raw[which].clone();
    }
}
