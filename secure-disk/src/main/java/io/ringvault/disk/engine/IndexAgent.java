package io.ringvault.disk.engine;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockQueue;
import io.ringvault.log.CheckpointJob;
import io.ringvault.log.PageDirectory;
import io.ringvault.log.Place;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.Superblock;
import io.ringvault.lsm.Compaction;
import io.ringvault.lsm.CompactionPolicy;
import io.ringvault.lsm.FlushJob;
import io.ringvault.lsm.IndexEdit;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.MergeJob;
import io.ringvault.lsm.Table;
import io.ringvault.ring.OneToOneQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.agrona.concurrent.Agent;

/**
 * Builds everything that is built from memtables: tables, merges, checkpoints, superblock slots. It reads frozen
 * memtables and its own blocks, never the data agent's state; what it makes takes effect only when the data agent
 * seals the edit.
 *
 * <p>One flush, one merge and one checkpoint may be under way at once; each gets a bounded share of every duty cycle.
 * One thread; never blocks.
 */
public final class IndexAgent implements Agent {
    private static final int POLL_LIMIT = 64;

    private final EngineConfig config;
    private final BlockQueue queue;
    private final ObjectWriter writer;
    private final ObjectFetcher fetcher;
    private final ObjectSegments segments;
    private final SlotWriter slots;
    private final OneToOneQueue<Object> inbox;
    private final OneToOneQueue<Object> outbox;
    private final TableIds tableIds;
    private final CompactionPolicy policy;
    private final SpaceReserves reserves;
    private final AgentHints hints;
    private final int segmentBlocks;
    private final SessionKeys keys;
    private long session;
    private final BlockCompletionHandler onCompletion = this::onCompletion;

    private IndexVersion version;
    private Superblock current;
    private PageDirectory directory;

    private FlushJob flush;
    private IndexEdit flushEdit;
    private long flushBarrier = -1;
    private boolean flushSent;

    private MergeJob merge;
    private IndexEdit mergeEdit;
    private long mergeBarrier = -1;
    private boolean mergeSent;
    private boolean forced;
    private final List<Long> rewrites = new ArrayList<>();

    private CheckpointJob checkpoint;
    private IndexMessages.WriteCheckpoint checkpointRequest;
    private long checkpointBarrier = -1;
    private boolean checkpointReported;
    private boolean slotStarted;
    /** Both slots are to name the checkpoint, and the session that begins with it. */
    private boolean bothSlots;
    private boolean mergesPaused;
    private boolean pauseAsked;
    private boolean headerStarted;

    /**
     * A full segment, and how many jobs had begun then: those may have put objects there that the data agent does not
     * know yet.
     */
    private record Finished(IndexMessages.SegmentFinished message, long jobs) {
    }

    private final List<Finished> finished = new ArrayList<>();
    private long jobs;
    private long flushJob;
    private long mergeJob;
    private long checkpointJob;
    private boolean failed;
    private boolean inCycle;
    private long resetsSeen;

    IndexAgent(final EngineConfig config, final BlockQueue queue, final ObjectWriter writer,
        final ObjectFetcher fetcher,
               final ObjectSegments segments, final SlotWriter slots, final OneToOneQueue<Object> inbox,
               final OneToOneQueue<Object> outbox, final TableIds tableIds, final CompactionPolicy policy,
               final SpaceReserves reserves,
               final AgentHints hints, final int segmentBlocks, final SessionKeys keys, final long session,
               final IndexVersion version, final Superblock current, final PageDirectory directory) {
        this.config = config;
        this.queue = queue;
        this.writer = writer;
        this.fetcher = fetcher;
        this.segments = segments;
        this.slots = slots;
        this.inbox = inbox;
        this.outbox = outbox;
        this.tableIds = tableIds;
        this.policy = policy;
        this.reserves = reserves;
        this.hints = hints;
        this.segmentBlocks = segmentBlocks;
        this.keys = keys;
        this.session = session;
        this.version = version;
        this.current = current;
        this.directory = directory;
    }

    @Override
    public String roleName() {
        return "ringvault-index";
    }

    /** After a cycle that threw nothing more is made: what was being built is half built and must not be published. */
    @Override
    public int doWork() {
        if (inCycle) {
            return 0;
        }
        inCycle = true;
        final int work = cycle();
        inCycle = false;
        return work;
    }

