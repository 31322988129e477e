package io.ringvault.disk.engine;

import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.CommitId;
import io.ringvault.poller.BlockingWorker;
import java.util.ArrayList;
import java.util.List;

/**
 * Advances the freshness anchor: one compare-and-swap in flight, always to the newest durable commit, never while a
 * superblock slot is being written (protocol rule 20). The blocking call runs on a worker. Data agent only.
 *
 * <p>{@link AnchorPolicy} decides when a durable commit may be acknowledged and when an advance is due:
 * <pre>
 *  every sync  acknowledge what the anchor holds; due at once
 *  batched     acknowledge what is durable, while at most COUNT commits are ahead of the anchor and the oldest of them
 *              is younger than DELAY, otherwise what the anchor holds; due at half of either bound
 *  on close    acknowledge what is durable; due when the volume is closed
 * </pre>
 * An advance that failed may have landed all the same: its value is remembered, and the next one reads first.
 */
final class AnchorStage {
    /** How soon a batched advance that failed is tried again. */
    private static final long RETRY_NS = 100_000_000;
    /** Reads after a lost race with an advance of our own that arrives late. */
    private static final int ROUNDS_MAX = 4;

    private final EngineState state;
    private final Anchor anchor;
    private final BlockingWorker worker;
    private final AnchorPolicy policy;
    private long session;
    private AnchorValue current;
    private CommitId target;
    private CommitId inFlight;
    private CommitId newest;
    private long anchoredEpoch;
    private long acknowledgedEpoch;
    /** Durable commits since the session began: all, those the anchor holds, those the advance in flight covers. */
    private long durableCount;
    private long anchoredCount;
    private long inFlightCount;
    /** When the first commit ahead of the anchor became durable, and the first behind the one in flight. */
    private long aheadSinceNs;
    private long pendingSinceNs;
    private long retryAtNs;
    /** Values whose advance failed: one of them may have landed. */
    private final List<AnchorValue> uncertain = new ArrayList<>();
    private boolean held;
    /** A superblock slot waits until it is known what the anchor holds. */
    private boolean settling;
    private long settleAtNs = Long.MIN_VALUE;
    private boolean closing;
    private int failures;
    private CommitId sessionCommit;
    private boolean sessionFailed;
    private boolean rekeyed;

    /**
     * @param anchor  null when the volume needs none
     * @param current what the anchor holds now
     */
    AnchorStage(final EngineState state, final Anchor anchor, final BlockingWorker worker, final long session,
                final AnchorValue current, final long epoch) {
        this.state = state;
        this.anchor = anchor;
        this.worker = worker;
        this.session = session;
        this.policy = state.config.anchorPolicy;
        this.current = current;
        this.anchoredEpoch = epoch;
        this.acknowledgedEpoch = epoch;
        this.retryAtNs = Long.MIN_VALUE;
    }

    /** What the anchor holds, as far as is known; null without an anchor. */
    AnchorValue current() {
        return current;
    }

    /** The anchor holds this epoch or a later one. */
    long anchoredEpoch() {
        return anchoredEpoch;
    }

    /** Commits up to this epoch may be acknowledged. */
    long acknowledgedEpoch() {
        return acknowledgedEpoch;
    }

    /**
     * Rises with each failed advance: syncs that wait fail then, the epoch stays durable, a later advance covers it.
     */
    int failures() {
        return failures;
    }

    /** Told of each durable commit, in order. */
    void durable(final CommitId commit) {
        if (anchor == null) {
            anchoredEpoch = commit.epoch();
            acknowledgedEpoch = commit.epoch();
            return;
        }
        if (durableCount == anchoredCount) {
            aheadSinceNs = state.nowNs;
        }
        if (durableCount == Math.max(anchoredCount, inFlightCount)) {
            pendingSinceNs = state.nowNs;
        }
        durableCount++;
        newest = commit;
        target = commit;
        acknowledge();
    }

    /** A sync waits for a commit that is durable and not anchored, whose advance failed: try again. */
    void retry() {
        if (anchor != null && inFlight == null && newest != null && newest.epoch() > anchoredEpoch) {
            target = newest;
        }
    }

    /** The last commit is durable: what is ahead of the anchor is advanced to now, once more if that failed. */
    void close() {
        if (!closing) {
            closing = true;
            retryAtNs = Long.MIN_VALUE;
            retry();
        }
    }

    // ---- a new session

    /** Id of the session after this one: above whatever the anchor holds, also by an advance that failed. */
    long nextSession(final long present) {
        long newest = Math.max(present, session);
        newest = current == null ? newest : Math.max(newest, current.session());
        for (final AnchorValue value : uncertain) {
            newest = Math.max(newest, value.session());
        }
        return newest + 1;
    }

    /** Advances to the commit under another session; the owner holds the anchor, so nothing else is in flight. */
    void beginSession(final long id, final CommitId commit) {
        session = id;
        if (anchor != null) {
            swap(commit, null);
        }
    }

    /** The session did not begin: back to the one before. */
    void endSession(final long before) {
        session = before;
    }

    /** The volume key was rotated: the value is written twice more, so that nothing under the key before is left. */
    void rekey(final VolumeKey key) {
        if (anchor != null) {
            swap(sessionCommit, key);
        }
    }

    /** The advance of {@link #beginSession} or {@link #rekey} has ended well. */
    boolean sessionBegun() {
        return anchor == null || inFlight == null && !sessionFailed;
    }

    boolean sessionFailed() {
        return sessionFailed;
    }

