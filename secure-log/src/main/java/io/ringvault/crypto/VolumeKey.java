package io.ringvault.crypto;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A volume's master key and its number. Every other key of the volume is derived from it ({@code docs/format.md},
 * section 2); it never encrypts anything itself.
 *
 * <p>Kept outside the heap, where no collector copies it, and zeroed by {@link #close}. Each derivation needs a
 * transient heap copy, which is zeroed here; the JDK's KDF keeps its own until collected. Control plane, any thread,
 * but not concurrently with {@link #close}. Returned keys belong to the caller, who zeroes them.
 */
public final class VolumeKey implements AutoCloseable {
    /** Length of the key and of everything derived from it. */
    public static final int BYTES = 32;
    /** The format version that enters the derivation of slot and session keys. */
    public static final int FORMAT_VERSION = 1;
    /** AES-256-GCM. */
    public static final int CIPHER_AES_256_GCM = 1;
    /** Length of a volume id. */
    public static final int VOLUME_ID_BYTES = 16;

    private final int number;
    private final Secret secret;
    private volatile VolumeKey previous;

    /**
     * @param number counts up from 1 with each rotation
     * @param key32  32 bytes, copied; stays the caller's to zero
     */
    public VolumeKey(final int number, final byte[] key32) {
        if (key32.length != BYTES) {
            throw new IllegalArgumentException("volume key of " + key32.length + " bytes, expected " + BYTES);
        }
        this.number = number;
        this.secret = Secret.of(key32);
    }

    /** A fresh key. */
    public static VolumeKey draw(final int number, final RandomSource random) {
        final byte[] bytes = random.bytes(BYTES);
        try {
            return new VolumeKey(number, bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Which of the volume's keys this is. */
    public int number() {
        return number;
    }

    /** The key of one superblock slot write, which drew {@code random32}. */
    public byte[] slotKey(final byte[] random32, final byte[] volumeId) {
        return derive(random32, info("ringvault slot", 8 + VOLUME_ID_BYTES).putInt(FORMAT_VERSION)
            .putInt(CIPHER_AES_256_GCM).put(volumeId));
    }

    /** The key under which session {@code sessionId} seals all its blocks. */
    public byte[] sessionKey(final byte[] volumeId, final long sessionId, final byte[] salt) {
        return derive(salt, info("ringvault session", 16 + VOLUME_ID_BYTES).putInt(FORMAT_VERSION)
            .putInt(CIPHER_AES_256_GCM).put(volumeId).putLong(sessionId));
    }

    /** The key of the anchor's MAC. */
    public byte[] anchorMacKey(final byte[] volumeId) {
        return derive(volumeId, info("ringvault anchor", 0));
    }

    /** A public value that tells this key from every other one (GCM alone does not commit to its key). */
    public byte[] checkValue(final byte[] volumeId) {
        return derive(volumeId, info("ringvault key check", 0));
    }

    /**
     * A session salt: fresh random bytes hedged with this key, so that a poor or repeated generator does not repeat a
     * salt as long as the slot serial or the anchor moved.
     */
    public byte[] sessionSalt(final byte[] random32, final long slotSerial, final long anchorEpoch) {
        final byte[] bytes = copy();
        final byte[] ikm = Arrays.copyOf(random32, random32.length + BYTES);
        System.arraycopy(bytes, 0, ikm, random32.length, BYTES);
        try {
            final byte[] salt = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(slotSerial)
                .putLong(anchorEpoch).array();
            return Hkdf.derive(ikm, salt, "ringvault salt".getBytes(StandardCharsets.US_ASCII), BYTES);
        } finally {
            Arrays.fill(bytes, (byte) 0);
            Arrays.fill(ikm, (byte) 0);
        }
    }

    /** The key under which the header keeps the volume key before this one, while a rotation is under way. */
    public byte[] previousKeyWrap(final byte[] volumeId) {
        return derive(volumeId, info("ringvault previous key", 0));
    }

    /**
     * The volume key before this one, while sessions under it still have live blocks; null when there is none. Any
     * thread.
     */
    public VolumeKey previous() {
        return previous;
    }

    /** Hands over the volume key before this one, which is closed with this one; null: it is gone. */
    public void previous(final VolumeKey older) {
        if (older != null && older.number != number - 1) {
            throw new IllegalArgumentException("volume key " + older.number + " does not come before " + number);
        }
        previous = older;
    }

    /** This key or the one before it; null when neither has the number. */
    public VolumeKey byNumber(final int wanted) {
        final VolumeKey older = previous;
        return wanted == number ? this : older != null && wanted == older.number ? older : null;
    }

    /** The key itself, for wrapping it only; the caller zeroes the copy at once. */
    public byte[] copy() {
        return secret.copy();
    }

    private static ByteBuffer info(final String label, final int further) {
        final byte[] text = label.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(text.length + further).order(ByteOrder.LITTLE_ENDIAN).put(text);
    }

    private byte[] derive(final byte[] salt, final ByteBuffer info) {
        if (info.hasRemaining()) {
            throw new IllegalArgumentException("volume id of the wrong length: " + info.remaining()
                + " bytes are missing");
        }
        final byte[] bytes = copy();
        try {
            return Hkdf.derive(bytes, salt, info.array(), BYTES);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Zeroes the key, and the one before it. Idempotent. */
    @Override
    public void close() {
        secret.close();
        final VolumeKey older = previous;
        if (older != null) {
            older.close();
        }
    }

    @Override
    public String toString() {
        return "VolumeKey[number=" + number + "]";
    }
}
