package io.ringvault.log;

import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;

/**
 * Draws a session's salt, the root of nonce uniqueness: kernel randomness, hedged with the volume key, the slot serial
 * and the anchor's epoch, so that a cloned or poorly seeded generator alone does not repeat a session key. Control
 * plane.
 */
public final class SessionSalt {

    private SessionSalt() {
    }

    /** 32 bytes from the kernel's generator. */
    public static byte[] draw(final VolumeKey key, final long slotSerial, final long anchorEpoch) {
        return draw(key, slotSerial, anchorEpoch, RandomSource.kernel());
    }

    /** 32 bytes from the given generator. */
    public static byte[] draw(final VolumeKey key, final long slotSerial, final long anchorEpoch,
        final RandomSource random) {
        final byte[] fresh = random.bytes(VolumeKey.BYTES);
        try {
            return key.sessionSalt(fresh, slotSerial, anchorEpoch);
        } finally {
            KeyFile.zero(fresh);
        }
    }
}