    private void swap(final CommitId commit, final VolumeKey key) {
        sessionFailed = false;
        sessionCommit = commit;
        inFlight = commit;
        inFlightCount = durableCount;
        target = null;
        final Advance advance = new Advance(new AnchorValue(session, commit.epoch(), commit.tag0(), commit.tag1()),
            current, List.copyOf(uncertain));
        final BlockingWorker.Task task = new BlockingWorker.Task() {
            @Override
            public void run() {
                if (key == null) {
                    advance.run();
                    return;
                }
                advance.sent = true;
                if (!rekeyed) {
                    anchor.rekey(key);
                    rekeyed = true;
                }
                advance.swapped = anchor.advance(advance.next, advance.next)
                    && anchor.advance(advance.next, advance.next);
            }

            @Override
            public void onDone(final Throwable failure) {
                sessionFailed = failure != null;
                advanced(advance, failure);
                rekeyed &= sessionFailed;
            }
        };
        if (!worker.submit(task)) {
            inFlight = null;
            sessionFailed = true;
        }
    }

    /** Nothing is in flight and nothing is left to be advanced to. */
    boolean settled() {
        return inFlight == null && (target == null || anchor == null);
    }

    /**
     * Keeps the anchor still while a superblock slot is written; false while an advance is in flight, or while nobody
     * knows whether an earlier one landed: a checkpoint that passed such a value would not know it again, and a crash
     * would then leave an honest volume that is refused as forked. A new advance settles that.
     */
    boolean hold() {
        if (!held && inFlight == null && !uncertain.isEmpty()) {
            settling = true;
            target = newest;
            return false;
        }
        settling = false;
        held |= inFlight == null;
        return held;
    }

    /** Somebody wants to hold the anchor and cannot, since it does not say what it holds. */
    boolean stalled() {
        return settling && !uncertain.isEmpty();
    }

    void release() {
        held = false;
        settling = false;
    }

    int step() {
        if (anchor == null || held || inFlight != null || target == null || state.poisoned() || !due()) {
            return 0;
        }
        final CommitId commit = target;
        final Advance task = new Advance(new AnchorValue(session, commit.epoch(), commit.tag0(), commit.tag1()),
            current, List.copyOf(uncertain));
        inFlight = commit;
        inFlightCount = durableCount;
        target = null;
        if (!worker.submit(task)) {
            target = inFlight;
            inFlight = null;
            return 0;
        }
        return 1;
    }

    private boolean due() {
        if (closing) {
            return true;
        }
        if (settling && (settleAtNs == Long.MIN_VALUE || state.nowNs - settleAtNs >= 0)) {
            return true;
        }
        return switch (policy.mode()) {
            case EVERY_SYNC -> !settling;
            case BATCHED -> (durableCount - anchoredCount >= (policy.commits() + 1L) / 2
                || state.nowNs - pendingSinceNs >= policy.delayNs() / 2)
                && (retryAtNs == Long.MIN_VALUE || state.nowNs - retryAtNs >= 0);
            case ON_CLOSE -> false;
        };
    }

    private void acknowledge() {
        final long ahead = durableCount - anchoredCount;
        final boolean inside = switch (policy.mode()) {
            case EVERY_SYNC -> false;
            case BATCHED -> ahead <= policy.commits() && state.nowNs - aheadSinceNs <= policy.delayNs();
            case ON_CLOSE -> true;
        };
        if (inside && newest != null) {
            acknowledgedEpoch = newest.epoch();
        }
        acknowledgedEpoch = Math.max(acknowledgedEpoch, anchoredEpoch);
        state.counters.exposedCommits = ahead;
    }

    private void advanced(final Advance task, final Throwable failure) {
        final CommitId commit = inFlight;
        inFlight = null;
        if (failure != null) {
            if (task.sent && !uncertain.contains(task.next)) {
                uncertain.add(task.next);
            }
            settleAtNs = state.nowNs + RETRY_NS;
            failures++;
            state.counters.anchorFailures++;
            if (policy.mode() == AnchorPolicy.Mode.BATCHED && !closing) {
                retryAtNs = state.nowNs + RETRY_NS;
                target = newest;
            }
        } else if (!task.swapped) {
            state.poison("the freshness anchor was advanced by somebody else: another writer has opened this volume");
        } else {
            current = task.next;
            uncertain.clear();
            settleAtNs = Long.MIN_VALUE;
            retryAtNs = Long.MIN_VALUE;
            anchoredEpoch = commit.epoch();
            anchoredCount = inFlightCount;
            aheadSinceNs = pendingSinceNs;
            state.counters.anchorAdvances++;
            acknowledge();
        }
    }

    /** One advance; its fields are the worker's until it is done. */
    private final class Advance implements BlockingWorker.Task {
        private final AnchorValue next;
        private final AnchorValue expected;
        private final List<AnchorValue> ours;
        private boolean swapped;
        /** Whether the anchor was asked to swap; before that, a failure changes nothing. */
        private boolean sent;

        private Advance(final AnchorValue next, final AnchorValue expected, final List<AnchorValue> ours) {
            this.next = next;
            this.expected = expected;
            this.ours = ours;
        }

        @Override
        public void run() {
            AnchorValue from = ours.isEmpty() ? expected : anchor.read();
            for (int round = 0; round < ROUNDS_MAX && (from.equals(expected) || ours.contains(from)); round++) {
                sent = true;
                if (anchor.advance(from, next)) {
                    swapped = true;
                    return;
                }
                from = anchor.read();
                if (from.equals(next)) {
                    swapped = true; // No other session can seal a commit with this tag.
                    return;
                }
            }
        }

        @Override
        public void onDone(final Throwable failure) {
            advanced(this, failure);
        }
    }
}
