package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.CommitId;
import io.ringvault.log.MemoryAnchor;
import io.ringvault.poller.BlockingWorker;
import io.ringvault.ring.OpCode;
import io.ringvault.ring.OpStatus;
import org.junit.jupiter.api.Test;

class CommitSequencerTest {
    private static final AnchorValue BASE = new AnchorValue(LogRig.SESSION, 0, 0, 0);
    private final LogRig rig = new LogRig(LogRig.tiny(), 64, 32, new SpaceReserves(0, 0, 0, 0));
    private final OpRig ops = new OpRig();
    private final MemoryAnchor memory = new MemoryAnchor(LogRig.filled(32, 1));
    private final BlockingWorker worker = BlockingWorker.inline();
    private AnchorStage anchor = new AnchorStage(rig.state, null, worker, LogRig.SESSION, null, 0);
    private CommitSequencer commits = sequencer();

    private CommitSequencer sequencer() {
        return new CommitSequencer(rig.state, rig.chunks, rig.window, anchor, CommitObserver.NONE,
            new CommitId(0, 0, 0, 0));
    }

    private void withAnchor() {
        memory.force(BASE);
        anchor = new AnchorStage(rig.state, memory, worker, LogRig.SESSION, BASE, 0);
        commits = sequencer();
    }

    private void step() {
        rig.poll();
        worker.poll();
        commits.step();
        rig.window.step();
        rig.queue.submit();
    }

    private void run() {
        for (int i = 0; i < 40; i++) {
            step();
        }
    }

    private Integer sync(final long token) {
        commits.await(ops.op(OpCode.SYNC, token));
        return ops.status(token);
    }

    @Test
    void shouldAnswerAtOnceWhenNothingIsDirty() {
        assertEquals(OpStatus.OK, sync(1));
        assertEquals(0, rig.device.operations());
    }

    @Test
    void shouldLetSyncsOfOneEpochShareACommit() {
        rig.place(0, 1);
        for (int i = 1; i <= 8; i++) {
            assertNull(sync(i));
        }
        run();
        for (int i = 1; i <= 8; i++) {
            assertEquals(OpStatus.OK, ops.status(i));
        }
        assertEquals(1, rig.state.counters.commits);
        assertEquals(1, rig.device.operations());
        assertTrue(commits.idle());
    }

    @Test
    void shouldKeepASyncWithNothingDirtyBehindTheCommitInFlight() {
        rig.place(0, 1);
        assertNull(sync(1));
        commits.step();
        assertFalse(rig.chunks.dirty());
        assertNull(sync(2), "the data of the commit in flight is not durable yet");
        run();
        assertEquals(OpStatus.OK, ops.status(2));
        assertEquals(1, rig.state.counters.commits);
    }

    @Test
    void shouldBoundCommitsInFlight() {
        for (int i = 1; i <= 6; i++) {
            rig.place(0, i);
            assertNull(sync(i));
            commits.step();
        }
        assertEquals(2, rig.state.counters.commits, "later syncs share the next commit");
        run();
        assertEquals(3, rig.state.counters.commits);
        assertEquals(OpStatus.OK, ops.status(6));
    }

    @Test
    void shouldCountACommitOfItsOwnAndNoneWhenNothingIsDirty() {
        commits.requestEngineCommit();
        run();
        assertEquals(0, rig.state.counters.commits);
        rig.place(0, 1);
        commits.requestEngineCommit();
        run();
        assertEquals(1, rig.state.counters.commits);
        assertEquals(1, rig.state.counters.engineCommits);
        assertEquals(1, commits.lastDurable().epoch());
    }

    @Test
    void shouldAcknowledgeOnlyWhenAnchored() {
        withAnchor();
        rig.place(0, 1);
        assertTrue(anchor.hold());
        assertNull(sync(1));
        run();
        assertEquals(1, commits.lastDurable().epoch());
        assertNull(ops.status(1), "durable, but the anchor is held while a slot is written");
        assertFalse(anchor.settled());
        anchor.release();
        run();
        assertEquals(OpStatus.OK, ops.status(1));
        assertEquals(1, memory.read().epoch());
        assertTrue(anchor.settled());
    }

    @Test
    void shouldFailSyncsWhenTheAnchorIsUnreachableAndCoverTheEpochLater() {
        withAnchor();
        memory.unreachable(true);
        rig.place(0, 1);
        assertNull(sync(1));
        run();
        assertEquals(OpStatus.ANCHOR_FAILED, ops.status(1));
        assertFalse(rig.state.poisoned());
        memory.unreachable(false);
        assertNull(sync(2), "nothing is dirty, but the epoch is not anchored");
        run();
        assertEquals(OpStatus.OK, ops.status(2));
        assertEquals(1, memory.read().epoch());
        rig.place(0, 2);
        assertNull(sync(3));
        run();
        assertEquals(OpStatus.OK, ops.status(3));
        assertEquals(2, memory.read().epoch());
    }

    @Test
    void shouldPoisonWhenAnotherWriterAdvancedTheAnchor() {
        withAnchor();
        memory.force(new AnchorValue(9, 9, 9, 9));
        rig.place(0, 1);
        assertNull(sync(1));
        run();
        assertEquals(OpStatus.POISONED, ops.status(1));
        assertNotNull(rig.state.poisonReason());
        assertEquals(9, memory.read().epoch());
    }

    @Test
    void shouldFailWaitingAndLaterSyncsAfterAPoisoning() {
        rig.device.inject(DeviceFault.fail(SimulatedDevice.Kind.WRITE, 1));
        rig.place(0, 1);
        assertNull(sync(1));
        run();
        assertEquals(OpStatus.POISONED, ops.status(1));
        assertEquals(OpStatus.POISONED, sync(2));
    }
}
