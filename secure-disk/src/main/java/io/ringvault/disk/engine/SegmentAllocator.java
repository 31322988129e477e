package io.ringvault.disk.engine;

import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import java.util.BitSet;

/**
 * Gives segments to the streams and to the index writer, and takes empty ones back when nothing can reach them any more
 * (protocol rules 37-42). Data agent only.
 *
 * <p><b>Crash:</b> an EMPTY segment becomes FREE when both superblock slots name checkpoints whose snapshot was taken
 * after it became empty, with replay-from behind its last chunk. A snapshot is taken at a commit and holds everything
 * sequenced before; so whatever superseded the segment's blocks is in both checkpoints, and neither recovery nor the
 * fallback slot needs its content or its chunks.
 */
final class SegmentAllocator {
    private static final int MARGIN_DIVISOR = 32;

    private final SegmentTable table;
    private final SpaceReserves reserves;
    private long session;
    private final int[] emptySegments;
    /** Of the empty segments, those that the checkpoint of the open knows as empty. */
    private final BitSet emptyAtStart = new BitSet();
    private int emptyCount;
    private int quarantined;
    private int requestSegments = 1;
    private long nextGeneration;

    private long snapshotsTaken;
    private final long[] slotSnapshot = new long[2];
    private final long[] slotReplayFrom = new long[2];
    private int checkpointsPublished;
    private long nextReadSerial;
    private long oldestActiveRead = Long.MAX_VALUE;
    private boolean scanNeeded;

    SegmentAllocator(final SegmentTable table, final SpaceReserves reserves, final long session,
        final long nextGeneration,
                     final long replayFrom, final BitSet lately, final boolean readOnly) {
        this.table = table;
        this.reserves = reserves;
        this.session = session;
        this.nextGeneration = nextGeneration;
        this.emptySegments = new int[table.segmentCount()];
        this.quarantined = table.count(SegmentState.QUARANTINED);
        slotReplayFrom[0] = replayFrom;
        slotReplayFrom[1] = replayFrom;
        slotSnapshot[0] = 1;
        slotSnapshot[1] = 1;
        if (!readOnly) {
            collectEmpty(lately, false);
        }
        snapshotsTaken = 1;
        if (!readOnly) {
            collectEmpty(lately, true);
        }
        for (int i = 0; i < emptyCount; i++) {
            emptyAtStart.set(emptySegments[i]);
        }
    }

