package io.ringvault.log;

import io.ringvault.block.StorageException;

/**
 * Where things lie on the device ({@code docs/format.md}, section 1). Immutable.
 *
 * @param segmentBlocks blocks per segment, 16..65536
 * @param segmentCount  segments that fit between the two ends of the volume
 * @param volumeBlocks  blocks of the device that belong to the volume
 * @param userBlocks    blocks that the user sees
 */
public record Geometry(int segmentBlocks, int segmentCount, long volumeBlocks, long userBlocks) {
    /** Bytes per block. */
    public static final int BLOCK_BYTES = 4096;
    /** Plaintext bytes of a block that carries its own tag. */
    public static final int SEALED_BYTES = BLOCK_BYTES - 16;
    /** The first block of segment 0. */
    public static final int FIRST_SEGMENT_BLOCK = 16;
    /** Blocks outside the segments, both ends together. */
    public static final int RESERVED_BLOCKS = 32;
    /** Fewest blocks per segment. */
    public static final int MIN_SEGMENT_BLOCKS = 16;
    /** Most blocks per segment. */
    public static final int MAX_SEGMENT_BLOCKS = 65536;
    /** Fewest segments of a volume. */
    public static final int MIN_SEGMENTS = 8;
    /** Checkpoint pages kept for sessions and tables beside the pages of the segment table. */
    private static final int OTHER_PAGES = 1024;
    /** Most segments of a volume: their pages and those of sessions and tables fit a checkpoint (format, section 8). */
    public static final int MAX_SEGMENTS = (CheckpointCodec.MAX_PAGES - OTHER_PAGES) * SegmentPageCodec.ENTRIES;
    /** The most blocks that a volume may have: 2^48, one exbibyte. */
    public static final long MAX_VOLUME_BLOCKS = 1L << 48;

    /** Validates; throws CONFIGURATION naming the value and the rule. */
    public Geometry {
        final String problem = problem(segmentBlocks, segmentCount, volumeBlocks, userBlocks);
        if (problem != null) {
            throw StorageException.configuration(problem);
        }
    }

    /**
     * The geometry of a volume that fills a device.
     *
     * @throws StorageException CONFIGURATION when the device is too small or the user's part too large
     */
    public static Geometry forDevice(final long deviceBytes, final int segmentBlocks, final long userBlocks) {
        final long volumeBlocks = deviceBytes / BLOCK_BYTES;
        final long count = segmentBlocks < 1 ? 0 : Math.max(0, volumeBlocks - RESERVED_BLOCKS) / segmentBlocks;
        return new Geometry(segmentBlocks, (int) Math.min(count, Integer.MAX_VALUE), volumeBlocks, userBlocks);
    }

    /** What is wrong with these values, or null. For codecs, which must report damage rather than wrong use. */
    public static String problem(final int segmentBlocks, final int segmentCount, final long volumeBlocks,
        final long userBlocks) {
        if (segmentBlocks < MIN_SEGMENT_BLOCKS || segmentBlocks > MAX_SEGMENT_BLOCKS) {
            return "segments of " + segmentBlocks + " blocks; allowed are " + MIN_SEGMENT_BLOCKS + ".."
                + MAX_SEGMENT_BLOCKS;
        }
        if (volumeBlocks < 0 || volumeBlocks > MAX_VOLUME_BLOCKS) {
            return "a volume of " + volumeBlocks + " blocks; the most is " + MAX_VOLUME_BLOCKS;
        }
        final long fitting = Math.max(0, volumeBlocks - RESERVED_BLOCKS) / segmentBlocks;
        if (fitting < MIN_SEGMENTS) {
            return "a device of " + volumeBlocks + " blocks holds " + fitting + " segments of " + segmentBlocks
                + " blocks; at least " + MIN_SEGMENTS + " are needed: use a larger device or smaller segments";
        }
        if (fitting > MAX_SEGMENTS) {
            return "a device of " + volumeBlocks + " blocks holds " + fitting + " segments of " + segmentBlocks
                + " blocks, more than the " + MAX_SEGMENTS + " that a checkpoint can list: use segments of at least "
                + (volumeBlocks / MAX_SEGMENTS + 1) + " blocks";
        }
        if (segmentCount != fitting) {
            return "segment count " + segmentCount + ", but " + fitting + " segments of " + segmentBlocks
                + " blocks fit in " + volumeBlocks + " blocks";
        }
        final long room = (long) segmentCount * (segmentBlocks - 2);
        if (userBlocks < 1 || userBlocks >= room) {
            return "a user size of " + userBlocks + " blocks; with " + segmentCount + " segments of " + segmentBlocks
                + " blocks it must be 1.." + (room - 1);
        }
        return null;
    }

    /** The device block of a slot of a segment. */
    public long blockOf(final int segment, final int slot) {
        if (segment < 0 || segment >= segmentCount || slot < 0 || slot >= segmentBlocks) {
            throw new IllegalArgumentException("segment " + segment + " of " + segmentCount + ", slot " + slot + " of "
                + segmentBlocks);
        }
        return FIRST_SEGMENT_BLOCK + (long) segment * segmentBlocks + slot;
    }

    /** Whether segment and slot exist; codecs check with it what they read. */
    public boolean contains(final int segment, final int slot) {
        return segment >= 0 && segment < segmentCount && slot >= 0 && slot < segmentBlocks;
    }

    /** The device block of superblock slot A (0) or B (1). */
    public long slotBlock(final int which) {
        return which == 0 ? 1 : volumeBlocks - 2;
    }

    /** The device block of header copy A (0) or B (1). */
    public long headerBlock(final int which) {
        return which == 0 ? 0 : volumeBlocks - 1;
    }

    /** Bytes of a segment. */
    public int segmentBytes() {
        return segmentBlocks * BLOCK_BYTES;
    }
}
