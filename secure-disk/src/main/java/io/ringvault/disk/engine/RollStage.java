package io.ringvault.disk.engine;

import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.CheckpointSnapshot;
import io.ringvault.log.CommitId;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SessionSalt;
import io.ringvault.log.SessionTable;
import io.ringvault.poller.BlockingWorker;
import java.util.Set;

/**
 * Ends the session and begins the next in the running process (protocol rules 7, 30-34, 48): on demand, for a new
 * volume key, or when the session has sealed as many blocks as one key may.
 *
 * <pre>
 *  IDLE → SUSPENDING (no new checkpoint or merge; salt drawn) → HEADER (a new volume key: both keys in both copies)
 *       → HOLDING (writes wait, the memtable is frozen) → FLUSHING → COMMITTING → DURABLE (commit c, nothing follows)
 *       → ANCHORING (c under the new session) → ENDING (index agent: no block more under the old key)
 *       → WRITING (checkpoint of c under the new session) → SLOTS (both) → REKEYING (anchor) → SETTLING (header) → IDLE
 * </pre>
 * Reads go on all the time; writes and syncs wait from HOLDING on. <b>Crash:</b> until the first slot is written
 * recovery finds the old session, whose chain ends at c; afterwards the new one, whose base is c. Nothing that the old
 * slots reach is overwritten before, and no chunk of the new session is written before both slots name it. Data agent
 * only.
 */
final class RollStage {
    private enum Phase {
        IDLE, SUSPENDING, HEADER, HOLDING, FLUSHING, COMMITTING, DURABLE, ANCHORING, ENDING, WRITING, SLOTS, REKEYING,
        SETTLING
    }

    /** How soon an anchor that did not take the new key is asked again: at first, and at last. */
    private static final long REKEY_FIRST_NS = 50_000_000;
    private static final long REKEY_MOST_NS = 5_000_000_000L;
    private static final String ANCHOR_SILENT = "the freshness anchor does not say whether it was advanced";
    private static final String SYNC_FIRST = "epochs are strict, and something was written since the last sync:"
        + " sync, then ask again";

    private final EngineState state;
    private final SegmentTable table;
    private final SegmentAllocator allocator;
    private final ChunkWriter chunks;
    private final DurableWindow window;
    private final CommitSequencer commits;
    private final IndexStage index;
    private final AnchorStage anchor;
    private final CheckpointStage checkpoints;
    private final Relocator relocator;
    private final TableIds tableIds;
    private final SessionKeys keys;
    private final BlockingWorker worker;
    private final RandomSource random;
    private final EngineCounters indexCounters;

    private Phase phase = Phase.IDLE;
    private VolumeKey volumeKey;
    private SessionIdentity session;
    private SessionIdentity next;
    private SessionTable nextSessions;
    private volatile SessionRoll requested;
    private SessionRoll current;
    private CommitId commit;
    private long snapshotNumber;
    private long sealedBefore;
    private byte[] salt;
    private boolean answered;
    private boolean merging;
    private int failuresBefore;
    private String failure;
    private final RetryPace rekeyPace = new RetryPace(REKEY_FIRST_NS, REKEY_MOST_NS);

    RollStage(final EngineState state, final SegmentTable table, final SegmentAllocator allocator,
        final ChunkWriter chunks, final DurableWindow window, final CommitSequencer commits, final IndexStage index,
        final AnchorStage anchor, final CheckpointStage checkpoints, final Relocator relocator,
        final TableIds tableIds, final SessionKeys keys, final BlockingWorker worker, final RandomSource random,
        final EngineCounters indexCounters, final VolumeKey volumeKey, final SessionIdentity session) {
        this.state = state;
        this.table = table;
        this.allocator = allocator;
        this.chunks = chunks;
        this.window = window;
        this.commits = commits;
        this.index = index;
        this.anchor = anchor;
        this.checkpoints = checkpoints;
        this.relocator = relocator;
        this.tableIds = tableIds;
        this.keys = keys;
        this.worker = worker;
        this.random = random;
        this.indexCounters = indexCounters;
        this.volumeKey = volumeKey;
        this.session = session;
    }

    /** Asks for a roll; one at a time. Any thread. */
    void request(final SessionRoll roll) {
        requested = roll;
    }

    boolean idle() {
        return phase == Phase.IDLE;
    }

