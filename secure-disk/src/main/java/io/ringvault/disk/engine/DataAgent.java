package io.ringvault.disk.engine;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.poller.BlockingWorker;
import io.ringvault.ring.OneToOneQueue;
import java.util.concurrent.CountDownLatch;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.NanoClock;

/**
 * The core of the disk: one thread that gives every request its place in the log. It only calls passive stages, in a
 * fixed order; each stage owns its state and has its own class.
 *
 * <pre>
 *   device poller → client intake → read path → write path → index stage → relocator → chunk writer → durable window
 *                 → commit sequencer → checkpoint stage → segment allocator → (doorbell)
 * </pre>
 * Never blocks, locks, logs or allocates per request. What a stage throws is a defect of this program, or a fault of
 * mapped memory that the JVM reported late: whatever was being done is half done, so the in-memory state can no longer
 * be trusted. The volume is poisoned, no stage runs again, and every request ends with an error, reads too.
 */
public final class DataAgent implements Agent {
    private static final int POLL_LIMIT = 128;

    private final EngineState state;
    private final NanoClock clock;
    private final BlockQueue queue;
    private final ClientIntake intake;
    private final ReadPath reads;
    private final WritePath writes;
    private final IndexStage index;
    private final Relocator relocator;
    private final ChunkWriter chunks;
    private final DurableWindow window;
    private final CommitSequencer commits;
    private final CheckpointStage checkpoints;
    private final SegmentAllocator allocator;
    private final IndexLoader loader;
    private final AnchorStage anchor;
    private final RollStage roll;
    private final RotationStage rotation;
    private final BlockingWorker worker;
    private final OneToOneQueue<Object> fromIndexAgent;
    private final BlockCompletionHandler onCompletion = this::onCompletion;
    private final CountDownLatch closedLatch = new CountDownLatch(1);
    private volatile boolean closeRequested;
    private boolean closing;
    /** Within a cycle, and for ever after one that threw. */
    private boolean inCycle;
    private boolean broken;
    private long resetsSeen;

    DataAgent(final EngineState state, final NanoClock clock, final BlockQueue queue, final ClientIntake intake,
        final ReadPath reads,
              final WritePath writes, final IndexStage index, final Relocator relocator, final ChunkWriter chunks,
              final DurableWindow window, final CommitSequencer commits, final CheckpointStage checkpoints,
              final SegmentAllocator allocator, final IndexLoader loader, final AnchorStage anchor,
              final RollStage roll, final RotationStage rotation, final BlockingWorker worker,
              final OneToOneQueue<Object> fromIndexAgent) {
        this.state = state;
        this.clock = clock;
        this.queue = queue;
        this.intake = intake;
        this.reads = reads;
        this.writes = writes;
        this.index = index;
        this.relocator = relocator;
        this.chunks = chunks;
        this.window = window;
        this.commits = commits;
        this.checkpoints = checkpoints;
        this.allocator = allocator;
        this.loader = loader;
        this.anchor = anchor;
        this.roll = roll;
        this.rotation = rotation;
        this.worker = worker;
        this.fromIndexAgent = fromIndexAgent;
    }

    @Override
    public String roleName() {
        return "ringvault-data";
    }

    @Override
    public int doWork() {
        if (inCycle) {
            return refuseAll();
        }
        inCycle = true;
        final int work = cycle();
        inCycle = false;
        return work;
    }

    /** What the device still does for an earlier cycle is not looked at; its buffers rest until it is closed. */
    private int refuseAll() {
        if (!broken) {
            broken = true;
            state.poison("the data agent failed in the middle of its work");
            intake.fail();
        }
        roll.step(closeRequested);
        if (closeRequested && !closed()) {
            closedLatch.countDown();
        }
        return intake.step();
    }

    private int cycle() {
        state.nowNs = clock.nanoTime();
        int work = queue.poll(onCompletion, POLL_LIMIT);
        if (queue.resets() != resetsSeen) {
            resetsSeen = queue.resets();
            queue.acknowledgeReset();
            window.onDeviceReset();
            work++;
        }
        work += worker.poll();
        work += drainIndexAgent();
        work += intake.step();
        work += loader.step();
        work += reads.step();
        if (!writes.idle()) {
            work += writes.step();
        }
        final long oldestRead = relocator.pinned() ? Long.MIN_VALUE : reads.oldestActive();
        allocator.reads(reads.nextSerial(), oldestRead);
        work += index.step(oldestRead);
        work += relocator.step();
        work += chunks.step();
        work += chunks.sealIdle();
        work += commits.step();
        work += checkpoints.step();
        work += roll.step(closeRequested);
        work += rotation.step();
        work += window.step();
        work += allocator.step();
        queue.submit();
        state.hints.freeSegments = allocator.free();
        state.hints.nothingInLimbo = allocator.limbo() + allocator.quarantined() == 0;
        if (closeRequested) {
            work += close();
        }
        return work;
    }

