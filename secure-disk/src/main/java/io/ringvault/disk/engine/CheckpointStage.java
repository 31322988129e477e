package io.ringvault.disk.engine;

import io.ringvault.log.CheckpointSnapshot;
import io.ringvault.log.CommitId;
import io.ringvault.log.PageDirectory;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionTable;
import java.util.HashSet;
import java.util.Set;

/**
 * Decides when a checkpoint is made, takes its snapshot, and walks it to the superblock slot (protocol rules 9-12, 20).
 *
 * <pre>
 *  IDLE → FLUSHING (memtable frozen, until its table's edit is sealed)
 *       → COMMITTING (a commit is sealed; in the same step the snapshot is taken)
 *       → WAITING_DURABLE (that commit) → WRITING (index agent: pages, root, flush)
 *       → HOLDING_ANCHOR → WRITING_SLOT → IDLE
 * </pre>
 * The snapshot is the state exactly as of one commit: everything sequenced before it, nothing after. The slot is
 * written only when that commit is durable. Data agent only.
 */
final class CheckpointStage {
    private static final int IDLE = 0;
    private static final int FLUSHING = 1;
    private static final int COMMITTING = 2;
    private static final int WAITING_DURABLE = 3;
    private static final int WRITING = 4;
    private static final int HOLDING_ANCHOR = 5;
    private static final int WRITING_SLOT = 6;

    private final EngineState state;
    private final SegmentTable table;
    private final SegmentAllocator allocator;
    private final ChunkWriter chunks;
    private final CommitSequencer commits;
    private final IndexStage index;
    private final AnchorStage anchor;
    private final Relocator relocator;
    private SessionTable sessions;
    private int keyNumber;
    private long session;
    private boolean suspended;
    private int withoutOldKey;
    private final TableIds tableIds;
    private final long engineCommitsBefore;
    private final long serialBase;
    private final int segmentBlocks;

    private int phase = IDLE;
    private boolean wanted;
    private boolean closing;
    private PageDirectory directory;
    private long blocksAtReplay;
    private long blocksAtFreeze;
    private CheckpointSnapshot snapshot;
    private ReplayPoint replay;
    private long snapshotNumber;
    private Set<Long> sparse = Set.of();
    private boolean slotWritten;
    private boolean blocksWritten;
    private boolean finished;
    /** Failed advances when the anchor was to be held, and when the first one after that was seen. */
    private int anchorFailures;
    private long silentSinceNs;
    /** The checkpoint under way was started after the close was asked for, so it holds everything. */
    private boolean last;

    CheckpointStage(final EngineState state, final SegmentTable table, final SegmentAllocator allocator,
        final ChunkWriter chunks,
                    final CommitSequencer commits, final IndexStage index, final AnchorStage anchor,
                    final Relocator relocator,
                    final SessionTable sessions, final int keyNumber, final long session, final long serialBase,
                    final TableIds tableIds, final PageDirectory directory,
                    final long engineCommitsBefore, final int segmentBlocks) {
        this.state = state;
        this.table = table;
        this.allocator = allocator;
        this.chunks = chunks;
        this.commits = commits;
        this.index = index;
        this.anchor = anchor;
        this.relocator = relocator;
        this.sessions = sessions;
        this.keyNumber = keyNumber;
        this.session = session;
        this.serialBase = serialBase;
        this.tableIds = tableIds;
        this.directory = directory;
        this.engineCommitsBefore = engineCommitsBefore;
        this.segmentBlocks = segmentBlocks;
    }

    /**
     * The last checkpoint of the session: the slot gets the clean flag. An anchor that was silent is asked once more.
     */
    void close() {
        if (!closing) {
            state.anchorStalled = false;
            anchorFailures = anchor.failures();
            silentSinceNs = Long.MIN_VALUE;
        }
        closing = true;
        wanted = true;
    }

    /** No checkpoint begins until told: a session is about to end. */
    void suspend(final boolean now) {
        suspended = now;
    }

    /** A checkpoint is wanted, for reasons of the caller's. */
    void want() {
        wanted = true;
    }

    /** The session changed. */
    void sessions(final SessionTable table0, final int number) {
        sessions = table0;
        keyNumber = number;
        session = sessions.id(sessions.size() - 1);
        withoutOldKey = 0;
    }

