package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
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
        final Anchor losesAnswers = new Anchor() {
            @Override
            public int kind() {
                return memory.kind();
            }

            @Override
            public byte[] id() {
                return memory.id();
            }

            @Override
            public String spec() {
                return memory.spec();
            }

            @Override
            public AnchorValue read() {
                return memory.read();
            }

            @Override
            public boolean advance(final AnchorValue expected, final AnchorValue next) {
                final boolean swapped = memory.advance(expected, next);
                if (lose[0]) {
                    throw StorageException.io("the answer was lost");
                }
                return swapped;
            }

            @Override
            public void close() {
                memory.close();
            }
        };
        final AnchorStage stage = new AnchorStage(state, losesAnswers, worker, 3, BASE, 10);
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
}
