package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.disk.engine.SpaceReserves;
import io.ringvault.log.Geometry;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.lsm.Compaction;
import io.ringvault.lsm.CompactionPolicy;
import io.ringvault.lsm.GenerationCounts;
import io.ringvault.lsm.IndexEdit;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.MergeJob;
import io.ringvault.lsm.Table;
import java.util.function.LongSupplier;

/**
 * Merges the index while a volume is being opened, when free segments are few. Each open after a crash adds a small
 * table that holds on to a segment of its own, and what the cleaner had proved empty is known only by old counts again;
 * sessions that are too short to merge would use up the free segments one by one, until no open succeeds. A merge makes
 * the counts exact, so that all of this is free when the session begins.
 *
 * <p>What the merges replace stays untouched until both slots name the new checkpoint. A block that cannot be read ends
 * the merging: nothing is given up for lost here. Control plane.
 */
final class OpenCompaction {
    /** Blocks read and written at most, so that an open takes a second or two even then. */
    private static final long BLOCKS_MAX = 64 * 1024;
    private static final int STREAM_SEGMENTS = 4;

    private final Geometry geometry;
    private final SegmentTable table;
    private final CompactionPolicy policy;
    private final SpaceReserves reserves;
    private final int left;

    OpenCompaction(final Geometry geometry, final SegmentTable table, final EngineConfig config) {
        this.geometry = geometry;
        this.table = table;
        policy = new CompactionPolicy(config.compaction());
        reserves = SpaceReserves.of(geometry, config);
        left = STREAM_SEGMENTS + segments(table.pages() + 8L) + 1;
    }

    /** Merges while it is worth it; returns the index as it is then, its changes counted in the segment table. */
    IndexVersion run(final IndexVersion before, final SyncObjectStore objects, final LongSupplier tableIds) {
        IndexVersion version = before;
        if (table.count(SegmentState.FREE) >= reserves.cleaner()) {
            return version;
        }
        long budget = BLOCKS_MAX;
        for (Compaction next = policy.forced(version); next != null; next = policy.forced(version)) {
            final long blocks = blocks(next);
            budget -= blocks;
            if (budget < 0 || table.count(SegmentState.FREE) - segments(blocks) < left) {
                return version;
            }
            final IndexEdit edit = next.move() ? next.moveEdit() : merge(next, objects, tableIds);
            if (edit == null) {
                return version;
            }
            count(version, edit);
            version = version.withEdit(edit);
        }
        return version;
    }

    private static IndexEdit merge(final Compaction compaction, final SyncObjectStore objects,
        final LongSupplier tableIds) {
        final MergeJob job = new MergeJob(compaction, tableIds);
        try {
            while (!job.step(objects, objects, 1 << 16)) {
                Thread.onSpinWait();
            }
        } catch (final StorageException unreadable) {
            if (unreadable.category() == StorageException.Category.OUT_OF_SPACE) {
                throw unreadable;
            }
            return null;
        }
        return job.edit();
    }

    private void count(final IndexVersion before, final IndexEdit edit) {
        final GenerationCounts blocks = new GenerationCounts();
        for (final Table each : edit.added()) {
            each.countBlocks(blocks, 1);
        }
        for (final long dropped : edit.dropped()) {
            before.table(dropped).countBlocks(blocks, -1);
        }
        edit.delta().forEach(this::add);
        blocks.forEach(this::add);
    }

    private void add(final long generation, final long count) {
        final int segment = table.segmentOf(generation);
        if (segment >= 0) {
            SegmentCounts.add(table, segment, count);
        }
    }

    private static long blocks(final Compaction compaction) {
        long blocks = 0;
        for (final Table input : compaction.inputs()) {
            blocks += compaction.move() ? 0 : input.blocks();
        }
        return blocks;
    }

    private int segments(final long blocks) {
        return (int) (blocks / (geometry.segmentBlocks() - 1)) + 1;
    }
}
