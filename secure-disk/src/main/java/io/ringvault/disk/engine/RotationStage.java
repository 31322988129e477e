package io.ringvault.disk.engine;

import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;

/**
 * Sees a rotation of the volume key to its end: as long as segments hold blocks under the key before, it has
 * checkpoints made that move what the cleaner does not (pages and tables), and when neither superblock slot needs the
 * old key any more, has everybody forget it (protocol rule 48). A rotation that was interrupted goes on by itself at
 * the next open. Data agent only.
 */
final class RotationStage {
    /** Checkpoints in a row without any effect after which nothing is left to try. */
    private static final int FRUITLESS_MAX = 8;

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
        if (!relocator.rotating() || state.poisoned() || !roll.idle()) {
            return 0;
        }
        count();
        if (checkpoints.oldKeyDropped() && left == 0) {
            finish();
            return 1;
        }
        if (!checkpoints.idle() || !relocator.rotationIdle() || state.hints.mergeUnderWay
            || state.hints.rewrites > 0 && allocator.limbo() == 0) {
            return 0;
        }
        if (fruitless >= FRUITLESS_MAX) {
            state.hints.rotationStalled = true;
            return 0;
        }
        checkpoints.want();
        return 1;
    }

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
        state.hints.oldSegments = now;
    }

    private void finish() {
        relocator.rotateBelow(0);
        keys.sessions(checkpoints.sessions());
        keys.forgetOthers();
        index.send(new IndexMessages.ForgetOtherSessions(checkpoints.sessions()));
        roll.forgetOldKey();
        seenCheckpoints = -1;
        state.hints.oldSegments = -1;
    }
}
