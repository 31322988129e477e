package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.disk.DelegatingAnchor;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.CommitId;
import io.ringvault.log.MemoryAnchor;
import io.ringvault.poller.BlockingWorker;
import org.junit.jupiter.api.Test;

class AnchorStageTest {
    private static final AnchorValue BASE = new AnchorValue(3, 10, 0, 0);
    private final EngineState state = new EngineState(LogRig.tiny(), false);
    private final BlockingWorker worker = BlockingWorker.inline();
    private final MemoryAnchor memory = new MemoryAnchor(LogRig.filled(32, 1));

    /** Advances, and loses the answer while it is told to. */
    private final class LossyAnchor extends DelegatingAnchor {
        private final boolean[] lose;

        LossyAnchor(final boolean[] lose) {
            super(memory);
            this.lose = lose;
        }

        @Override
        public boolean advance(final AnchorValue expected, final AnchorValue next) {
            final boolean swapped = memory.advance(expected, next);
            if (lose[0]) {
                throw StorageException.io("the answer was lost");
            }
            return swapped;
        }
    }

    private static CommitId commit(final long epoch) {
        return new CommitId(epoch, epoch * 2, epoch, -epoch);
    }

    @Test
    void shouldBeAnchoredAtOnceWithoutAnAnchor() {
        final AnchorStage stage = new AnchorStage(state, null, worker, 3, null, 10);
        stage.durable(commit(12));
        assertEquals(12, stage.anchoredEpoch());
        assertTrue(stage.settled());
        assertTrue(stage.hold());
    }

    @Test
    void shouldHaveOneAdvanceInFlightAndGoToTheNewestCommit() {
        memory.force(BASE);
        final AnchorStage stage = new AnchorStage(state, memory, worker, 3, BASE, 10);
        stage.durable(commit(11));
        assertEquals(1, stage.step());
        stage.durable(commit(12));
        stage.durable(commit(13));
        assertEquals(0, stage.step(), "one in flight");
        assertFalse(stage.hold(), "no slot may be written now");
        assertEquals(10, stage.anchoredEpoch(), "not before the outcome was delivered");
        worker.poll();
        assertEquals(11, stage.anchoredEpoch());
        stage.step();
        worker.poll();
        assertEquals(13, stage.anchoredEpoch());
        assertEquals(2, memory.advances());
        assertEquals(new AnchorValue(3, 13, 13, -13), memory.read());
        assertEquals(memory.read(), stage.current());
    }

    @Test
    void shouldStandStillWhileHeld() {
        memory.force(BASE);
        final AnchorStage stage = new AnchorStage(state, memory, worker, 3, BASE, 10);
        assertTrue(stage.hold());
        stage.durable(commit(11));
        assertEquals(0, stage.step());
        assertFalse(stage.settled());
        stage.release();
        assertEquals(1, stage.step());
    }

    @Test
    void shouldNotTakeItsOwnAdvanceThatLandedForAnotherWriter() {
        memory.force(BASE);
        final boolean[] lose = {true};
        final AnchorStage stage = new AnchorStage(state, new LossyAnchor(lose), worker, 3, BASE, 10);
        stage.durable(commit(11));
        stage.step();
        worker.poll();
        assertEquals(1, stage.failures());
        assertEquals(10, stage.anchoredEpoch());
        lose[0] = false;
        stage.durable(commit(12));
        stage.step();
        worker.poll();
        assertFalse(state.poisoned(), "poisoned: " + state.poisonReason());
        assertEquals(12, stage.anchoredEpoch());
        assertEquals(12, memory.read().epoch());
    }

    @Test
    void shouldNotBeHeldWhileNobodyKnowsWhetherAnAdvanceLanded() {
        memory.force(BASE);
        final boolean[] lost = {true};
        final AnchorStage stage = new AnchorStage(state, new LossyAnchor(lost), worker, 3, BASE, 10);
        stage.durable(commit(11));
        stage.step();
        worker.poll();
        assertFalse(stage.hold(), "a slot may not be written over an advance of unknown outcome");
        assertTrue(stage.stalled());
        state.nowNs += 1_000_000_000;
        lost[0] = false;
        assertEquals(1, stage.step(), "the question is settled by another advance");
        worker.poll();
        assertFalse(stage.stalled());
        assertTrue(stage.hold());
        assertEquals(11, stage.current().epoch());
        assertEquals(stage.current(), memory.read());
    }

    private AnchorStage stage(final AnchorPolicy policy, final Anchor anchor) {
        memory.force(BASE);
        state.config.anchorPolicy = policy;
        return new AnchorStage(state, anchor, worker, 3, BASE, 10);
    }

    @Test
    void shouldAcknowledgeWithinTheWindowAndWaitBeyondItWhenBatched() {
        final AnchorStage stage = stage(AnchorPolicy.batched(4, 1_000), memory);
        stage.durable(commit(11));
        assertEquals(11, stage.acknowledgedEpoch(), "acknowledged when durable");
        assertEquals(10, stage.anchoredEpoch());
        assertEquals(0, stage.step(), "neither bound is near");
        stage.durable(commit(12));
        assertEquals(1, stage.step(), "half of the count");
        for (long epoch = 13; epoch <= 15; epoch++) {
            stage.durable(commit(epoch));
        }
        assertEquals(14, stage.acknowledgedEpoch(), "the fifth commit ahead of the anchor must wait");
        assertEquals(5, state.counters.exposedCommits);
        worker.poll();
        assertEquals(12, stage.anchoredEpoch());
        assertEquals(15, stage.acknowledgedEpoch(), "three are ahead now");
        assertEquals(3, state.counters.exposedCommits);
    }