    /**
     * Any thread: new requests are refused from now on; what is in flight ends, then the last checkpoint is written.
     */
    void requestClose() {
        closeRequested = true;
    }

    /** Any thread: see {@link SessionRoll}. */
    void requestRoll(final SessionRoll request) {
        roll.request(request);
    }

    /** After the agent has ended: requests that came in too late are refused. On the closing thread. */
    void refuseRest() {
        intake.close();
        while (intake.step() > 0) {
            Thread.onSpinWait();
        }
    }

    /** After both agents have ended: gives memory back. On the closing thread. */
    void release() {
        index.close();
    }

    /** Released when nothing is left to do for the close, or the volume is poisoned and nothing in flight remains. */
    CountDownLatch closedLatch() {
        return closedLatch;
    }

    boolean closed() {
        return closedLatch.getCount() == 0;
    }

    private int close() {
        if (!closing) {
            intake.close();
            closing = true;
        }
        if (closed() || !reads.idle() || !writes.idle() || !commits.idle() && !state.poisoned()
            || !roll.idle() && !state.poisoned()) {
            return 0;
        }
        if (checkpoints.closed()) {
            anchor.close();
        }
        if (state.readOnly || state.poisoned() || checkpoints.closed() && anchor.settled()) {
            closedLatch.countDown();
            return 1;
        }
        if (!checkpoints.closed()) {
            checkpoints.close();
            if (state.anchorStalled) {
                state.poison("the freshness anchor does not say whether it was advanced, so the volume cannot be closed"
                    + " in good order; nothing is lost, the next open recovers it");
            }
        }
        return 0;
    }

    @Override
    public void onClose() {
        queue.close();
    }

    private int drainIndexAgent() {
        int work = 0;
        for (Object message = fromIndexAgent.poll(); message != null; message = fromIndexAgent.poll()) {
            onMessage(message);
            work++;
        }
        return work;
    }

    private void onMessage(final Object message) {
        switch (message) {
            case IndexMessages.SegmentWanted wanted -> index.segmentWanted(wanted.urgent());
            case IndexMessages.EditReady ready -> index.editReady(ready.edit());
            case IndexMessages.SegmentFinished finished -> allocator.objectSegmentFinished(finished.segment(),
                finished.endSlot());
            case IndexMessages.CheckpointWritten written -> {
                if (roll.idle() || roll.waitsForCheckpoint()) {
                    checkpoints.checkpointWritten();
                } else {
                    roll.answered();
                }
            }
            case IndexMessages.CheckpointPublished published -> {
                if (roll.idle() || roll.waitsForCheckpoint()) {
                    checkpoints.checkpointPublished(published);
                } else {
                    roll.published(published);
                }
            }
            case IndexMessages.MergesPaused paused -> roll.mergesPaused();
            case IndexMessages.RollAnswer answer -> roll.answered();
            case IndexMessages.CompactionDone done -> relocator.compactionDone();
            case IndexMessages.Failed failed -> state.poison(failed.reason());
            default -> throw new IllegalStateException("unknown message " + message);
        }
    }

    /** A lost device is said at once, also by a read: no write may be taken in any more. */
    private void onCompletion(final long token, final int status) {
        if (BlockStatus.isLost(status) && !state.readOnly) {
            state.poison("the device is lost: " + state.describe(status));
        }
        final long owner = Tokens.owner(token);
        final long number = Tokens.number(token);
        if (owner == Tokens.CHUNK) {
            window.onChunkCompletion((int) number, status);
        } else if (owner == Tokens.FLUSH) {
            window.onFlushCompletion(number, status);
        } else if (owner == Tokens.READ) {
            reads.onReadCompletion((int) number, status);
        } else if (owner == Tokens.INDEX_READ) {
            loader.onCompletion((int) number, status);
        } else if (owner == Tokens.CLEANER_READ) {
            relocator.onReadCompletion(status);
        } else {
            throw new IllegalStateException("completion with token 0x" + Long.toHexString(token));
        }
    }
}
