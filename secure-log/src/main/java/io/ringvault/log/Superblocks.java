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
     * <p>Security: while a rotation was interrupted, the header gives two keys. A slot under the newer one is the
     * newer slot whatever the serials say, and then no slot under the older one counts at all: whoever learned the
     * older key cannot put a slot of his own in front of it.
     *
     * @param key the header's volume key, with the one before it while the header holds that
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
            slots[which] = decode(raw[which], which, name, header, key);
            problems[which] = slots[which] == null ? name + " does not verify" : null;
        }
        final VolumeKey older = header.previousKey() == null ? null : key.previous();
        if (slots[0] == null && slots[1] == null && older != null) {
            for (int which = 0; which < 2; which++) {
                slots[which] = decode(raw[which], which, "superblock slot " + NAMES[which], header, older);
            }
        }
        if (slots[0] == null && slots[1] == null) {
            final String text = problems[0] + ", and " + problems[1]
                + ": the volume cannot be opened. Nothing was written";
            throw unreadable == 2 ? StorageException.io(text) : StorageException.integrity(text);
        }
        for (int which = 0; which < 2; which++) {
            if (slots[which] == null) {
                warnings.add((problems[which] != null ? problems[which] : "superblock slot " + NAMES[which]
                    + " does not verify") + "; slot " + NAMES[1 - which]
                    + " is used. A write was interrupted there, or the device " + "is damaged");
            }
        }
        return new Superblocks(slots, raw);
    }

    private static Superblock decode(final byte[] block, final int which, final String name, final Header header,
        final VolumeKey key) {
        final Superblock slot = SlotCodec.decode(block, which, key, header.volumeId());
        if (slot != null) {
            compare(name, slot, header, key);
        }
        return slot;
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

    /**
     * The volume key before {@code key} that a slot holds, from the current one if both do; null when none is held.
     * The caller closes it.
     */
    public VolumeKey previousKey(final VolumeKey key, final byte[] volumeId) {
        final int current = currentIndex();
        final VolumeKey previous = SlotCodec.previousKey(raw[current], current, key, volumeId);
        return previous != null || slots[1 - current] == null ? previous
            : SlotCodec.previousKey(raw[1 - current], 1 - current, key, volumeId);
    }

    /** A copy of the 4096 bytes as read; zeros when the slot could not be read. */
    public byte[] raw(final int which) {
        return raw[which].clone();
    }
}
