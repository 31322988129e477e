package io.ringvault.log;

import io.ringvault.crypto.VolumeKey;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * The preface in slot 0 of a segment (docs/format.md section 5): in clear, for rescue only. Nothing authenticates it;
 * an ordinary open never reads it. Control of a segment's opening only, one thread per instance (it holds a digest);
 * allocates nothing after construction.
 */
public final class PrefaceCodec {
    private static final byte[] MAGIC = {'R', 'V', 'S', 'E', 'G', '0', '0', '1'};
    private static final int GENERATION_OFFSET = 8;
    private static final int SESSION_OFFSET = 16;
    private static final int SALT_OFFSET = 24;
    private static final int VOLUME_ID_OFFSET = 56;
    private static final int PURPOSE_OFFSET = 72;
    private static final int CHECKSUM_OFFSET = 4064;
    private static final int CHECKSUM_BYTES = 32;

    private final MessageDigest sha256;
    private final byte[] checksum = new byte[CHECKSUM_BYTES];

    public PrefaceCodec() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (final NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java platform has SHA-256", missing);
        }
    }

    /** Fills {@code block4096} at {@code offset}. */
    public void encode(final long generation, final long session, final byte[] salt32, final byte[] volumeId16,
            final int purpose,
            final byte[] block4096, final int offset) {
        Arrays.fill(block4096, offset, offset + Geometry.BLOCK_BYTES, (byte) 0);
        System.arraycopy(MAGIC, 0, block4096, offset, MAGIC.length);
        Le.putLong(block4096, offset + GENERATION_OFFSET, generation);
        Le.putLong(block4096, offset + SESSION_OFFSET, session);
        System.arraycopy(salt32, 0, block4096, offset + SALT_OFFSET, SessionTable.SALT_BYTES);
        System.arraycopy(volumeId16, 0, block4096, offset + VOLUME_ID_OFFSET, VolumeKey.VOLUME_ID_BYTES);
        Le.putInt(block4096, offset + PURPOSE_OFFSET, purpose);
        digest(block4096, offset);
        System.arraycopy(checksum, 0, block4096, offset + CHECKSUM_OFFSET, CHECKSUM_BYTES);
    }

    /** Whether the block is an undamaged preface of this volume. */
    public boolean isValid(final byte[] block4096, final int offset, final byte[] volumeId16) {
        digest(block4096, offset);
        return holds(block4096, offset, MAGIC) && holds(block4096, offset + VOLUME_ID_OFFSET, volumeId16)
            && holds(block4096, offset + CHECKSUM_OFFSET, checksum);
    }

    /** Generation of a valid preface. */
    public static long generation(final byte[] block4096, final int offset) {
        return Le.getLong(block4096, offset + GENERATION_OFFSET);
    }

    /** Session id of a valid preface. */
    public static long session(final byte[] block4096, final int offset) {
        return Le.getLong(block4096, offset + SESSION_OFFSET);
    }

    /** A copy of the session's salt from a valid preface. */
    public static byte[] salt(final byte[] block4096, final int offset) {
        return Arrays.copyOfRange(block4096, offset + SALT_OFFSET, offset + SALT_OFFSET + SessionTable.SALT_BYTES);
    }

    /** {@link SegmentPurpose} of a valid preface. */
    public static int purpose(final byte[] block4096, final int offset) {
        return Le.getInt(block4096, offset + PURPOSE_OFFSET);
    }

    private static boolean holds(final byte[] block, final int at, final byte[] expected) {
        return Arrays.equals(block, at, at + expected.length, expected, 0, expected.length);
    }

    private void digest(final byte[] block4096, final int offset) {
        sha256.reset();
        sha256.update(block4096, offset, CHECKSUM_OFFSET);
        try {
            sha256.digest(checksum, 0, CHECKSUM_BYTES);
        } catch (final DigestException impossible) {
            throw new IllegalStateException("a SHA-256 digest has 32 bytes", impossible);
        }
    }
}