    /** A checkpoint of the old session that was under way is still being finished. */
    boolean waitsForCheckpoint() {
        return phase == Phase.SUSPENDING;
    }

    /** No session under the volume key before has a block left, in neither slot's checkpoint. */
    void forgetOldKey() {
        final VolumeKey older = volumeKey.previous();
        volumeKey.previous(null);
        if (older != null) {
            older.close();
        }
    }

    private long sealed() {
        return state.counters.sealedBlocks + indexCounters.sealedBlocks;
    }

    int step(final boolean closing) {
        if (state.poisoned() || state.readOnly) {
            refuse(state.readOnly ? "the volume is open for reading only" : state.poisonReason());
            return 0;
        }
        return switch (phase) {
            case IDLE -> closing ? refuse("the volume is being closed") : start();
            case SUSPENDING -> suspended();
            case HEADER -> answered ? enter(Phase.HOLDING) : 0;
            case HOLDING -> hold();
            case FLUSHING -> index.hasFrozen() ? 0 : enter(Phase.COMMITTING);
            case COMMITTING -> commit();
            case DURABLE -> durable();
            case ANCHORING -> anchored();
            case ENDING -> answered ? begin() : 0;
            case WRITING -> answered ? permitSlots() : index.grantDirectly();
            case SLOTS -> answered ? slotsWritten() : 0;
            case REKEYING -> rekeyed(closing);
            default -> answered ? resume(null) : 0;
        };
    }

    private int refuse(final String reason) {
        final SessionRoll roll = current != null ? current : requested;
        if (roll != null) {
            roll.end(reason);
            requested = null;
            current = null;
        }
        return 0;
    }

    private int enter(final Phase following) {
        phase = following;
        answered = false;
        return 1;
    }

    private int start() {
        current = requested;
        if (current == null && sealed() - sealedBefore < state.config.sessionBlocksMax
            || allocator.free() < allocator.reserves().recovery()) {
            current = null;
            return 0;
        }
        if (chunks.needsUserSync()) {
            return current == null ? 0 : refuse(SYNC_FIRST);
        }
        if (!worker.submit(saltFor(current))) {
            current = null; // The request stays; the worker is asked again in the next cycle.
            return 0;
        }
        requested = null;
        failure = null;
        checkpoints.suspend(true);
        merging = true;
        index.send(new IndexMessages.PauseMerges());
        return enter(Phase.SUSPENDING);
    }

    private BlockingWorker.Task saltFor(final SessionRoll roll) {
        salt = null;
        final long serial = checkpoints.serialBound();
        final long epoch = commits.lastCommit().epoch();
        final VolumeKey key = roll == null || roll.key == null ? volumeKey : roll.key;
        return new BlockingWorker.Task() {
            private byte[] drawn;

            @Override
            public void run() {
                drawn = SessionSalt.draw(key, serial, epoch, random);
            }

            @Override
            public void onDone(final Throwable thrown) {
                salt = drawn;
                failure = thrown == null ? null : "no salt for a new session could be drawn: " + thrown.getMessage();
            }
        };
    }

    void mergesPaused() {
        merging = false;
    }

    /** The index agent did what it was told last. */
    void answered() {
        answered = true;
    }

    private int suspended() {
        if (merging || salt == null && failure == null) {
            return 0;
        }
        if (failure != null || state.anchorStalled) {
            return resume(failure != null ? failure : ANCHOR_SILENT);
        }
        if (!checkpoints.idle()) {
            return 0;
        }
        enter(Phase.HEADER);
        if (current != null && current.headerBefore != null) {
            index.send(new IndexMessages.WriteHeader(current.headerBefore));
            return 1;
        }
        return enter(Phase.HOLDING);
    }

    /** With strict epochs the session may not end in the middle of what users wrote. */
    private int hold() {
        state.syncAwaited = !chunks.held() && chunks.needsUserSync();
        if (state.syncAwaited) {
            if (current != null) {
                state.syncAwaited = false;
                return resume(SYNC_FIRST);
            }
            return 0;
        }
        chunks.hold(true);
        return index.freeze() ? enter(Phase.FLUSHING) : 0;
    }

    private int commit() {
        if (!commits.roomForCommit()) {
            return 0;
        }
        commit = commits.lastCommit();
        if (chunks.dirty() || chunks.nextSequence() != commit.sequence() + 1) {
            commit = commits.commit(true, false);
        }
        chunks.shut(true);
        index.suspend(true);
        failuresBefore = anchor.failures();
        return enter(Phase.DURABLE);
    }

