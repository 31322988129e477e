package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.VolumeKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The header block ({@code docs/format.md}, section 3). Control plane, any thread.
 *
 * <p>Security: the checksum tells damage from a wrong key and protects nothing. What matters is authenticated by the
 * superblock slot and by the key derivations.
 */
public final class HeaderCodec {
    private static final byte[] MAGIC = "RINGVALT".getBytes(StandardCharsets.US_ASCII);
    private static final int MAGIC_OFFSET = 0;
    private static final int FORMAT_OFFSET = 8;
    private static final int CIPHER_OFFSET = 12;
    private static final int VOLUME_ID_OFFSET = 16;
    private static final int BLOCK_BYTES_OFFSET = 32;
    private static final int SEGMENT_BLOCKS_OFFSET = 36;
    private static final int VOLUME_BLOCKS_OFFSET = 40;
    private static final int USER_BLOCKS_OFFSET = 48;
    private static final int SEGMENT_COUNT_OFFSET = 56;
    private static final int KEY_NUMBER_OFFSET = 60;
    private static final int SERIAL_OFFSET = 64;
    private static final int KEY_CHECK_OFFSET = 72;
    private static final int PREVIOUS_NUMBER_OFFSET = 104;
    private static final int PREVIOUS_RESERVED_OFFSET = 108;
    private static final int PREVIOUS_WRAPPED_OFFSET = 112;
    private static final int FIELDS_END = 160;
    private static final int KEY_SLOTS_OFFSET = 512;
    private static final int KEY_SLOT_BYTES = 384;
    private static final int KEY_SLOTS_END = KEY_SLOTS_OFFSET + Header.KEY_SLOTS * KEY_SLOT_BYTES;
    private static final int CHECKSUM_OFFSET = 4064;
    private static final int CHECKSUM_BYTES = 32;

    private static final int SLOT_STATE = 0;
    private static final int SLOT_KIND = 4;
    private static final int SLOT_MEMORY = 8;
    private static final int SLOT_ITERATIONS = 12;
    private static final int SLOT_PARALLELISM = 16;
    private static final int SLOT_RESERVED = 20;
    private static final int SLOT_SALT = 24;
    private static final int SLOT_WRAPPED = 56;
    private static final int SLOT_END = 104;

    private HeaderCodec() {
    }

    /** The 4096 bytes of a header. */
    public static byte[] encode(final Header header) {
        final byte[] block = new byte[Geometry.BLOCK_BYTES];
        System.arraycopy(MAGIC, 0, block, MAGIC_OFFSET, MAGIC.length);
        Le.putInt(block, FORMAT_OFFSET, VolumeKey.FORMAT_VERSION);
        Le.putInt(block, CIPHER_OFFSET, header.cipher());
        System.arraycopy(header.volumeId(), 0, block, VOLUME_ID_OFFSET, VolumeKey.VOLUME_ID_BYTES);
        Le.putInt(block, BLOCK_BYTES_OFFSET, Geometry.BLOCK_BYTES);
        Le.putInt(block, SEGMENT_BLOCKS_OFFSET, header.geometry().segmentBlocks());
        Le.putLong(block, VOLUME_BLOCKS_OFFSET, header.geometry().volumeBlocks());
        Le.putLong(block, USER_BLOCKS_OFFSET, header.geometry().userBlocks());
        Le.putInt(block, SEGMENT_COUNT_OFFSET, header.geometry().segmentCount());
        Le.putInt(block, KEY_NUMBER_OFFSET, header.volumeKeyNumber());
        Le.putLong(block, SERIAL_OFFSET, header.serial());
        System.arraycopy(header.keyCheck(), 0, block, KEY_CHECK_OFFSET, VolumeKey.BYTES);
        final byte[] previous = header.previousKey();
        if (previous != null) {
            Le.putInt(block, PREVIOUS_NUMBER_OFFSET, header.volumeKeyNumber() - 1);
            System.arraycopy(previous, 0, block, PREVIOUS_WRAPPED_OFFSET, previous.length);
        }
        for (int i = 0; i < Header.KEY_SLOTS; i++) {
            encodeSlot(header.keySlots().get(i), block, KEY_SLOTS_OFFSET + i * KEY_SLOT_BYTES);
        }
        System.arraycopy(checksum(block), 0, block, CHECKSUM_OFFSET, CHECKSUM_BYTES);
        return block;
    }

    private static void encodeSlot(final KeySlot slot, final byte[] block, final int at) {
        Le.putInt(block, at + SLOT_STATE, slot.state());
        Le.putInt(block, at + SLOT_KIND, slot.kind());
        Le.putInt(block, at + SLOT_MEMORY, slot.memoryKib());
        Le.putInt(block, at + SLOT_ITERATIONS, slot.iterations());
        Le.putInt(block, at + SLOT_PARALLELISM, slot.parallelism());
        System.arraycopy(slot.salt(), 0, block, at + SLOT_SALT, KeySlot.SALT_BYTES);
        System.arraycopy(slot.wrapped(), 0, block, at + SLOT_WRAPPED, KeySlot.WRAPPED_BYTES);
    }

