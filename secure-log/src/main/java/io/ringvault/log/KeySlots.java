package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.Argon2id;
import io.ringvault.crypto.Hkdf;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.crypto.VolumeKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * Wraps the volume key under keys and passphrases, and unwraps it ({@code docs/format.md}, sections 2 and 3). Control
 * plane, any thread.
 *
 * <p>Security: GCM does not commit to its key, so an unwrapped key counts only when its check value matches the
 * header's; both comparisons take constant time. A wrong key and a damaged header are told apart by the header's
 * checksum, which was verified before. Kind and parameters of a passphrase slot enter its key, so whoever edits them
 * makes the slot useless and gains nothing.
 */
public final class KeySlots {
    private static final byte[] KEY_INFO = ascii("ringvault key slot");
    private static final byte[] PASSPHRASE_INFO = ascii("ringvault passphrase slot");
    private static final int PARAMETER_BYTES = 3 * Integer.BYTES;

    private KeySlots() {
    }

    /**
     * The key of a volume, and what opened it.
     *
     * @param key  the caller closes it
     * @param slot index of the key slot that opened
     */
    public record Unlocked(VolumeKey key, int slot) {
    }

    /**
     * A key slot that {@code keyFileBytes} unlocks.
     *
     * @param keyFileBytes 16..4096 bytes; stay the caller's to zero
     */
    public static KeySlot create(final byte[] keyFileBytes, final VolumeKey key, final byte[] volumeId,
        final RandomSource random) {
        try (KeySecret secret = KeySecret.key(keyFileBytes)) {
            return create(secret, KdfParameters.DEFAULT, key, volumeId, random);
        }
    }

    /**
     * A key slot that the secret unlocks, with a salt of its own.
     *
     * @param parameters for a passphrase; a key needs none
     * @throws StorageException CONFIGURATION for parameters out of range or a passphrase that is too short
     */
    public static KeySlot create(final KeySecret secret, final KdfParameters parameters, final VolumeKey key,
        final byte[] volumeId, final RandomSource random) {
        if (secret.isPassphrase() && secret.length() < KeySecret.NEW_PASSPHRASE_BYTES_MIN) {
            throw StorageException.configuration("the passphrase has " + secret.length() + " bytes; a new one needs "
                + KeySecret.NEW_PASSPHRASE_BYTES_MIN);
        }
        final byte[] salt = random.bytes(KeySlot.SALT_BYTES);
        final KeySlot empty = secret.isPassphrase()
            ? new KeySlot(KeySlot.ACTIVE, KeySlot.KIND_PASSPHRASE, parameters.checked().memoryKib(),
                parameters.iterations(), parameters.parallelism(), salt, new byte[KeySlot.WRAPPED_BYTES])
            : new KeySlot(KeySlot.ACTIVE, KeySlot.KIND_KEY_FILE, 0, 0, 0, salt, new byte[KeySlot.WRAPPED_BYTES]);
        final byte[] plain = key.copy();
        final byte[] wrapped = new byte[KeySlot.WRAPPED_BYTES];
        final byte[] aad = aad(volumeId, key.number());
        final Aead aead = new SunJceProvider().create();
        final AeadKey wrapping = wrappingKey(aead, secret, empty, volumeId);
        try {
            aead.seal(wrapping, 0, 0, aad, aad.length, plain, VolumeKey.BYTES, wrapped);
        } finally {
            wrapping.destroy();
            aead.forgetKeys();
            KeyFile.zero(plain);
        }
        return new KeySlot(empty.state(), empty.kind(), empty.memoryKib(), empty.iterations(), empty.parallelism(),
            salt, wrapped);
    }

    /**
     * Unwraps the volume key with a key; the caller closes it.
     *
     * @param keyFileBytes stay the caller's to zero
     * @throws StorageException as {@link #unlock(Header, KeySecret)}
     */
    public static VolumeKey unlock(final Header header, final byte[] keyFileBytes) {
        try (KeySecret secret = KeySecret.key(keyFileBytes)) {
            return unlock(header, secret).key();
        }
    }

    /**
     * Unwraps the volume key; with it comes the one before it while the header says that a rotation is under way.
     *
     * @throws StorageException WRONG_KEY when no key slot opens; INTEGRITY when a slot opens and its key is not the
     *         header's, or there is no slot at all
     */
    public static Unlocked unlock(final Header header, final KeySecret secret) {
        final int kind = secret.isPassphrase() ? KeySlot.KIND_PASSPHRASE : KeySlot.KIND_KEY_FILE;
        int tried = 0;
        for (int i = 0; i < Header.KEY_SLOTS; i++) {
            final KeySlot slot = header.keySlots().get(i);
            if (slot.state() == KeySlot.ACTIVE && slot.kind() == kind) {
                tried++;
                final VolumeKey key = unwrap(slot, header, header.volumeId(), secret);
                if (key != null) {
                    attachPrevious(header, key);
                    return new Unlocked(key, i);
                }
            }
        }
        if (header.activeSlots() == 0) {
            throw StorageException.integrity("the header of volume " + header.volumeIdText()
                + " has no key slot in use: no key can open it. Restore the header from a backup");
        }
        throw new StorageException(StorageException.Category.WRONG_KEY, "wrong key: " + (tried == 0
            ? "a " + secret + " was given, and volume " + header.volumeIdText() + " has no slot for one (it has "
                + header.activeSlots() + " of the other kind)"
            : "the " + secret + " opens none of the " + tried + " " + secret + " slots of volume "
                + header.volumeIdText()));
    }