    private int durable() {
        if (commits.lastDurable().epoch() < commit.epoch() || !window.idle()) {
            return 0;
        }
        if (!anchor.hold()) {
            return anchor.stalled() && anchor.failures() > failuresBefore
                ? resume(ANCHOR_SILENT) : 0;
        }
        final VolumeKey key = current == null || current.key == null ? volumeKey : current.key;
        next = new SessionIdentity(anchor.nextSession(session.id()), salt, session.volumeId());
        nextSessions = checkpoints.liveSessions().with(next.id(), key.number(), salt);
        anchor.beginSession(next.id(), commit);
        return enter(Phase.ANCHORING);
    }

    private int anchored() {
        if (anchor.sessionFailed()) {
            anchor.endSession(session.id());
            return resume("the freshness anchor could not be advanced to the new session");
        }
        if (!anchor.sessionBegun()) {
            return 0;
        }
        volumeKey = current == null || current.key == null ? volumeKey : current.key;
        index.send(new IndexMessages.BeginSession(next, nextSessions, volumeKey));
        return enter(Phase.ENDING);
    }

    /** From here on everything is sealed under the new session; its checkpoint is of the commit that ended the old. */
    private int begin() {
        session = next;
        keys.volumeKey(volumeKey);
        keys.sessions(nextSessions);
        allocator.session(session.id());
        chunks.beginSession(session, keys.key(session.id()));
        final ReplayPoint replay = chunks.boundary();
        index.rebase(replay);
        sealedBefore = sealed();
        checkpoints.sessions(nextSessions, volumeKey.number());
        final CheckpointSnapshot snapshot = new CheckpointSnapshot(commit, allocator.nextGeneration(), tableIds.next(),
            0, index.version().manifest(), nextSessions, table);
        snapshotNumber = allocator.snapshotTaken();
        index.send(new IndexMessages.WriteCheckpoint(snapshot, replay, snapshotNumber, false, Set.of()));
        return enter(Phase.WRITING);
    }

    private int permitSlots() {
        index.send(new IndexMessages.SlotPermission(anchor.current(), checkpoints.engineCommits(), session,
            volumeKey.number()));
        return enter(Phase.SLOTS);
    }

    /** Both slots name the new session. */
    void published(final IndexMessages.CheckpointPublished message) {
        checkpoints.take(message);
        allocator.published(1 - message.slot(), message.snapshotNumber(), message.replayFrom());
        answered = true;
    }

    private int slotsWritten() {
        state.counters.sessionRolls++;
        if (current == null || current.key == null) {
            return resume(null);
        }
        relocator.rotateBelow(session.id());
        state.hints.oldSegments = 0;
        anchor.rekey(volumeKey);
        return enter(Phase.REKEYING);
    }

    /**
     * Both slots are under the new key, so there is no way back: an anchor that does not follow is asked again and
     * again, ever more seldom. Writes wait for that, but not for ever; and neither does a close: the next open goes on
     * from here.
     */
    private int rekeyed(final boolean closing) {
        if (anchor.sessionFailed()) {
            if (closing) {
                state.poison("the freshness anchor does not answer, so the rotation of the volume key cannot be ended;"
                    + " nothing is lost, the next open goes on with it");
                return 0;
            }
            rekeyPace.failed(state.nowNs);
            state.rekeyStalled = rekeyPace.failingNs(state.nowNs) >= state.config.anchorPatienceNs;
            if (rekeyPace.due(state.nowNs)) {
                rekeyPace.tried(state.nowNs);
                anchor.rekey(volumeKey);
            }
            return 0;
        }
        if (!anchor.sessionBegun()) {
            return 0;
        }
        rekeyPace.succeeded();
        state.rekeyStalled = false;
        index.send(new IndexMessages.WriteHeader(current.headerAfter));
        return enter(Phase.SETTLING);
    }

    private int resume(final String reason) {
        anchor.release();
        chunks.shut(false);
        chunks.hold(false);
        index.suspend(false);
        checkpoints.suspend(false);
        index.send(new IndexMessages.ResumeMerges());
        if (current != null) {
            current.end(reason);
            current = null;
        } else if (reason != null) {
            sealedBefore = sealed() - state.config.sessionBlocksMax / 2;
        }
        return enter(Phase.IDLE);
    }
}
