package io.ringvault.disk.engine;

import io.ringvault.log.CommitId;
import io.ringvault.ring.OpStatus;

/**
 * Closes epochs and acknowledges syncs (protocol rules 17-21).
 *
 * <p>A sync waits for the epoch that is open when it arrives, or for the last closed one when nothing is dirty. Syncs
 * that arrive while enough commits are in flight share the next one. The engine starts a commit by itself when the
 * open epoch grows too large or space is needed; that is legal for a disk with a volatile cache, and counted. Data
 * agent only.
 */
final class CommitSequencer {
    private final EngineState state;
    private final ChunkWriter chunks;
    private final DurableWindow window;
    private final AnchorStage anchor;
    private final CommitObserver observer;
    private final CommitId[] closed;
    private int closedHead;
    private int closedCount;
    private CommitId lastCommit;
    private CommitId lastDurable;
    private Op waitingHead;
    private Op waitingTail;
    private boolean wanted;
    private boolean engineWanted;
    private int anchorFailuresSeen;
    private long committedNs;
    /** The commit that was last followed by a mark, or that the session began with. */
    private long marked;

    CommitSequencer(final EngineState state, final ChunkWriter chunks, final DurableWindow window,
        final AnchorStage anchor,
                    final CommitObserver observer, final CommitId base) {
        this.state = state;
        this.chunks = chunks;
        this.window = window;
        this.anchor = anchor;
        this.observer = observer;
        this.closed = new CommitId[state.config.inFlightCommits + 8];
        this.lastCommit = base;
        this.lastDurable = base;
        this.marked = base.sequence();
    }

    /** The op is acknowledged when everything placed so far is durable and, by the policy, anchored. */
    void await(final Op op) {
        if (state.poisoned()) {
            op.complete(OpStatus.POISONED);
            return;
        }
        final boolean dirty = chunks.dirty();
        op.commitEpoch = dirty ? chunks.epoch() : lastCommit.epoch();
        if (!dirty && op.commitEpoch <= anchor.acknowledgedEpoch()) {
            op.complete(OpStatus.OK);
            return;
        }
        wanted |= dirty;
        if (!dirty && anchor.acknowledgedEpoch() < lastDurable.epoch()) {
            anchor.retry();
        }
        op.commitNext = null;
        if (waitingTail == null) {
            waitingHead = op;
        } else {
            waitingTail.commitNext = op;
        }
        waitingTail = op;
    }

    /** Asks for a commit that no client asked for. */
    void requestEngineCommit() {
        engineWanted = true;
    }

    /** The last commit whose mark was sealed. */
    CommitId lastCommit() {
        return lastCommit;
    }

    /** The last commit that is durable. */
    CommitId lastDurable() {
        return lastDurable;
    }

    boolean idle() {
        return waitingHead == null && closedCount == 0;
    }

    int step() {
        int work = 0;
        if (state.poisoned()) {
            return failWaiting(OpStatus.POISONED);
        }
        if ((wanted || engineWanted) && closedCount < state.config.inFlightCommits && chunks.canCommit()) {
            if (wanted || chunks.dirty()) {
                commit(!wanted, false);
                work++;
            }
            wanted = false;
            engineWanted = false;
        }
        return work + acknowledge() + markWhenIdle();
    }

    /**
     * Once after each commit, when nothing followed for a while: later damage to its chunks is then not taken for a
     * torn tail.
     */
    private int markWhenIdle() {
        if (lastCommit.sequence() == marked || state.nowNs - committedNs < state.config.idleMarkNs
            || lastDurable != lastCommit || chunks.nextSequence() != lastCommit.sequence() + 1 || !chunks.canCommit()) {
            return 0;
        }
        marked = lastCommit.sequence();
        chunks.sealMark();
        return 1;
    }

    /**
     * Seals a commit mark now; the caller knows that {@link ChunkWriter#canCommit} holds and there is room for a
     * commit.
     */
    CommitId commit(final boolean engineStarted, final boolean closing) {
        final CommitId commit = chunks.commit(engineStarted, closing);
        closed[(closedHead + closedCount) % closed.length] = commit;
        closedCount++;
        lastCommit = commit;
        committedNs = state.nowNs;
        wanted = false;
        state.counters.commits++;
        if (engineStarted) {
            state.counters.engineCommits++;
        }
        observer.commitSealed(commit.epoch(), commit.sequence(), engineStarted);
        return commit;
    }

    boolean roomForCommit() {
        return closedCount < closed.length && chunks.canCommit();
    }

    private int acknowledge() {
        int work = 0;
        ChunkBuffer chunk = window.nextDurable();
        while (chunk != null) {
            if (chunk.commit) {
                lastDurable = closed[closedHead];
                closed[closedHead] = null;
                closedHead = (closedHead + 1) % closed.length;
                closedCount--;
                observer.commitDurable(lastDurable.epoch());
                anchor.durable(lastDurable);
            }
            window.release(chunk);
            work++;
            chunk = window.nextDurable();
        }
        work += anchor.step();
        while (waitingHead != null && waitingHead.commitEpoch <= anchor.acknowledgedEpoch()) {
            pop().complete(OpStatus.OK);
            work++;
        }
        if (anchor.failures() != anchorFailuresSeen) {
            anchorFailuresSeen = anchor.failures();
            work += failDurable();
        }
        return work;
    }

    private Op pop() {
        final Op op = waitingHead;
        waitingHead = op.commitNext;
        if (waitingHead == null) {
            waitingTail = null;
        }
        op.commitNext = null;
        return op;
    }

    /** The anchor could not be advanced: the syncs whose epoch is durable fail with that. */
    private int failDurable() {
        int work = 0;
        while (waitingHead != null && waitingHead.commitEpoch <= lastDurable.epoch()) {
            pop().complete(OpStatus.ANCHOR_FAILED);
            work++;
        }
        return work;
    }

    private int failWaiting(final int status) {
        int work = 0;
        while (waitingHead != null) {
            pop().complete(status);
            work++;
        }
        return work;
    }
}
