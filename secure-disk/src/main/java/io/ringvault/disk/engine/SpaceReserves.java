package io.ringvault.disk.engine;

import io.ringvault.log.Geometry;

/**
 * How many free segments each kind of writer leaves to the others (protocol rule 42). Each level includes the ones
 * before it, so that whoever must run to make space free again is never starved by whoever uses it up.
 *
 * @param recovery   left to the next open: four stream segments, the replayed records as tables, a checkpoint
 * @param checkpoint left by merges to a memtable flush, a checkpoint and commits
 * @param cleaner    left by the cleaner to merges
 * @param user       left by user writes to everything else
 */
public record SpaceReserves(int recovery, int checkpoint, int cleaner, int user) {
    private static final int INDEX_RECORD_BYTES = 32;
    private static final int STREAM_SEGMENTS = 2 * LogStream.COUNT;

    /** The reserves for a volume. */
    public static SpaceReserves of(final Geometry geometry, final EngineConfig config) {
        final long segmentBytes = geometry.segmentBytes();
        // One memtable may wait for its checkpoint while the next one fills: both are replayed then.
        final long replayRecords = Math.min(2 * Math.min(config.memtableRecords,
            config.checkpointBytes / Geometry.BLOCK_BYTES * 2), geometry.userBlocks());
        final int replayTables = segments(replayRecords * INDEX_RECORD_BYTES, segmentBytes);
        final int checkpointPages = segments((geometry.segmentCount() / 127 + 8L) * Geometry.BLOCK_BYTES, segmentBytes);
        final int recovery = STREAM_SEGMENTS + replayTables + checkpointPages;
        final int checkpoint = recovery + replayTables + checkpointPages + 1;
        final long mergeRecords = Math.min(geometry.userBlocks(), (long) config.tableBlocks * 128
            * (config.fanOut + 1));
        final int cleaner = checkpoint + segments(mergeRecords * INDEX_RECORD_BYTES, segmentBytes);
        return new SpaceReserves(recovery, checkpoint, cleaner, cleaner + STREAM_SEGMENTS);
    }

    /** Segments that a volume of this shape needs beside the user's data, before any over-provisioning. */
    public int spareSegments() {
        return user + STREAM_SEGMENTS + 2 * (cleaner - checkpoint) + 4;
    }

    private static int segments(final long bytes, final long segmentBytes) {
        return (int) ((bytes + segmentBytes - 1) / segmentBytes) + 1;
    }
}