    private int cycle() {
        int work = queue.poll(onCompletion, POLL_LIMIT);
        if (queue.resets() != resetsSeen) {
            resetsSeen = queue.resets();
            queue.acknowledgeReset();
            writer.onDeviceReset();
            work++;
        }
        for (Object message = inbox.poll(); message != null; message = inbox.poll()) {
            onMessage(message);
            work++;
        }
        if (failed) {
            return work;
        }
        work += stepFlush();
        work += stepCheckpoint();
        work += stepMerge();
        work += stepRoll();
        work += stepSegments();
        work += writer.step();
        work += fetcher.step();
        work += slots.step();
        queue.submit();
        checkFailures();
        return work;
    }

    @Override
    public void onClose() {
        queue.close();
    }

    private void onMessage(final Object message) {
        switch (message) {
            case IndexMessages.Flush request -> {
                flush = new FlushJob(request.frozen(), tableIds, config.tableBlocks, policy.cutsFor(version, 0));
                flushEdit = null;
                flushSent = false;
                flushJob = ++jobs;
            }
            case IndexMessages.Grant grant -> {
                segments.add(grant.segment(), grant.generation(), session);
                if (!writer.grant(grant.segment(), grant.generation())) {
                    send(new IndexMessages.SegmentFinished(grant.segment(), 0));
                }
            }
            case IndexMessages.EditSealed sealed -> onEditSealed(sealed);
            case IndexMessages.WriteCheckpoint request -> {
                checkpointRequest = request;
                checkpoint = new CheckpointJob(request.snapshot(), directory, request.sparseGenerations()::contains);
                checkpointBarrier = -1;
                checkpointReported = false;
                slotStarted = false;
                checkpointJob = ++jobs;
                rewriteTablesIn(request.sparseGenerations());
                hints.rewrites = rewrites.size();
            }
            case IndexMessages.SlotPermission permission -> writeSlot(permission);
            case IndexMessages.ForceCompaction request -> forced = true;
            case IndexMessages.PauseMerges request -> {
                mergesPaused = true;
                pauseAsked = true;
            }
            case IndexMessages.ResumeMerges request -> mergesPaused = false;
            case IndexMessages.BeginSession next -> beginSession(next);
            case IndexMessages.WriteHeader request -> {
                slots.startHeader(request.block());
                headerStarted = true;
            }
            case IndexMessages.ForgetOtherSessions left -> {
                keys.sessions(left.sessions());
                keys.forgetOthers();
            }
            default -> throw new IllegalStateException("unknown message " + message);
        }
    }

    // ---- the end of a session

    /** No job is under way: the owner saw to that. */
    private void beginSession(final IndexMessages.BeginSession next) {
        endSegments();
        session = next.session().id();
        slots.volumeKey(next.volumeKey());
        keys.volumeKey(next.volumeKey());
        keys.sessions(next.sessions());
        writer.session(next.session(), keys.key(session));
        send(new IndexMessages.RollAnswer());
    }

    private void endSegments() {
        writer.endSegments((segment, endSlot) -> send(new IndexMessages.SegmentFinished(segment, endSlot)));
    }

    private int stepRoll() {
        if (pauseAsked && merge == null && mergeEdit == null) {
            pauseAsked = false;
            send(new IndexMessages.MergesPaused());
            return 1;
        }
        if (headerStarted && !slots.busy() && slots.failure() == null) {
            headerStarted = false;
            send(new IndexMessages.RollAnswer());
            return 1;
        }
        return 0;
    }

    private void onEditSealed(final IndexMessages.EditSealed sealed) {
        version = sealed.version();
        if (sealed.edit() == flushEdit) {
            flush = null;
            flushEdit = null;
            flushBarrier = -1;
        } else if (sealed.edit() == mergeEdit) {
            merge = null;
            hints.mergeUnderWay = false;
            mergeEdit = null;
            mergeBarrier = -1;
        } else {
            throw new IllegalStateException("an edit was sealed that is not under way");
        }
    }

    // ---- memtable flush

    private int stepFlush() {
        if (flush == null || flushSent) {
            return 0;
        }
        if (flushEdit == null) {
            if (!flush.step(writer, fetcher, config.indexBudgetRecords)) {
                return progress();
            }
            flushEdit = flush.edit();
            flushBarrier = writer.barrier();
            return 1;
        }
        if (!writer.reached(flushBarrier)) {
            return 0;
        }
        flushSent = true;
        send(new IndexMessages.EditReady(flushEdit));
        return 1;
    }

