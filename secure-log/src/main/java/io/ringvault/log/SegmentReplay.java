package io.ringvault.log;

import io.ringvault.block.StorageException;

/**
 * Brings the segment table of a recovered checkpoint to the recovered commit and ends the old session in it: segments
 * that hold chunks or objects up to the commit are CLOSED, segments that the dead session announced or wrote only
 * behind the commit are QUARANTINED (its late writes may still land there), and nothing is ANNOUNCED or OPEN (protocol
 * rules 5, 31, 37; S14).
 *
 * <p>A segment may have been emptied, freed and given out again between the checkpoint's snapshot and the crash; then
 * its page still shows the earlier life, possibly with stale references. A higher generation in an authentic summary
 * replaces it: it was freed only because both slots named checkpoints that no longer need it (rule 39).
 *
 * <p>Reference counts are not touched, except that a replaced or quarantined life takes its own with it: the index
 * counts what edits after the checkpoint added and dropped. Control plane, one thread; changes only the table in
 * memory.
 */
public final class SegmentReplay {
    private final SegmentTable table;
    private final Geometry geometry;
    private final long session;

    private SegmentReplay(final RecoveredLog log, final Geometry geometry) {
        table = log.checkpoint().table();
        this.geometry = geometry;
        session = log.used().sessionId();
    }

    /**
     * Changes {@code log.checkpoint().table()}; call it once.
     *
     * @throws StorageException INTEGRITY when chain and checkpoint contradict each other
     */
    public static void apply(final RecoveredLog log, final Geometry geometry) {
        final SegmentReplay replay = new SegmentReplay(log, geometry);
        for (final WalkedChunk chunk : log.chunks()) {
            replay.chunk(chunk, chunk.sequence() > log.checkpoint().commit().sequence());
        }
        for (final Place place : log.announced()) {
            replay.unused(place);
        }
        for (int segment = 0; segment < replay.table.segmentCount(); segment++) {
            if (replay.table.state(segment) == SegmentState.OPEN) {
                replay.table.close(segment);
            } else if (replay.table.state(segment) == SegmentState.ANNOUNCED) {
                replay.table.quarantine(segment);
            }
        }
    }

    private void chunk(final WalkedChunk chunk, final boolean withEdits) {
        final byte[] summary = chunk.summary();
        live(chunk.segment(), chunk.generation(), SummaryCodec.stream(summary));
        if (table.state(chunk.segment()) == SegmentState.OPEN) {
            final int end = chunk.slot() + 1 + SummaryCodec.dataCount(summary);
            table.advance(chunk.segment(), Math.max(end, table.endSlot(chunk.segment())), chunk.sequence());
        }
        for (int cell = 0; withEdits && cell < SummaryCodec.cellCount(summary); cell++) {
            if (SummaryCodec.cellType(summary, cell) == SummaryCodec.SEGMENT_OPEN) {
                final int segment = (int) SummaryCodec.cellLow(summary, cell);
                live(segment, SummaryCodec.cellA(summary, cell), (int) SummaryCodec.cellB(summary, cell));
                if (table.state(segment) == SegmentState.OPEN) {
                    table.advance(segment, geometry.segmentBlocks(), table.lastSequence(segment));
                }
            }
        }
    }

    /** The segment holds blocks of this generation. */
    private void live(final int segment, final long generation, final int purpose) {
        if (table.generation(segment) != generation) {
            vacate(segment, generation);
            table.announce(segment, generation, session, purpose);
        }
        if (table.purpose(segment) != purpose || table.session(segment) != session) {
            throw contradiction(segment, generation);
        }
        if (table.state(segment) == SegmentState.ANNOUNCED) {
            table.open(segment);
        }
    }

    /** A segment that was named, but holds nothing up to the commit. */
    private void unused(final Place place) {
        final int segment = place.segment();
        if (table.generation(segment) < place.generation() && table.segmentOf(place.generation()) < 0
                && table.state(segment) != SegmentState.QUARANTINED) {
            vacate(segment, place.generation());
            table.quarantine(segment);
        }
    }

    private void vacate(final int segment, final long generation) {
        final int state = table.state(segment);
        if (table.generation(segment) > generation || table.segmentOf(generation) >= 0 || state == SegmentState.OPEN
                || state == SegmentState.ANNOUNCED || state == SegmentState.BAD) {
            throw contradiction(segment, generation);
        }
        if (state == SegmentState.CLOSED) {
            table.empty(segment, 0, 0);
        }
        if (state != SegmentState.FREE) {
            table.free(segment);
        }
    }

    private StorageException contradiction(final int segment, final long generation) {
        return StorageException.integrity("LogDamaged: the chain uses segment " + segment + " under generation "
            + generation + ", but the checkpoint says " + SegmentState.name(table.state(segment)) + " with generation "
            + table.generation(segment) + " of session " + table.session(segment) + ". Nothing was written");
    }
}