    private static VolumeKey unwrap(final KeySlot slot, final Header header, final byte[] volumeId,
        final KeySecret secret) {
        final Aead aead = new SunJceProvider().create();
        final AeadKey wrapping = wrappingKey(aead, secret, slot, volumeId);
        final byte[] plain = new byte[VolumeKey.BYTES];
        final byte[] aad = aad(volumeId, header.volumeKeyNumber());
        try {
            if (!aead.open(wrapping, 0, 0, aad, aad.length, slot.wrapped(), VolumeKey.BYTES, plain)) {
                return null;
            }
            final VolumeKey key = new VolumeKey(header.volumeKeyNumber(), plain);
            if (!MessageDigest.isEqual(key.checkValue(volumeId), header.keyCheck())) {
                key.close();
                throw StorageException.integrity("the " + secret + " opens a key slot of volume "
                    + header.volumeIdText() + ", but the key in it is not the header's (check value): the header was "
                    + "altered. Restore it from a backup");
            }
            return key;
        } finally {
            wrapping.destroy();
            aead.forgetKeys();
            KeyFile.zero(plain);
        }
    }

    // ---- the key before this one

    /** Volume key v − 1 under volume key v, for the header while a rotation is under way. */
    public static byte[] wrapPrevious(final VolumeKey key, final VolumeKey previous, final byte[] volumeId) {
        final byte[] plain = previous.copy();
        final byte[] wrapped = new byte[KeySlot.WRAPPED_BYTES];
        final byte[] aad = aad(volumeId, previous.number());
        final Aead aead = new SunJceProvider().create();
        final AeadKey wrapping = imported(aead, key.previousKeyWrap(volumeId));
        try {
            aead.seal(wrapping, 0, 0, aad, aad.length, plain, VolumeKey.BYTES, wrapped);
            return wrapped;
        } finally {
            wrapping.destroy();
            aead.forgetKeys();
            KeyFile.zero(plain);
        }
    }

    private static void attachPrevious(final Header header, final VolumeKey key) {
        final byte[] wrapped = header.previousKey();
        if (wrapped == null) {
            return;
        }
        final byte[] volumeId = header.volumeId();
        final byte[] plain = new byte[VolumeKey.BYTES];
        final byte[] aad = aad(volumeId, key.number() - 1);
        final Aead aead = new SunJceProvider().create();
        final AeadKey wrapping = imported(aead, key.previousKeyWrap(volumeId));
        try {
            if (!aead.open(wrapping, 0, 0, aad, aad.length, wrapped, VolumeKey.BYTES, plain)) {
                key.close();
                throw StorageException.integrity("the header of volume " + header.volumeIdText()
                    + " was altered: the key before the present one does not open under it. Restore it from a backup");
            }
            key.previous(new VolumeKey(key.number() - 1, plain));
        } finally {
            wrapping.destroy();
            aead.forgetKeys();
            KeyFile.zero(plain);
        }
    }

    // ---- derivations

    private static AeadKey wrappingKey(final Aead aead, final KeySecret secret, final KeySlot slot,
        final byte[] volumeId) {
        final byte[] bytes = secret.copy();
        byte[] stretched = null;
        try {
            if (!secret.isPassphrase()) {
                return imported(aead, Hkdf.derive(bytes, slot.salt(), joined(KEY_INFO, volumeId), VolumeKey.BYTES));
            }
            stretched = Argon2id.derive(bytes, slot.salt(),
                new KdfParameters(slot.memoryKib(), slot.iterations(), slot.parallelism()));
            final byte[] parameters = new byte[PARAMETER_BYTES];
            Le.putInt(parameters, 0, slot.memoryKib());
            Le.putInt(parameters, 4, slot.iterations());
            Le.putInt(parameters, 8, slot.parallelism());
            return imported(aead, Hkdf.derive(stretched, slot.salt(),
                joined(joined(PASSPHRASE_INFO, volumeId), parameters), VolumeKey.BYTES));
        } finally {
            KeyFile.zero(bytes);
            if (stretched != null) {
                KeyFile.zero(stretched);
            }
        }
    }

    private static AeadKey imported(final Aead aead, final byte[] derived) {
        try {
            return aead.importKey(derived);
        } finally {
            KeyFile.zero(derived);
        }
    }

    private static byte[] joined(final byte[] first, final byte[] second) {
        final byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static byte[] aad(final byte[] volumeId, final int keyNumber) {
        final byte[] aad = Arrays.copyOf(volumeId, volumeId.length + Integer.BYTES);
        Le.putInt(aad, volumeId.length, keyNumber);
        return aad;
    }

    private static byte[] ascii(final String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
