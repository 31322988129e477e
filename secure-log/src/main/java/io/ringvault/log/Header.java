package io.ringvault.log;

import io.ringvault.crypto.VolumeKey;
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
 */
public record Header(int cipher, byte[] volumeId, Geometry geometry, int volumeKeyNumber, long serial, byte[] keyCheck,
    List<KeySlot> keySlots) {
    /** Key slots in a header. */
    public static final int KEY_SLOTS = 8;

    public Header {
        if (volumeId.length != VolumeKey.VOLUME_ID_BYTES || keyCheck.length != VolumeKey.BYTES
            || keySlots.size() != KEY_SLOTS) {
            throw new IllegalArgumentException("header with a volume id of " + volumeId.length
                + " bytes, a key check of " + keyCheck.length + " bytes and " + keySlots.size() + " key slots");
        }
        volumeId = volumeId.clone();
        keyCheck = keyCheck.clone();
        keySlots = List.copyOf(keySlots);
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
            && Arrays.equals(keyCheck, that.keyCheck) && keySlots.equals(that.keySlots);
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