    /**
     * What is empty at the start is covered by the checkpoint that both slots name; what was written lately waits for
     * two more.
     */
    private void collectEmpty(final BitSet lately, final boolean wanted) {
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            if (table.state(segment) == SegmentState.CLOSED && lately.get(segment) == wanted) {
                closed(segment);
            }
        }
    }

    long nextGeneration() {
        return nextGeneration;
    }

    int free() {
        return table.count(SegmentState.FREE);
    }

    /** Segments that will be free after further checkpoints. */
    int limbo() {
        return emptyCount;
    }

    int quarantined() {
        return quarantined;
    }

    /** Free segments above the user's reserve at which cleaning starts, so that writes seldom wait for it. */
    int margin() {
        return Math.max(Math.max(LogStream.COUNT * 2, requestSegments), table.segmentCount() / MARGIN_DIVISOR);
    }

    /** Segments that the largest request may take; one that waits for them must find somebody making them free. */
    int requestSegments() {
        return requestSegments;
    }

    /** Tells the segments that the largest request may take, at least 1. */
    void requestSegments(final int segments) {
        requestSegments = segments;
    }

    SpaceReserves reserves() {
        return reserves;
    }

    /** Gives the stream a successor if it has none; commits and checkpoints need one even when writes must wait. */
    boolean announceSuccessor(final LogStream stream) {
        if (stream.successor >= 0) {
            return true;
        }
        if (free() <= reserves.recovery()) {
            return false;
        }
        final int segment = take(stream.id);
        stream.successor = segment;
        stream.successorGeneration = table.generation(segment);
        stream.successorAnnounced = false;
        return true;
    }

    /** An open segment for the index writer, or -1. */
    int grantObjectSegment(final boolean urgent) {
        if (free() <= (urgent ? urgentFloor() : reserves.checkpoint())) {
            return -1;
        }
        final int segment = take(SegmentPurpose.OBJECT);
        table.open(segment);
        return segment;
    }

    /**
     * What flushes and checkpoints leave. The open before used up what was left to it; until two checkpoints have
     * given that back, what waits for them counts here: a crash before the first finds it free again (VolumeReplay).
     */
    private int urgentFloor() {
        return checkpointsPublished >= 2 ? reserves.recovery()
            : Math.max(0, reserves.recovery() - reclaimable() - quarantined);
    }

    /**
     * Empty segments that the newest published checkpoint knows as empty, with nothing to replay in them: what was
     * emptied after its snapshot is still in use as recovery sees it.
     */
    private int reclaimable() {
        final long snapshot = Math.max(slotSnapshot[0], slotSnapshot[1]);
        final long replayFrom = Math.max(slotReplayFrom[0], slotReplayFrom[1]);
        int count = 0;
        for (int i = 0; i < emptyCount; i++) {
            final int segment = emptySegments[i];
            if (emptyAtStart.get(segment) || table.emptyAt(segment) < snapshot
                && table.lastSequence(segment) < replayFrom) {
                count++;
            }
        }
        return count;
    }

    /** Segments given from now on belong to this session. */
    void session(final long id) {
        session = id;
    }

    /** The session of a stream's segment has ended: nothing more is written to it. */
    void endSegment(final int segment) {
        final int at = table.state(segment);
        if (at == SegmentState.OPEN || at == SegmentState.ANNOUNCED) {
            table.close(segment);
            closed(segment);
        }
    }

    /** A segment for a session that begins, out of the reserve that an open would take. */
    int announceForRoll(final int purpose) {
        return take(purpose);
    }

    /** An open object segment for the checkpoint that begins a session, or -1. */
    int grantForRoll() {
        if (free() == 0) {
            return -1;
        }
        final int segment = take(SegmentPurpose.OBJECT);
        table.open(segment);
        return segment;
    }

    /** The index writer is done with a segment. */
    void objectSegmentFinished(final int segment, final int endSlot) {
        table.advance(segment, endSlot, 0);
        table.close(segment);
        closed(segment);
    }

    private int take(final int purpose) {
        final int segment = table.nextFree();
        table.announce(segment, nextGeneration, session, purpose);
        nextGeneration++;
        return segment;
    }

    /** A segment was closed, or the references of a closed one changed: it may be empty. */
    void closed(final int segment) {
        if (table.state(segment) == SegmentState.CLOSED && table.tableRefs(segment) == 0
            && table.memRefs(segment) == 0) {
            emptied(segment);
        }
    }

    /** No live block is left in the segment; reads issued so far may still need it. */
    private void emptied(final int segment) {
        table.empty(segment, snapshotsTaken, nextReadSerial);
        emptySegments[emptyCount++] = segment;
        scanNeeded = true;
    }

    /** The cleaner looked up every block of a victim and moved what lived. */
    void cleaned(final int victim) {
        emptied(victim);
    }

    /** Serial that the next read gets. */
    long nextReadSerial() {
        return nextReadSerial;
    }

    /** A read was issued; the next one gets this serial. */
    void readIssued(final long nextSerial) {
        nextReadSerial = nextSerial;
    }

    /** Tells the serial of the next read, and of the oldest one that has not ended (MAX_VALUE: none). */
    void reads(final long nextSerial, final long oldestActive) {
        nextReadSerial = nextSerial;
        if (oldestActive != oldestActiveRead) {
            oldestActiveRead = oldestActive;
            scanNeeded |= emptyCount > 0;
        }
    }

    /** A checkpoint's snapshot was taken. Returns its number, from 1. */
    long snapshotTaken() {
        return ++snapshotsTaken;
    }

    /** The superblock slot now names the checkpoint of this snapshot. */
    void published(final int slot, final long snapshot, final long replayFrom) {
        slotSnapshot[slot] = snapshot;
        slotReplayFrom[slot] = replayFrom;
        checkpointsPublished++;
        scanNeeded = true;
        if (checkpointsPublished >= 2 && quarantined > 0) {
            for (int segment = 0; segment < table.segmentCount(); segment++) {
                if (table.state(segment) == SegmentState.QUARANTINED) {
                    table.free(segment);
                }
            }
            quarantined = 0;
        }
    }

    /**
     * Whether space is short and a checkpoint would help: enough segments wait for one to be worth its index writes,
     * or writers stand still and so does the cleaner.
     */
    boolean checkpointDue(final boolean cleanerStopped) {
        final int waiting = emptyCount + quarantined;
        return waiting > 0 && free() <= reserves.user() + margin()
            && (waiting >= margin() / 2
                || cleanerStopped && free() <= reserves.user() + Math.max(LogStream.COUNT, requestSegments));
    }

    int step() {
        if (!scanNeeded || emptyCount == 0) {
            return 0;
        }
        scanNeeded = false;
        final long snapshot = Math.min(slotSnapshot[0], slotSnapshot[1]);
        final long replayFrom = Math.min(slotReplayFrom[0], slotReplayFrom[1]);
        int kept = 0;
        int freed = 0;
        for (int i = 0; i < emptyCount; i++) {
            final int segment = emptySegments[i];
            if (table.emptyAt(segment) < snapshot && table.lastSequence(segment) < replayFrom
                && table.emptyReadSerial(segment) <= oldestActiveRead) {
                table.free(segment);
                emptyAtStart.clear(segment);
                freed++;
            } else {
                emptySegments[kept++] = segment;
            }
        }
        emptyCount = kept;
        return freed;
    }
}
