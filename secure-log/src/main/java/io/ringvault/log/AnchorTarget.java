package io.ringvault.log;

import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;

/**
 * Which anchor of which volume. Immutable; lends the key, keeps nothing of it.
 *
 * @param spec     the whole text: {@code scheme:place}
 * @param place    what follows the scheme; may be empty
 * @param key      the volume key; the caller's
 * @param volumeId 16 bytes
 * @param random   where new ids come from
 */
public record AnchorTarget(String spec, String place, VolumeKey key, byte[] volumeId, RandomSource random) {

    public AnchorTarget {
        volumeId = volumeId.clone();
    }

    @Override
    public byte[] volumeId() {
        return volumeId.clone();
    }

    /** A new id, 32 bytes. */
    public byte[] newId() {
        return random.bytes(Superblock.ANCHOR_ID_BYTES);
    }

    @Override
    public String toString() {
        return spec;
    }
}