    /** The sessions that still have segments, and the present one. */
    SessionTable liveSessions() {
        final Set<Long> live = new HashSet<>();
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            if (table.generation(segment) != 0) {
                live.add(table.session(segment));
            }
        }
        SessionTable kept = sessions;
        for (int i = sessions.size() - 1; i >= 0; i--) {
            if (sessions.id(i) != session && !live.contains(sessions.id(i))) {
                kept = kept.without(sessions.id(i));
            }
        }
        return kept;
    }

    /** A number that no slot written so far had as its serial, to hedge a salt with. */
    long serialBound() {
        return serialBase + state.counters.checkpoints + 2;
    }

    /** Engine-started commits since format. */
    long engineCommits() {
        return engineCommitsBefore + state.counters.engineCommits;
    }

    /** Neither slot holds the volume key before the present one. */
    boolean oldKeyDropped() {
        return withoutOldKey >= 2;
    }

    /** The sessions as of the last snapshot. */
    SessionTable sessions() {
        return sessions;
    }

    /** Whether the closing checkpoint has been published. */
    boolean closed() {
        return finished;
    }

    boolean idle() {
        return phase == IDLE && (suspended || !wanted);
    }

    int step() {
        if (state.poisoned() || state.readOnly) {
            return 0;
        }
        return switch (phase) {
            case IDLE -> startIfDue();
            case FLUSHING -> flushed();
            case COMMITTING -> commit();
            case WAITING_DURABLE -> write();
            case WRITING -> blocksWritten ? holding() : 0;
            case HOLDING_ANCHOR -> holdAnchor();
            default -> published();
        };
    }

    private int enter(final int next) {
        phase = next;
        return 1;
    }

    private boolean due() {
        final ReplayPoint from = index.replayPoint();
        return chunks.nextSequence() - from.sequence >= state.config.checkpointChunks
            || (state.counters.sealedBlocks - blocksAtReplay) * 4096L >= state.config.checkpointBytes
            || allocator.checkpointDue(relocator.stopped());
    }

    private int startIfDue() {
        if (finished || suspended || !(wanted || due()) || !index.freeze()) {
            return 0;
        }
        wanted = false;
        last = closing;
        blocksAtFreeze = state.counters.sealedBlocks;
        return enter(FLUSHING);
    }

    private int flushed() {
        return index.hasFrozen() ? 0 : enter(COMMITTING);
    }

    /**
     * Seals a commit and takes the snapshot of the state at that very point. With strict epochs a snapshot in the
     * middle of what users wrote would publish it: it waits for the next sync, or for the close, which is one too.
     */
    private int commit() {
        state.syncAwaited = chunks.needsUserSync() && !closing;
        if (state.syncAwaited || !commits.roomForCommit()) {
            return 0;
        }
        CommitId commit = commits.lastCommit();
        if (chunks.dirty() || chunks.nextSequence() != commit.sequence() + 1) {
            commit = commits.commit(!closing, last);
        }
        sessions = liveSessions();
        markSparseObjects();
        replay = index.replayPoint();
        snapshot = new CheckpointSnapshot(commit, allocator.nextGeneration(), tableIds.next(), 0,
            index.version().manifest(),
            sessions, table, replay.sequence);
        snapshotNumber = allocator.snapshotTaken();
        blocksAtReplay = blocksAtFreeze;
        return enter(WAITING_DURABLE);
    }

    /** Object segments with few live blocks are emptied: checkpoint pages by writing them anew, tables by a merge. */
    private void markSparseObjects() {
        int segments = 0;
        long live = 0;
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            if (isClosedObject(segment)) {
                segments++;
                live += table.tableRefs(segment) + table.memRefs(segment);
            }
        }
        final int perSegment = segmentBlocks - 1;
        sparse = new HashSet<>();
        if (segments > 2 * (live / perSegment) + 3) {
            final long average = live / segments;
            for (int segment = 0; segment < table.segmentCount(); segment++) {
                if (isClosedObject(segment) && table.tableRefs(segment) + table.memRefs(segment) <= average) {
                    sparse.add(table.generation(segment));
                }
            }
        }
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            if (isClosedObject(segment) && relocator.isOld(segment)) {
                sparse.add(table.generation(segment));
            }
        }
        if (!sparse.isEmpty()) {
            directory.markPagesIn(sparse::contains, table);
        }
    }

    private boolean isClosedObject(final int segment) {
        return table.state(segment) == SegmentState.CLOSED && table.purpose(segment) == SegmentPurpose.OBJECT;
    }

    private int write() {
        if (commits.lastDurable().epoch() < snapshot.commit().epoch()) {
            return 0;
        }
        blocksWritten = false;
        slotWritten = false;
        index.send(new IndexMessages.WriteCheckpoint(snapshot, replay, snapshotNumber, last, Set.copyOf(sparse)));
        snapshot = null;
        return enter(WRITING);
    }

    void checkpointWritten() {
        blocksWritten = true;
    }

    private int holding() {
        anchorFailures = anchor.failures();
        silentSinceNs = Long.MIN_VALUE;
        return enter(HOLDING_ANCHOR);
    }

    private int holdAnchor() {
        if (!anchor.hold()) {
            final boolean silent = anchor.stalled() && anchor.failures() > anchorFailures;
            silentSinceNs = !silent ? Long.MIN_VALUE : silentSinceNs == Long.MIN_VALUE ? state.nowNs : silentSinceNs;
            state.anchorStalled = silent && state.nowNs - silentSinceNs >= state.config.anchorPatienceNs;
            return 0;
        }
        state.anchorStalled = false;
        index.send(new IndexMessages.SlotPermission(anchor.current(), engineCommits(), null, keyNumber));
        return enter(WRITING_SLOT);
    }

    void checkpointPublished(final IndexMessages.CheckpointPublished message) {
        take(message);
        withoutOldKey = sessions.previousKeyNumber(keyNumber) == 0 ? withoutOldKey + 1 : 0;
        slotWritten = true;
        finished = message.clean();
    }

    /** A slot names the checkpoint: its blocks count from now on, those of the one before no longer. */
    void take(final IndexMessages.CheckpointPublished message) {
        directory.forEachDifference(message.directory(), (generation, count) -> {
            final int segment = table.segmentOf(generation);
            if (segment < 0) {
                throw new IllegalStateException("a checkpoint block names generation " + generation
                    + ", which no segment has");
            }
            table.addMemRefs(segment, count);
            allocator.closed(segment);
        });
        directory = message.directory();
        allocator.published(message.slot(), message.snapshotNumber(), message.replayFrom());
        state.counters.checkpoints++;
    }

    private int published() {
        if (!slotWritten) {
            return 0;
        }
        anchor.release();
        wanted |= closing && !finished;
        return enter(IDLE);
    }
}
