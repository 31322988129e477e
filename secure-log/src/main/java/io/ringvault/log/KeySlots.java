package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.Hkdf;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.crypto.VolumeKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * Wraps the volume key under a key file and unwraps it ({@code docs/format.md}, sections 2 and 3). Control plane, any
 * thread.
 *
 * <p>Security: GCM does not commit to its key, so an unwrapped key counts only when its check value matches the
 * header's; both comparisons take constant time. A wrong key file and a damaged header are told apart by the header's
 * checksum, which was verified before.
 */
public final class KeySlots {
    private static final byte[] INFO = "ringvault key slot".getBytes(StandardCharsets.US_ASCII);

    private KeySlots() {
    }

    /**
     * A key slot that {@code keyFileBytes} unlocks.
     *
     * @param keyFileBytes 16..4096 bytes; stay the caller's to zero
     */
    public static KeySlot create(final byte[] keyFileBytes, final VolumeKey key, final byte[] volumeId,
        final RandomSource random) {
        checkLength(keyFileBytes);
        final byte[] salt = random.bytes(KeySlot.SALT_BYTES);
        final byte[] plain = key.copy();
        final byte[] wrapped = new byte[KeySlot.WRAPPED_BYTES];
        final byte[] aad = aad(volumeId, key.number());
        final Aead aead = new SunJceProvider().create();
        final AeadKey wrapping = wrappingKey(aead, keyFileBytes, salt, volumeId);
        try {
            aead.seal(wrapping, 0, 0, aad, aad.length, plain, VolumeKey.BYTES, wrapped);
        } finally {
            wrapping.destroy();
            KeyFile.zero(plain);
        }
        return new KeySlot(KeySlot.ACTIVE, KeySlot.KIND_KEY_FILE, 0, 0, 0, salt, wrapped);
    }

    /**
     * Unwraps the volume key; the caller closes it.
     *
     * @param keyFileBytes stay the caller's to zero
     * @throws StorageException WRONG_KEY when no key slot opens; INTEGRITY when a slot opens and its key is not the
     *         header's, or there is no slot at all
     */
    public static VolumeKey unlock(final Header header, final byte[] keyFileBytes) {
        checkLength(keyFileBytes);
        final byte[] volumeId = header.volumeId();
        int tried = 0;
        int active = 0;
        for (final KeySlot slot : header.keySlots()) {
            active += slot.state() == KeySlot.ACTIVE ? 1 : 0;
            if (slot.state() == KeySlot.ACTIVE && slot.kind() == KeySlot.KIND_KEY_FILE) {
                tried++;
                final VolumeKey key = unwrap(slot, header, volumeId, keyFileBytes);
                if (key != null) {
                    return key;
                }
            }
        }
        if (active == 0) {
            throw StorageException.integrity("the header of volume " + header.volumeIdText()
                + " has no key slot in use: no key can " + "open it. Restore the header from a backup");
        }
        throw new StorageException(StorageException.Category.WRONG_KEY, "wrong key: the key file opens none of the "
            + tried + " key file slots of volume " + header.volumeIdText());
    }

    private static VolumeKey unwrap(final KeySlot slot, final Header header, final byte[] volumeId,
        final byte[] keyFileBytes) {
        final Aead aead = new SunJceProvider().create();
        final AeadKey wrapping = wrappingKey(aead, keyFileBytes, slot.salt(), volumeId);
        final byte[] plain = new byte[VolumeKey.BYTES];
        final byte[] aad = aad(volumeId, header.volumeKeyNumber());
        try {
            if (!aead.open(wrapping, 0, 0, aad, aad.length, slot.wrapped(), VolumeKey.BYTES, plain)) {
                return null;
            }
            final VolumeKey key = new VolumeKey(header.volumeKeyNumber(), plain);
            if (!MessageDigest.isEqual(key.checkValue(volumeId), header.keyCheck())) {
                key.close();
                throw StorageException.integrity("the key file opens a key slot of volume " + header.volumeIdText()
                    + ", but the key in it is not the header's (check value): the header was altered. "
                    + "Restore it from a backup");
            }
            return key;
        } finally {
            wrapping.destroy();
            KeyFile.zero(plain);
        }
    }

    private static AeadKey wrappingKey(final Aead aead, final byte[] keyFileBytes, final byte[] salt,
        final byte[] volumeId) {
        final byte[] info = Arrays.copyOf(INFO, INFO.length + volumeId.length);
        System.arraycopy(volumeId, 0, info, INFO.length, volumeId.length);
        final byte[] derived = Hkdf.derive(keyFileBytes, salt, info, VolumeKey.BYTES);
        try {
            return aead.importKey(derived);
        } finally {
            KeyFile.zero(derived);
        }
    }

    private static byte[] aad(final byte[] volumeId, final int keyNumber) {
        final byte[] aad = Arrays.copyOf(volumeId, volumeId.length + Integer.BYTES);
        Le.putInt(aad, volumeId.length, keyNumber);
        return aad;
    }

    private static void checkLength(final byte[] keyFileBytes) {
        if (keyFileBytes.length < KeyFile.MIN_BYTES || keyFileBytes.length > KeyFile.MAX_BYTES) {
            throw StorageException.configuration("key of " + keyFileBytes.length + " bytes; allowed are "
                + KeyFile.MIN_BYTES + " to " + KeyFile.MAX_BYTES);
        }
    }
}
