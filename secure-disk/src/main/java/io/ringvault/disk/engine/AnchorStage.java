package io.ringvault.disk.engine;

import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.CommitId;
import io.ringvault.poller.BlockingWorker;

/**
 * Advances the freshness anchor: one compare-and-swap in flight, always to the newest durable commit, never while a
 * superblock slot is being written (protocol rule 20). The blocking call runs on a worker. Data agent only.
 */
final class AnchorStage {
    private final EngineState state;
    private final Anchor anchor;
    private final BlockingWorker worker;
    private final long session;
    private AnchorValue current;
    private CommitId target;
    private CommitId inFlight;
    private long anchoredEpoch;
    /** A value whose advance failed: it may have landed all the same. */
    private AnchorValue attempted;
    private boolean held;
    private int failures;

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
        this.current = current;
        this.anchoredEpoch = epoch;
    }

    /** What the anchor holds, as far as is known; null without an anchor. */
    AnchorValue current() {
        return current;
    }

    /** Commits up to this epoch may be acknowledged. */
    long anchoredEpoch() {
        return anchoredEpoch;
    }

    /**
     * Rises with each failed advance: syncs that wait fail then, the epoch stays durable, a later advance covers it.
     */
    int failures() {
        return failures;
    }

    void durable(final CommitId commit) {
        if (anchor == null) {
            anchoredEpoch = commit.epoch();
        } else {
            target = commit;
        }
    }

    /** Nothing is in flight and nothing is left to be advanced to. */
    boolean settled() {
        return inFlight == null && (target == null || anchor == null);
    }

    /** Keeps the anchor still while a superblock slot is written; false while an advance is in flight. */
    boolean hold() {
        held |= inFlight == null;
        return held;
    }

    void release() {
        held = false;
    }

    int step() {
        if (anchor == null || held || inFlight != null || target == null || state.poisoned()) {
            return 0;
        }
        inFlight = target;
        target = null;
        final AnchorValue expected = current;
        final AnchorValue uncertain = attempted;
        final AnchorValue next = new AnchorValue(session, inFlight.epoch(), inFlight.tag0(), inFlight.tag1());
        final BlockingWorker.Task task = new BlockingWorker.Task() {
            private boolean swapped;

            @Override
            public void run() {
                final boolean landed = uncertain != null && uncertain.equals(anchor.read());
                swapped = anchor.advance(landed ? uncertain : expected, next);
            }

            @Override
            public void onDone(final Throwable failure) {
                advanced(next, swapped, failure);
            }
        };
        if (!worker.submit(task)) {
            target = inFlight;
            inFlight = null;
            return 0;
        }
        return 1;
    }

    private void advanced(final AnchorValue next, final boolean swapped, final Throwable failure) {
        final CommitId commit = inFlight;
        inFlight = null;
        if (failure != null) {
            attempted = next;
            failures++;
        } else if (!swapped) {
            state.poison("the freshness anchor was advanced by somebody else: another writer has opened this volume");
        } else {
            current = next;
            attempted = null;
            anchoredEpoch = commit.epoch();
        }
    }
}