    private long lastProgress;

    /** 1 when blocks were appended since the last call: jobs that wait for space or reads count as idle. */
    private int progress() {
        final long now = writer.position();
        final boolean moved = now != lastProgress;
        lastProgress = now;
        return moved ? 1 : 0;
    }

    // ---- merges

    private int stepMerge() {
        if (mergeEdit == null && merge == null) {
            return startMerge();
        }
        if (mergeSent) {
            return 0;
        }
        if (mergeEdit == null) {
            if (!merge.step(writer, fetcher, config.indexBudgetRecords)) {
                return progress();
            }
            mergeEdit = merge.edit();
            mergeBarrier = writer.barrier();
            return 1;
        }
        if (!writer.reached(mergeBarrier)) {
            return 0;
        }
        mergeSent = true;
        send(new IndexMessages.EditReady(mergeEdit));
        return 1;
    }

    private int startMerge() {
        if (mergesPaused) {
            return 0;
        }
        Compaction next = nextCompaction();
        hints.mergeWaits = next != null && !fits(next);
        if (hints.mergeWaits) {
            next = lastResort();
        }
        hints.rewrites = rewrites.size();
        if (next == null) {
            return 0;
        }
        mergeSent = false;
        mergeJob = ++jobs;
        if (next.move()) {
            mergeEdit = next.moveEdit();
            mergeBarrier = writer.barrier();
        } else {
            merge = new MergeJob(next, tableIds);
            hints.mergeUnderWay = true;
            mergeEdit = null;
        }
        return 1;
    }

    /**
     * A merge that has begun may use the reserve of checkpoints, since its inputs come back only when it ends; so it
     * begins only when there is room for its outputs above that reserve; below it when nothing else gives space back.
     */
    private boolean fits(final Compaction compaction) {
        if (compaction.move()) {
            return true;
        }
        long blocks = 0;
        for (final Table input : compaction.inputs()) {
            blocks += input.blocks();
        }
        final long segments = Math.min(blocks / (segmentBlocks - 1) + 2, reserves.cleaner() - reserves.checkpoint());
        final boolean needed = forced || hints.nothingInLimbo;
        return hints.freeSegments - segments >= (needed ? reserves.recovery() + 2 : reserves.checkpoint());
    }

    /**
     * The cleaner has stopped for a merge that has no room, and nothing empty is about to become free: a table of a
     * segment that shall become empty, small enough for what the writer holds, so that no free segment is taken.
     */
    private Compaction lastResort() {
        if (!hints.nothingInLimbo || hints.freeSegments <= reserves.recovery() + 1) {
            return null;
        }
        for (int i = rewrites.size() - 1; i >= 0; i--) {
            final Table table = version.table(rewrites.get(i));
            if (table != null && table.blocks() <= writer.heldBlocks()) {
                rewrites.remove(i);
                return policy.rewrite(version, table.id());
            }
        }
        return null;
    }

    private Compaction nextCompaction() {
        if (forced && flush == null) {
            final Compaction step = policy.forced(version);
            if (step != null) {
                return step;
            }
            forced = false;
            send(new IndexMessages.CompactionDone());
        }
        while (!rewrites.isEmpty()) {
            final long tableId = rewrites.getLast();
            if (version.table(tableId) != null) {
                final Compaction rewrite = policy.rewrite(version, tableId);
                if (fits(rewrite)) {
                    rewrites.removeLast();
                }
                return rewrite;
            }
            rewrites.removeLast();
        }
        return policy.next(version);
    }

    /** Tables with blocks in segments that shall become empty are written anew. */
    private void rewriteTablesIn(final Set<Long> generations) {
        rewrites.clear();
        for (final Table table : version.tables()) {
            for (int extent = 0; extent < table.extentCount(); extent++) {
                if (generations.contains(table.extentGeneration(extent))) {
                    rewrites.add(table.id());
                    break;
                }
            }
            if (generations.contains(table.headGeneration()) && !rewrites.contains(table.id())) {
                rewrites.add(table.id());
            }
        }
    }

    // ---- checkpoints

