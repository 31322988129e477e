package io.ringvault.disk.engine;

import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SessionTable;

/**
 * Sees the emptying of old sessions to its end: all of those under the volume key before when that was rotated
 * (protocol rule 48), or the few oldest when the session table is too long (P10). As long as segments hold their
 * blocks, it has checkpoints made that move what the cleaner does not (pages and tables).
 *
 * <p><b>Rotation:</b> when neither superblock slot needs the old key any more, everybody is told to forget it. One that
 * was interrupted goes on by itself at the next open.
 *
 * <p><b>Session table:</b> a few sessions at a time, so that even a process that is killed again and again gets ahead:
 * what was emptied counts when two checkpoints have freed it. Nothing is recorded on disk; the next open counts anew.
 * Data agent only.
 */
final class RotationStage {
    /** Checkpoints in a row without any effect after which nothing is left to try. */
    private static final int FRUITLESS_MAX = 8;
    /** One in so many of the sessions there may be is retired at a time, and one more. */
    private static final int BATCH_DIVISOR = 64;
    /** So many times the bound, and writes wait. */
    private static final int HOLD_FACTOR = 4;
    /** Checkpoints after which sessions that could not be emptied are tried again. */
    private static final int REST_CHECKPOINTS = 32;

    private final EngineState state;
    private final SegmentTable table;
    private final Relocator relocator;
    private final CheckpointStage checkpoints;
    private final RollStage roll;
    private final IndexStage index;
    private final SegmentAllocator allocator;
    private final SessionKeys keys;
    private long seenCheckpoints = -1;
    private long seenCleaned = -1;
    private int fruitless;
    private int left;
    /** The sessions below this one are being retired from a table that is too long; 0: none are. */
    private long retireBelow;
    private long tableSeen = -1;
    private long restUntil;
    private boolean gaveUp;

    RotationStage(final EngineState state, final SegmentTable table, final Relocator relocator,
        final CheckpointStage checkpoints, final RollStage roll, final IndexStage index,
        final SegmentAllocator allocator, final SessionKeys keys) {
        this.state = state;
        this.table = table;
        this.relocator = relocator;
        this.checkpoints = checkpoints;
        this.roll = roll;
        this.index = index;
        this.allocator = allocator;
        this.keys = keys;
    }

    int step() {
        if (state.readOnly || state.poisoned() || !roll.idle() || !relocator.rotating() && !retireOldest()) {
            return 0;
        }
        count();
        if (left == 0 && (retiring() || checkpoints.oldKeyDropped())) {
            finish();
            return 1;
        }
        if (!checkpoints.idle() || !relocator.rotationIdle() || state.hints.mergeUnderWay
            || state.hints.rewrites > 0 && allocator.limbo() == 0) {
            return 0;
        }
        if (fruitless >= FRUITLESS_MAX) {
            return stalled();
        }
        checkpoints.want();
        return 1;
    }

    private int stalled() {
        state.sessionsFull = false;
        if (!retiring()) {
            state.hints.rotationStalled = true;
            return 0;
        }
        gaveUp = true;
        restUntil = state.counters.checkpoints + REST_CHECKPOINTS;
        end();
        return 1;
    }

    // ---- the session table

    /** Whether what is being emptied is the oldest sessions; a rotation that began meanwhile includes them. */
    private boolean retiring() {
        return retireBelow != 0 && retireBelow == relocator.rotateBelow();
    }

    /** When the table is too long: begins to empty the oldest sessions. */
    private boolean retireOldest() {
        if (tableSeen == state.counters.checkpoints || state.counters.checkpoints < restUntil) {
            return false;
        }
        tableSeen = state.counters.checkpoints;
        final int most = state.config.sessionsMax;
        if (checkpoints.sessions().size() <= most) {
            state.sessionsFull = false;
            return false;
        }
        final SessionTable live = checkpoints.liveSessions();
        state.sessionsFull = !gaveUp && live.size() > HOLD_FACTOR * most;
        if (live.size() <= most) {
            return false;
        }
        retireBelow = live.id(1 + most / BATCH_DIVISOR);
        relocator.rotateBelow(retireBelow);
        fruitless = 0;
        return true;
    }

    private void end() {
        relocator.rotateBelow(0);
        retireBelow = 0;
        seenCheckpoints = -1;
        tableSeen = -1;
    }

    // ---- both

    /** Counts anew when a checkpoint or the cleaner may have changed something. */
    private void count() {
        if (seenCheckpoints == state.counters.checkpoints && seenCleaned == state.counters.segmentsCleaned) {
            return;
        }
        final boolean checkpoint = seenCheckpoints != state.counters.checkpoints;
        seenCheckpoints = state.counters.checkpoints;
        seenCleaned = state.counters.segmentsCleaned;
        int now = 0;
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            now += relocator.isOld(segment) ? 1 : 0;
        }
        if (now != left || now == 0) {
            fruitless = 0;
            state.hints.rotationStalled = false;
        } else if (checkpoint) {
            fruitless++;
        }
        left = now;
        if (!retiring()) {
            state.hints.oldSegments = now;
        }
    }

    private void finish() {
        if (retiring()) {
            end();
            return;
        }
        relocator.rotateBelow(0);
        keys.sessions(checkpoints.sessions());
        keys.forgetOthers();
        index.send(new IndexMessages.ForgetOtherSessions(checkpoints.sessions()));
        roll.forgetOldKey();
        seenCheckpoints = -1;
        state.hints.oldSegments = -1;
    }
}
