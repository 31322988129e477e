package io.ringvault.log;

import io.ringvault.crypto.Secret;
import io.ringvault.crypto.VolumeKey;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The slots of a local anchor file ({@code docs/format.md}, section 9). Owned by one {@link LocalFileAnchor}. */
final class LocalFileAnchorCodec {
    /** Bytes of one slot. */
    static final int SLOT_BYTES = 4096;
    /** Bytes of the file: exactly two slots. */
    static final int FILE_BYTES = 2 * SLOT_BYTES;

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
    private static final int SLOT_END = MAC_OFFSET + MAC_BYTES;

    private final byte[] volumeId;
    private Secret macKey;
    /** Of the volume key before, while a rotation is under way; otherwise null. */
    private Secret olderMacKey;

    /** One authentic slot. */
    record Slot(byte[] id, long serial, AnchorValue value) {
    }

    LocalFileAnchorCodec(final VolumeKey key, final byte[] volumeId) {
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
    void rekey(final VolumeKey key) {
        if (olderMacKey != null) {
            olderMacKey.close();
        }
        olderMacKey = macKey;
        macKey = macKey(key);
    }

    /** One slot of 4096 bytes. Even serials belong to the first slot, odd ones to the second. */
    byte[] encode(final byte[] id, final long serial, final AnchorValue value) {
        final byte[] slot = new byte[SLOT_BYTES];
        System.arraycopy(MAGIC, 0, slot, 0, MAGIC.length);
        Le.putInt(slot, VERSION_OFFSET, VERSION);
        System.arraycopy(volumeId, 0, slot, VOLUME_ID_OFFSET, volumeId.length);
        System.arraycopy(id, 0, slot, ID_OFFSET, id.length);
        Le.putLong(slot, SERIAL_OFFSET, serial);
        Le.putLong(slot, SESSION_OFFSET, value.session());
        Le.putLong(slot, EPOCH_OFFSET, value.epoch());
        Le.putLong(slot, TAG_OFFSET, value.tag0());
        Le.putLong(slot, TAG_OFFSET + 8, value.tag1());
        System.arraycopy(mac(slot, macKey), 0, slot, MAC_OFFSET, MAC_BYTES);
        return slot;
    }

    /** Slot 0 or 1 of the file's image; null when it is not authentic or not in its place. */
    Slot decode(final byte[] image, final int which) {
        final byte[] slot = Arrays.copyOfRange(image, which * SLOT_BYTES, (which + 1) * SLOT_BYTES);
        final long serial = Le.getLong(slot, SERIAL_OFFSET);
        final byte[] mac = Arrays.copyOfRange(slot, MAC_OFFSET, SLOT_END);
        if (!MessageDigest.isEqual(mac(slot, macKey), mac)
            && (olderMacKey == null || !MessageDigest.isEqual(mac(slot, olderMacKey), mac))
            || !Arrays.equals(MAGIC, Arrays.copyOf(slot, MAGIC.length)) || Le.getInt(slot, VERSION_OFFSET) != VERSION
            || !Arrays.equals(volumeId, Arrays.copyOfRange(slot, VOLUME_ID_OFFSET, ID_OFFSET)) || (serial & 1) != which
            || serial < 0
            || Le.getInt(slot, RESERVED_OFFSET) != 0 || !Le.isZero(slot, SLOT_END, SLOT_BYTES)) {
            return null;
        }
        return new Slot(Arrays.copyOfRange(slot, ID_OFFSET, SERIAL_OFFSET), serial,
            new AnchorValue(Le.getLong(slot, SESSION_OFFSET), Le.getLong(slot, EPOCH_OFFSET),
                Le.getLong(slot, TAG_OFFSET), Le.getLong(slot, TAG_OFFSET + 8)));
    }

    /** The volume id that an image claims, not authenticated, for messages; null when it is no anchor. */
    static byte[] volumeId(final byte[] image) {
        return Arrays.equals(MAGIC, Arrays.copyOf(image, MAGIC.length))
            ? Arrays.copyOfRange(image, VOLUME_ID_OFFSET, ID_OFFSET) : null;
    }

    private static byte[] mac(final byte[] slot, final Secret key) {
        if (key.isClosed()) {
            throw new IllegalStateException("the anchor was closed");
        }
        final byte[] bytes = key.copy();
        try {
            final Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(bytes, "HmacSHA256"));
            mac.update(slot, 0, MAC_OFFSET);
            return mac.doFinal();
        } catch (final GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no HmacSHA256 (module java.base)", missing);
        } finally {
            KeyFile.zero(bytes);
        }
    }

    void destroy() {
        macKey.close();
        if (olderMacKey != null) {
            olderMacKey.close();
        }
    }
}