    private int stepCheckpoint() {
        if (checkpoint == null) {
            return 0;
        }
        if (checkpointBarrier < 0) {
            if (!checkpoint.step(writer)) {
                return progress();
            }
            checkpointBarrier = writer.barrier();
            return 1;
        }
        if (!checkpointReported) {
            if (!writer.reached(checkpointBarrier)) {
                return 0;
            }
            checkpointReported = true;
            send(new IndexMessages.CheckpointWritten());
            return 1;
        }
        if (slotStarted && bothSlots && !slots.busy() && slots.failure() == null) {
            bothSlots = false;
            current = current.toBuilder().serial(current.serial() + 1).build();
            slots.start(current);
            endSegments();
            return 1;
        }
        if (slotStarted && !slots.busy() && slots.failure() == null) {
            directory = checkpoint.result();
            checkpoint = null;
            send(new IndexMessages.CheckpointPublished(current.which(), checkpointRequest.snapshotNumber(),
                checkpointRequest.replay().sequence, directory, checkpointRequest.clean()));
            checkpointRequest = null;
            return 1;
        }
        return 0;
    }

    private void writeSlot(final IndexMessages.SlotPermission permission) {
        final ReplayPoint replay = checkpointRequest.replay();
        final List<Place> places = new ArrayList<>();
        for (int i = 0; i < replay.places(); i++) {
            places.add(new Place(replay.generations[i], replay.segments[i], replay.slots[i]));
        }
        final var root = checkpoint.result().root();
        final Superblock.Builder next = current.toBuilder()
            .serial(current.serial() + 1)
            .closedCleanly(checkpointRequest.clean())
            .base(checkpoint.snapshot().commit())
            .checkpointRoot(new Place(root.generation(), root.segment(), root.slot()))
            .replayFrom(replay.sequence, replay.previousTag0, replay.previousTag1, places)
            .engineCommits(permission.engineCommits());
        next.previousKeyNumber(checkpoint.snapshot().sessions().previousKeyNumber(permission.keyNumber()))
            .volumeKeyNumber(permission.keyNumber());
        if (permission.session() != null) {
            next.session(permission.session().id(), permission.session().salt());
            bothSlots = true;
        }
        if (permission.lastAnchored() != null) {
            next.lastAnchored(permission.lastAnchored());
        }
        current = next.build();
        slots.start(current);
        slotStarted = true;
    }

    // ---- segments

    private int stepSegments() {
        int work = 0;
        if (writer.wantsSegment(flush != null || checkpoint != null || merge != null)) {
            send(new IndexMessages.SegmentWanted(flush != null || checkpoint != null || merge != null));
            work++;
        }
        final int segment = writer.takeFinishedSegment();
        if (segment >= 0) {
            finished.add(new Finished(new IndexMessages.SegmentFinished(segment, writer.finishedEndSlot()), jobs));
        }
        while (!finished.isEmpty() && finished.getFirst().jobs() < oldestJob()) {
            send(finished.removeFirst().message());
            work++;
        }
        return work;
    }

    /** Number of the oldest job whose outcome the data agent does not know; MAX_VALUE when there is none. */
    private long oldestJob() {
        long oldest = flush == null ? Long.MAX_VALUE : flushJob;
        oldest = merge == null && mergeEdit == null ? oldest : Math.min(oldest, mergeJob);
        return checkpoint == null ? oldest : Math.min(oldest, checkpointJob);
    }

    private void send(final Object message) {
        if (!outbox.offer(message)) {
            throw new IllegalStateException("the data agent's mailbox of " + outbox.capacity() + " is full");
        }
    }

    private void checkFailures() {
        final String reason = writer.failure() != null ? writer.failure()
            : slots.failure() != null ? slots.failure() : fetcher.failure();
        if (reason != null) {
            failed = true;
            send(new IndexMessages.Failed(reason));
        }
    }

    private void onCompletion(final long token, final int status) {
        final long owner = Tokens.owner(token);
        final long number = Tokens.number(token);
        if (owner == Tokens.OBJECT_WRITE) {
            writer.onWriteCompletion(number, status);
        } else if (owner == Tokens.OBJECT_FLUSH) {
            writer.onFlushCompletion(status);
        } else if (owner == Tokens.OBJECT_READ) {
            fetcher.onCompletion((int) number, status);
        } else if (owner == Tokens.SLOT_READ) {
            slots.onReadCompletion(status);
        } else if (owner == Tokens.SLOT_WRITE) {
            slots.onWriteCompletion(status);
        } else {
            throw new IllegalStateException("completion with token 0x" + Long.toHexString(token));
        }
    }
}