    @Test
    void shouldAdvanceAtHalfOfTheTimeAndNotAcknowledgeBeyondAllOfIt() {
        final AnchorStage stage = stage(AnchorPolicy.batched(100, 1_000), memory);
        stage.durable(commit(11));
        state.nowNs += 499;
        assertEquals(0, stage.step());
        state.nowNs += 1;
        assertEquals(1, stage.step());
        worker.poll();
        assertEquals(11, stage.anchoredEpoch());
        memory.unreachable(true);
        stage.durable(commit(12));
        state.nowNs += 500;
        stage.step();
        worker.poll();
        assertEquals(1, stage.failures());
        state.nowNs += 501;
        stage.durable(commit(13));
        assertEquals(12, stage.acknowledgedEpoch(), "the window is over: nothing more is acknowledged");
        memory.unreachable(false);
        assertEquals(0, stage.step(), "not at once again");
        state.nowNs += 100_000_000;
        assertEquals(1, stage.step());
        worker.poll();
        assertEquals(13, stage.acknowledgedEpoch());
        assertEquals(0, state.counters.exposedCommits);
        assertEquals(1, state.counters.anchorFailures);
        assertEquals(2, state.counters.anchorAdvances);
    }

    @Test
    void shouldAdvanceAtCloseOnlyWhenOnClose() {
        final AnchorStage stage = stage(AnchorPolicy.ON_CLOSE, memory);
        for (long epoch = 11; epoch < 500; epoch++) {
            stage.durable(commit(epoch));
            state.nowNs += 1_000_000_000L;
            assertEquals(0, stage.step());
            assertEquals(epoch, stage.acknowledgedEpoch());
        }
        assertEquals(0, memory.advances());
        stage.close();
        assertFalse(stage.settled());
        assertEquals(1, stage.step());
        worker.poll();
        assertTrue(stage.settled());
        assertEquals(499, memory.read().epoch());
    }

    @Test
    void shouldTryOnceMoreAtCloseAndThenLetGo() {
        final AnchorStage stage = stage(AnchorPolicy.EVERY_SYNC, memory);
        memory.unreachable(true);
        stage.durable(commit(11));
        stage.step();
        worker.poll();
        assertTrue(stage.settled(), "its sync was failed");
        stage.close();
        assertEquals(1, stage.step());
        worker.poll();
        stage.close();
        assertTrue(stage.settled(), "once");
        assertEquals(2, stage.failures());
        assertEquals(1, state.counters.exposedCommits);
    }

    /** Answers get lost one after the other; each advance may have landed or not, also late. */
    @Test
    void shouldKeepAllItsAdvancesApartFromAnotherWriter() {
        final java.util.Random dice = new java.util.Random(Long.getLong("seed", 5));
        for (int run = 0; run < 200; run++) {
            final Lossy lossy = new Lossy(memory, dice);
            final AnchorStage stage = stage(AnchorPolicy.EVERY_SYNC, lossy);
            for (long epoch = 11; epoch < 40; epoch++) {
                stage.durable(commit(epoch));
                stage.step();
                worker.poll();
                assertFalse(state.poisoned(), "run " + run + ", epoch " + epoch + ": " + state.poisonReason());
            }
            lossy.losing = false;
            stage.durable(commit(40));
            stage.step();
            worker.poll();
            assertEquals(40, memory.read().epoch());
            assertEquals(40, stage.anchoredEpoch());
        }
    }

    @Test
    void shouldPoisonWhenAnotherWriterAdvanced() {
        final AnchorStage stage = stage(AnchorPolicy.EVERY_SYNC, memory);
        memory.force(new AnchorValue(4, 10, 0, 0));
        stage.durable(commit(11));
        stage.step();
        worker.poll();
        assertTrue(state.poisonReason().contains("another writer"));
        assertEquals(10, stage.acknowledgedEpoch());
    }

    /** Fails before or after an advance, or lands it at the next call. */
    private static final class Lossy extends DelegatingAnchor {
        private final MemoryAnchor memory;
        private final java.util.Random dice;
        private boolean losing = true;
        private AnchorValue lateExpected;
        private AnchorValue lateNext;

        Lossy(final MemoryAnchor memory, final java.util.Random dice) {
            super(memory);
            this.memory = memory;
            this.dice = dice;
        }

        @Override
        public boolean advance(final AnchorValue expected, final AnchorValue next) {
            if (lateNext != null) {
                memory.advance(lateExpected, lateNext);
                lateNext = null;
            }
            final int fate = losing ? dice.nextInt(4) : 0;
            if (fate == 1) {
                throw StorageException.io("nothing arrived");
            }
            if (fate == 2) {
                lateExpected = expected;
                lateNext = next;
                throw StorageException.io("on its way");
            }
            final boolean swapped = memory.advance(expected, next);
            if (fate == 3) {
                throw StorageException.io("the answer was lost");
            }
            return swapped;
        }
    }
}
