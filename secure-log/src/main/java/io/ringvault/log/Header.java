package io.ringvault.log;

import io.ringvault.crypto.VolumeKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * The public header: what must be known before a key is. Immutable.
 *
 * @param cipher          {@link VolumeKey#CIPHER_AES_256_GCM}
 * @param volumeId        16 random bytes
 * @param geometry        where things lie; authenticated later by the superblock
 * @param volumeKeyNumber of the key that the key slots wrap
 * @param serial          counts header writes; of two valid copies the higher one is used
 * @param keyCheck        32 bytes that tell the volume key from any other
 * @param keySlots        exactly eight
 * @param previousKey     the volume key before this one, wrapped under it (48 bytes), while superblock slots may
 *                        still be sealed under it; otherwise null
 */
public record Header(int cipher, byte[] volumeId, Geometry geometry, int volumeKeyNumber, long serial, byte[] keyCheck,
    List<KeySlot> keySlots, byte[] previousKey) {
    /** Key slots in a header. */
    public static final int KEY_SLOTS = 8;

    public Header {
        if (volumeId.length != VolumeKey.VOLUME_ID_BYTES || keyCheck.length != VolumeKey.BYTES
            || keySlots.size() != KEY_SLOTS || previousKey != null && (previousKey.length != KeySlot.WRAPPED_BYTES
            || volumeKeyNumber < 2)) {
            throw new IllegalArgumentException("header with a volume id of " + volumeId.length
                + " bytes, a key check of " + keyCheck.length + " bytes and " + keySlots.size() + " key slots");
        }
        volumeId = volumeId.clone();
        keyCheck = keyCheck.clone();
        keySlots = List.copyOf(keySlots);
        previousKey = previousKey == null ? null : previousKey.clone();
    }

    /** A header without a rotation under way. */
    public Header(final int cipher, final byte[] volumeId, final Geometry geometry, final int volumeKeyNumber,
        final long serial, final byte[] keyCheck, final List<KeySlot> keySlots) {
        this(cipher, volumeId, geometry, volumeKeyNumber, serial, keyCheck, keySlots, null);
    }

    /** The next header, with other key slots. */
    public Header withKeySlots(final List<KeySlot> slots) {
        return new Header(cipher, volumeId, geometry, volumeKeyNumber, serial + 1, keyCheck, slots, previousKey);
    }

    /** The next header, with one key slot changed. */
    public Header withKeySlot(final int index, final KeySlot slot) {
        final List<KeySlot> slots = new ArrayList<>(keySlots);
        slots.set(index, slot);
        return withKeySlots(slots);
    }

    /** This header with another serial. */
    public Header withSerial(final long newSerial) {
        return new Header(cipher, volumeId, geometry, volumeKeyNumber, newSerial, keyCheck, keySlots, previousKey);
    }

    /** The next header, for the next volume key; {@code previousWrapped} null: the key before is no longer needed. */
    public Header withVolumeKey(final VolumeKey key, final List<KeySlot> slots, final byte[] previousWrapped) {
        return new Header(cipher, volumeId, geometry, key.number(), serial + 1, key.checkValue(volumeId), slots,
            previousWrapped);
    }

    /** Key slots in use. */
    public int activeSlots() {
        int active = 0;
        for (final KeySlot slot : keySlots) {
            active += slot.state() == KeySlot.ACTIVE ? 1 : 0;
        }
        return active;
    }

    @Override
    public byte[] previousKey() {
        return previousKey == null ? null : previousKey.clone();
    }

    @Override
    public byte[] volumeId() {
        return volumeId.clone();
    }

    @Override
    public byte[] keyCheck() {
        return keyCheck.clone();
    }

    /** The volume id in hexadecimal. */
    public String volumeIdText() {
        return HexFormat.of().formatHex(volumeId);
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof Header that && cipher == that.cipher && volumeKeyNumber == that.volumeKeyNumber
            && serial == that.serial && Arrays.equals(volumeId, that.volumeId) && geometry.equals(that.geometry)
            && Arrays.equals(keyCheck, that.keyCheck) && keySlots.equals(that.keySlots)
            && Arrays.equals(previousKey, that.previousKey);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(volumeId) * 31 + Long.hashCode(serial);
    }

    @Override
    public String toString() {
        return "Header[volume " + volumeIdText() + ", " + geometry + ", key " + volumeKeyNumber + ", serial " + serial
            + "]";
    }
}
