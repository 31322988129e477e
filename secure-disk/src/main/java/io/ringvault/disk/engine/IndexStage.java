package io.ringvault.disk.engine;

import io.ringvault.log.ManifestEntry;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SummaryCodec;
import io.ringvault.lsm.BlockCache;
import io.ringvault.lsm.Found;
import io.ringvault.lsm.GenerationCounts;
import io.ringvault.lsm.IndexEdit;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Lookup;
import io.ringvault.lsm.Memtable;
import io.ringvault.lsm.Table;
import io.ringvault.ring.OneToOneQueue;
import java.util.ArrayDeque;

/**
 * The data agent's side of the index: the memtable that takes records, the version that look-ups use, and the sealing
 * of edits that the index agent prepared.
 *
 * <p>A memtable is frozen at a chunk boundary, so every record of it has a smaller sequence than the boundary: once
 * its table is part of a sealed edit, replay can start there. Data agent only.
 */
final class IndexStage implements ChunkWriter.Records {
    private final EngineState state;
    private final SegmentTable table;
    private final SegmentAllocator allocator;
    private final ChunkWriter chunks;
    private final OneToOneQueue<Object> toIndexAgent;
    private final BlockCache cache;
    private final Found found = new Found();
    private final ArrayDeque<IndexEdit> readyEdits = new ArrayDeque<>();

    private Memtable active;
    private Memtable frozen;
    /** Flushed, but a read that began earlier may still look into it. */
    private Memtable retired;
    private long retiredAtRead;
    private Memtable spare;
    private IndexVersion version;
    private ReplayPoint activeSince;
    private ReplayPoint frozenSince;
    private boolean freezeWanted;
    private boolean objectSegmentWanted;
    private boolean objectSegmentUrgent;
    private boolean compactionWanted;
    private boolean suspended;

    IndexStage(final EngineState state, final SegmentTable table, final SegmentAllocator allocator,
        final ChunkWriter chunks,
               final OneToOneQueue<Object> toIndexAgent, final IndexVersion version, final ReplayPoint start) {
        this.state = state;
        this.table = table;
        this.allocator = allocator;
        this.chunks = chunks;
        this.toIndexAgent = toIndexAgent;
        this.version = version;
        this.cache = new BlockCache(state.config.blockCacheBlocks);
        this.active = new Memtable(state.config.memtableRecords, state.config.maxRanges, this::superseded);
        this.spare = new Memtable(state.config.memtableRecords, state.config.maxRanges, this::superseded);
        this.activeSince = start;
    }

    BlockCache cache() {
        return cache;
    }

    /** What look-ups beyond the active memtable use. Immutable. */
    IndexVersion version() {
        return version;
    }

    /** Replay must start here: every record before it is in tables of sealed edits. */
    ReplayPoint replayPoint() {
        return frozen != null ? frozenSince : activeSince;
    }

    boolean hasFrozen() {
        return frozen != null;
    }

    /** Nothing is being written or waiting to be sealed on behalf of memtables. */
    boolean flushed() {
        return frozen == null && active.isEmpty();
    }

    // ---- records

    boolean hasRoom(final int records, final int ranges) {
        if (active.hasRoom(records, ranges)) {
            return true;
        }
        freezeWanted = true;
        return false;
    }

    @Override
    public void placed(final long lba, final int segment, final long generation, final int slot, final long tag0,
        final long tag1) {
        active.put(lba, generation, slot, tag0, tag1);
        table.addMemRefs(segment, 1);
    }

    void trim(final long firstLba, final long count) {
        active.trim(firstLba, count);
    }

    void lost(final long firstLba, final long count) {
        active.lost(firstLba, count);
    }

    private void superseded(final long generation) {
        final int segment = table.segmentOf(generation);
        if (segment >= 0) {
            table.addMemRefs(segment, -1);
            allocator.closed(segment);
        }
    }

    /** Looks in the active memtable only; ABSENT means: ask {@link #version()}. */
    int findInMemtable(final long lba, final Found result) {
        return active.find(lba, result);
    }

    @Override
    public boolean isNewest(final long lba, final long generation, final int slot) {
        return active.find(lba, found) == Lookup.FOUND && found.generation == generation && found.slot == slot;
    }

    // ---- freezing and edits

    /**
     * Freezes the active memtable at a chunk boundary and hands it to the index agent; an empty one only moves its
     * boundary.
     *
     * @return false when the previous one is not flushed yet
     */
    boolean freeze() {
        if (frozen != null || spare == null || state.poisoned()) {
            return false;
        }
        chunks.sealOpen();
        freezeWanted = false;
        if (active.isEmpty()) {
            activeSince = chunks.boundary();
            return true;
        }
        active.freeze();
        frozen = active;
        frozenSince = activeSince;
        active = spare;
        spare = null;
        activeSince = chunks.boundary();
        version = version.withFrozen(frozen);
        send(new IndexMessages.Flush(frozen));
        return true;
    }

    /** A session ends: nothing is frozen, sealed or granted by way of the chain until the next has begun. */
    void suspend(final boolean now) {
        suspended = now;
    }