    /** Whether the block begins like a header, damaged or not. */
    public static boolean hasMagic(final byte[] block) {
        return Arrays.equals(block, MAGIC_OFFSET, MAGIC_OFFSET + MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    /**
     * Reads a header and checks every field.
     *
     * @throws StorageException INTEGRITY when this is no undamaged header, CONFIGURATION for a newer format or unknown
     *         cipher
     */
    public static Header decode(final byte[] block) {
        if (!hasMagic(block)) {
            throw StorageException.integrity("it does not begin like a Ringvault header");
        }
        if (!MessageDigest.isEqual(checksum(block),
            Arrays.copyOfRange(block, CHECKSUM_OFFSET, CHECKSUM_OFFSET + CHECKSUM_BYTES))) {
            throw StorageException.integrity("its checksum does not match");
        }
        final int format = Le.getInt(block, FORMAT_OFFSET);
        final int cipher = Le.getInt(block, CIPHER_OFFSET);
        if (format != VolumeKey.FORMAT_VERSION || cipher != VolumeKey.CIPHER_AES_256_GCM) {
            throw StorageException.configuration("the volume has format " + Integer.toUnsignedString(format)
                + " and cipher " + Integer.toUnsignedString(cipher) + "; this program knows format "
                + VolumeKey.FORMAT_VERSION + " and cipher " + VolumeKey.CIPHER_AES_256_GCM
                + " only: use a newer release");
        }
        final int segmentBlocks = Le.getInt(block, SEGMENT_BLOCKS_OFFSET);
        final int segmentCount = Le.getInt(block, SEGMENT_COUNT_OFFSET);
        final long volumeBlocks = Le.getLong(block, VOLUME_BLOCKS_OFFSET);
        final long userBlocks = Le.getLong(block, USER_BLOCKS_OFFSET);
        final String problem = Geometry.problem(segmentBlocks, segmentCount, volumeBlocks, userBlocks);
        if (problem != null) {
            throw StorageException.integrity("its geometry is impossible: " + problem);
        }
        if (Le.getInt(block, BLOCK_BYTES_OFFSET) != Geometry.BLOCK_BYTES || Le.getInt(block, KEY_NUMBER_OFFSET) < 1
            || Le.getLong(block, SERIAL_OFFSET) < 0 || !Le.isZero(block, FIELDS_END, KEY_SLOTS_OFFSET)
            || !Le.isZero(block, KEY_SLOTS_END, CHECKSUM_OFFSET)) {
            throw StorageException.integrity("a field is out of range or a reserved byte is not zero");
        }
        final int previous = Le.getInt(block, PREVIOUS_NUMBER_OFFSET);
        if (previous != 0 && (previous < 1 || previous != Le.getInt(block, KEY_NUMBER_OFFSET) - 1)
            || previous == 0 && !Le.isZero(block, PREVIOUS_NUMBER_OFFSET, FIELDS_END)
            || Le.getInt(block, PREVIOUS_RESERVED_OFFSET) != 0) {
            throw StorageException.integrity("it names volume key " + previous + " as the one before number "
                + Le.getInt(block, KEY_NUMBER_OFFSET));
        }
        final List<KeySlot> slots = new ArrayList<>(Header.KEY_SLOTS);
        for (int i = 0; i < Header.KEY_SLOTS; i++) {
            slots.add(decodeSlot(block, KEY_SLOTS_OFFSET + i * KEY_SLOT_BYTES, i));
        }
        return new Header(cipher,
            Arrays.copyOfRange(block, VOLUME_ID_OFFSET, VOLUME_ID_OFFSET + VolumeKey.VOLUME_ID_BYTES),
            new Geometry(segmentBlocks, segmentCount, volumeBlocks, userBlocks),
            Le.getInt(block, KEY_NUMBER_OFFSET), Le.getLong(block, SERIAL_OFFSET),
            Arrays.copyOfRange(block, KEY_CHECK_OFFSET, KEY_CHECK_OFFSET + VolumeKey.BYTES), slots,
            previous == 0 ? null : Arrays.copyOfRange(block, PREVIOUS_WRAPPED_OFFSET, FIELDS_END));
    }

    private static KeySlot decodeSlot(final byte[] block, final int at, final int index) {
        final int state = Le.getInt(block, at + SLOT_STATE);
        final int kind = Le.getInt(block, at + SLOT_KIND);
        final boolean known = state == KeySlot.EMPTY && Le.isZero(block, at, at + KEY_SLOT_BYTES)
            || state == KeySlot.ACTIVE && (kind == KeySlot.KIND_KEY_FILE || kind == KeySlot.KIND_PASSPHRASE);
        if (!known || Le.getInt(block, at + SLOT_RESERVED) != 0
            || !Le.isZero(block, at + SLOT_END, at + KEY_SLOT_BYTES)) {
            throw StorageException.integrity("key slot " + index + " has state " + state + " and kind " + kind
                + ", or a reserved byte that is not zero");
        }
        final int memory = Le.getInt(block, at + SLOT_MEMORY);
        final int iterations = Le.getInt(block, at + SLOT_ITERATIONS);
        final int parallelism = Le.getInt(block, at + SLOT_PARALLELISM);
        final String problem = kind == KeySlot.KIND_PASSPHRASE
            ? KdfParameters.problem(memory, iterations, parallelism)
            : (memory | iterations | parallelism) == 0 ? null : "derivation parameters for a key";
        if (problem != null) {
            throw StorageException.integrity("key slot " + index + " asks for " + problem);
        }
        return new KeySlot(state, kind, memory, iterations, parallelism,
            Arrays.copyOfRange(block, at + SLOT_SALT, at + SLOT_SALT + KeySlot.SALT_BYTES),
            Arrays.copyOfRange(block, at + SLOT_WRAPPED, at + SLOT_WRAPPED + KeySlot.WRAPPED_BYTES));
    }

    private static byte[] checksum(final byte[] block) {
        try {
            final MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(block, 0, CHECKSUM_OFFSET);
            return digest.digest();
        } catch (final NoSuchAlgorithmException missing) {
            throw new IllegalStateException("this JDK has no SHA-256 (module java.base)", missing);
        }
    }
}
