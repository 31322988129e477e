package io.ringvault.log;

import io.ringvault.crypto.Hkdf;
import io.ringvault.crypto.LentKey;
import io.ringvault.crypto.Secret;
import io.ringvault.crypto.VolumeKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;

/**
 * The record in which every durable anchor keeps its value ({@code docs/format.md}, section 9): 136 bytes under a MAC
 * of the volume, so that who stores it can withhold it or serve an older one, but cannot make one up. Owned by one
 * anchor; not thread-safe.
 */
public final class AnchorRecords {
    /** Bytes of a record. */
    public static final int BYTES = 136;

    private static final byte[] MAGIC = "RVANCHOR".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int VERSION_OFFSET = 8;
    private static final int RESERVED_OFFSET = 12;
    private static final int VOLUME_ID_OFFSET = 16;
    private static final int ID_OFFSET = 32;
    private static final int SERIAL_OFFSET = 64;
    private static final int SESSION_OFFSET = 72;
    private static final int EPOCH_OFFSET = 80;
    private static final int TAG_OFFSET = 88;
    private static final int MAC_OFFSET = 104;
    private static final int MAC_BYTES = 32;

    private final byte[] volumeId;
    private Secret macKey;
    /** Of the volume key before, while a rotation is under way; otherwise null. */
    private Secret olderMacKey;

    /**
     * One authentic record.
     *
     * @param id     of the anchor, 32 bytes
     * @param serial counts the anchor's changes
     * @param value  that it holds
     */
    public record Entry(byte[] id, long serial, AnchorValue value) {
    }

    /** Derives the MAC key; {@link #destroy} zeroes it. */
    public AnchorRecords(final VolumeKey key, final byte[] volumeId) {
        this.volumeId = volumeId.clone();
        this.macKey = macKey(key);
        this.olderMacKey = key.previous() == null ? null : macKey(key.previous());
    }

    private Secret macKey(final VolumeKey key) {
        final byte[] derived = key.anchorMacKey(volumeId);
        try {
            return Secret.of(derived);
        } finally {
            KeyFile.zero(derived);
        }
    }

    /** What is encoded from now on is authenticated under this volume key; the one before is accepted as well. */
    public void rekey(final VolumeKey key) {
        if (olderMacKey != null) {
            olderMacKey.close();
        }
        olderMacKey = macKey;
        macKey = macKey(key);
    }

    /** Whether a volume key before the newest is accepted. */
    public boolean hasOlder() {
        return olderMacKey != null;
    }

    /** The 136 bytes of a record. */
    public byte[] encode(final byte[] id, final long serial, final AnchorValue value) {
        final byte[] record = new byte[BYTES];
        System.arraycopy(MAGIC, 0, record, 0, MAGIC.length);
        Le.putInt(record, VERSION_OFFSET, VERSION);
        System.arraycopy(volumeId, 0, record, VOLUME_ID_OFFSET, volumeId.length);
        System.arraycopy(id, 0, record, ID_OFFSET, id.length);
        Le.putLong(record, SERIAL_OFFSET, serial);
        Le.putLong(record, SESSION_OFFSET, value.session());
        Le.putLong(record, EPOCH_OFFSET, value.epoch());
        Le.putLong(record, TAG_OFFSET, value.tag0());
        Le.putLong(record, TAG_OFFSET + 8, value.tag1());
        System.arraycopy(mac(record, macKey), 0, record, MAC_OFFSET, MAC_BYTES);
        return record;
    }

    /** What a record of this volume says; null when it is not authentic. */
    public Entry decode(final byte[] record) {
        if (record.length != BYTES) {
            return null;
        }
        final long serial = Le.getLong(record, SERIAL_OFFSET);
        final byte[] mac = Arrays.copyOfRange(record, MAC_OFFSET, BYTES);
        if (!MessageDigest.isEqual(mac(record, macKey), mac)
            && (olderMacKey == null || !MessageDigest.isEqual(mac(record, olderMacKey), mac))
            || !Arrays.equals(MAGIC, Arrays.copyOf(record, MAGIC.length))
            || Le.getInt(record, VERSION_OFFSET) != VERSION
            || !Arrays.equals(volumeId, Arrays.copyOfRange(record, VOLUME_ID_OFFSET, ID_OFFSET))
            || serial < 0 || Le.getInt(record, RESERVED_OFFSET) != 0) {
            return null;
        }
        return new Entry(Arrays.copyOfRange(record, ID_OFFSET, SERIAL_OFFSET), serial,
            new AnchorValue(Le.getLong(record, SESSION_OFFSET), Le.getLong(record, EPOCH_OFFSET),
                Le.getLong(record, TAG_OFFSET), Le.getLong(record, TAG_OFFSET + 8)));
    }

    /** Whether a record claims, without proof, to be of another volume; for messages. */
    public boolean claimsOtherVolume(final byte[] record) {
        return record.length >= ID_OFFSET && Arrays.equals(MAGIC, Arrays.copyOf(record, MAGIC.length))
            && !Arrays.equals(volumeId, Arrays.copyOfRange(record, VOLUME_ID_OFFSET, ID_OFFSET));
    }

    /**
     * A secret of this volume and anchor for other uses than the record's MAC; the caller zeroes it.
     *
     * @param label  what it is for
     * @param number which one
     * @param older  of the volume key before the newest
     * @return 32 bytes
     */
    public byte[] secret(final String label, final byte[] id, final long number, final boolean older) {
        final byte[] text = label.getBytes(StandardCharsets.US_ASCII);
        final byte[] info = ByteBuffer.allocate(text.length + id.length + 8).put(text).put(id)
            .putLong(Long.reverseBytes(number)).array();
        final byte[] bytes = copy(older ? olderMacKey : macKey);
        try {
            return Hkdf.derive(bytes, volumeId, info, VolumeKey.BYTES);
        } finally {
            KeyFile.zero(bytes);
        }
    }

    private static byte[] copy(final Secret key) {
        if (key.isClosed()) {
            throw new IllegalStateException("the anchor was closed");
        }
        return key.copy();
    }

    private static byte[] mac(final byte[] record, final Secret key) {
        final byte[] bytes = copy(key);
        try {
            final Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new LentKey(bytes, "HmacSHA256"));
            mac.update(record, 0, MAC_OFFSET);
            return mac.doFinal();
        } catch (final GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no HmacSHA256 (module java.base)", missing);
        } finally {
            KeyFile.zero(bytes);
        }
    }

    /** Zeroes the MAC keys. Idempotent. */
    public void destroy() {
        macKey.close();
        if (olderMacKey != null) {
            olderMacKey.close();
        }
    }
}
