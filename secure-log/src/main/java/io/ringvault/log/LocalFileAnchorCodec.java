package io.ringvault.log;

import io.ringvault.crypto.VolumeKey;
import java.util.Arrays;

/**
 * The slots of a local anchor file ({@code docs/format.md}, section 9): a record each, then zeros. Owned by one {@link
 * LocalFileAnchor}.
 */
final class LocalFileAnchorCodec {
    /** Bytes of one slot. */
    static final int SLOT_BYTES = 4096;
    /** Bytes of the file: exactly two slots. */
    static final int FILE_BYTES = 2 * SLOT_BYTES;

    private final AnchorRecords records;

    LocalFileAnchorCodec(final VolumeKey key, final byte[] volumeId) {
        this.records = new AnchorRecords(key, volumeId);
    }

    /** One slot of 4096 bytes. Even serials belong to the first slot, odd ones to the second. */
    byte[] encode(final byte[] id, final long serial, final AnchorValue value) {
        return Arrays.copyOf(records.encode(id, serial, value), SLOT_BYTES);
    }

    /** Slot 0 or 1 of the file's image; null when it is not authentic or not in its place. */
    AnchorRecords.Entry decode(final byte[] image, final int which) {
        final int start = which * SLOT_BYTES;
        final AnchorRecords.Entry entry = records.decode(Arrays.copyOfRange(image, start,
            start + AnchorRecords.BYTES));
        return entry == null || (entry.serial() & 1) != which
            || !Le.isZero(image, start + AnchorRecords.BYTES, start + SLOT_BYTES) ? null : entry;
    }

    /** Whether an image claims, without proof, to be of another volume; for messages. */
    boolean claimsOtherVolume(final byte[] image) {
        return records.claimsOtherVolume(image);
    }

    /** What is encoded from now on is authenticated under this volume key; the one before is accepted as well. */
    void rekey(final VolumeKey key) {
        records.rekey(key);
    }

    void destroy() {
        records.destroy();
    }
}