    /** The next session's chain begins here; the memtable is empty. */
    void rebase(final ReplayPoint start) {
        activeSince = start;
    }

    /** Grants an object segment that no chunk announces: the checkpoint that is written now will name it. */
    int grantDirectly() {
        final int segment = objectSegmentWanted ? allocator.grantForRoll() : -1;
        if (segment < 0) {
            return 0;
        }
        objectSegmentWanted = false;
        send(new IndexMessages.Grant(segment, table.generation(segment)));
        return 1;
    }

    void editReady(final IndexEdit edit) {
        readyEdits.add(edit);
    }

    /** Asks the index agent, behind a flush of the memtable, to merge until all counts are exact. */
    void forceCompaction() {
        compactionWanted = true;
    }

    void segmentWanted(final boolean urgent) {
        objectSegmentWanted = true;
        objectSegmentUrgent = urgent;
    }

    int step(final long oldestActiveRead) {
        int work = 0;
        if (retired != null && oldestActiveRead >= retiredAtRead) {
            retired.clear();
            spare = retired;
            retired = null;
            work++;
        }
        if (state.poisoned() || state.readOnly || suspended) {
            return work;
        }
        if (freezeWanted && freeze()) {
            work++;
        }
        if (compactionWanted && freeze()) {
            compactionWanted = false;
            send(new IndexMessages.ForceCompaction());
            work++;
        }
        if (objectSegmentWanted && chunks.canPlaceOwn(1)) {
            grantObjectSegment();
            work++;
        }
        while (!readyEdits.isEmpty() && sealEdit(readyEdits.peek())) {
            readyEdits.poll();
            work++;
        }
        return work;
    }

    private void grantObjectSegment() {
        final int segment = allocator.grantObjectSegment(objectSegmentUrgent);
        if (segment >= 0) {
            objectSegmentWanted = false;
            chunks.placeSegmentOpen(segment, table.generation(segment));
            chunks.sealOpen();
            send(new IndexMessages.Grant(segment, table.generation(segment)));
        }
    }

    /**
     * Puts the edit into the chain and makes it the index from here on: both in one step, so a checkpoint sees both or
     * none.
     */
    private boolean sealEdit(final IndexEdit edit) {
        if (!edit.isEmpty()) {
            if (!chunks.canPlaceOwn(SummaryCodec.MAX_CELLS + edit.cells())) {
                return false;
            }
            chunks.beginEdit(edit.cells());
        }
        for (final long tableId : edit.dropped()) {
            chunks.placeTableDrop(tableId);
        }
        for (final Table each : edit.added()) {
            final ManifestEntry entry = each.entry();
            chunks.placeTableAdd(entry.tableId(), entry.level(), entry.headGeneration(), entry.headSlot());
        }
        final IndexVersion before = version;
        version = before.withEdit(edit);
        final boolean flush = edit.flushed() != null;
        edit.delta().forEach((generation, count) -> applyDelta(generation, Math.toIntExact(count), flush));
        countObjects(edit, before);
        state.counters.blocksLost += edit.lostBlocks();
        if (flush) {
            retireFrozen(edit);
        } else {
            state.counters.compactions++;
        }
        send(new IndexMessages.EditSealed(edit, version));
        return true;
    }

    private void retireFrozen(final IndexEdit edit) {
        if (edit.flushed() != frozen) {
            throw new IllegalStateException("an edit flushed a memtable that is not the frozen one");
        }
        retired = frozen;
        retiredAtRead = allocator.nextReadSerial();
        frozen = null;
        frozenSince = null;
        state.counters.memtableFlushes++;
    }

    private void applyDelta(final long generation, final int count, final boolean flush) {
        final int segment = table.segmentOf(generation);
        if (segment < 0) {
            return;
        }
        table.addTableRefs(segment, count);
        if (flush) {
            table.addMemRefs(segment, -count);
        }
        allocator.closed(segment);
    }

    /** Live object blocks of the tables that come and go. */
    private void countObjects(final IndexEdit edit, final IndexVersion before) {
        final GenerationCounts blocks = new GenerationCounts();
        for (final Table each : edit.added()) {
            each.countBlocks(blocks, 1);
        }
        for (final long tableId : edit.dropped()) {
            before.table(tableId).countBlocks(blocks, -1);
        }
        blocks.forEach((generation, count) -> {
            final int segment = table.segmentOf(generation);
            table.addTableRefs(segment, Math.toIntExact(count));
            allocator.closed(segment);
        });
    }

    /** Gives the memtables' memory back; the agents have ended. */
    void close() {
        version.frozen().forEach(Memtable::close);
        for (final Memtable each : new Memtable[] {active, frozen, retired, spare}) {
            if (each != null) {
                each.close();
            }
        }
    }

    void send(final Object message) {
        if (!toIndexAgent.offer(message)) {
            throw new IllegalStateException("the index agent's mailbox of " + toIndexAgent.capacity() + " is full");
        }
    }
}
