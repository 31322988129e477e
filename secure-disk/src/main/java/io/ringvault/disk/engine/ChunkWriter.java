package io.ringvault.disk.engine;

import io.ringvault.block.DmaBuffer;
import io.ringvault.crypto.AeadKey;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.CommitId;
import io.ringvault.log.Geometry;
import io.ringvault.log.Le;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SummaryBuilder;
import io.ringvault.log.SummaryCodec;

/**
 * Places blocks and records in the chunks of both streams, seals them, and chains the summaries (protocol rules 3-5,
 * 13-16).
 *
 * <p>The order of work is place (slot, so nonce) → seal into private scratch → copy to the DMA buffer → seal the
 * summary → hand to the {@link DurableWindow}. A slot is consumed when it is sealed. Callers ask {@link #canPlace}
 * first, so that a request is placed as a whole or not at all. Data agent only; no allocation per I/O.
 */
final class ChunkWriter {
    /** The index, as far as placing needs it. */
    interface Records {
        /** A block was sealed: from now on this is where the LBA is. Called before the block's chunk can be sealed. */
        void placed(long lba, int segment, long generation, int slot, long tag0, long tag1);

        /** Whether a relocated block is still the newest of its LBA when its summary is sealed (protocol rule 16). */
        boolean isNewest(long lba, long generation, int slot);
    }

    /** Buffers left over for the commit and the announcements that must always be possible. */
    private static final int SPARE_BUFFERS = 2 * LogStream.COUNT;

    private final EngineState state;
    private final Geometry geometry;
    private final SegmentTable table;
    private final SegmentAllocator allocator;
    private final DurableWindow window;
    private final BlockSealer sealer;
    private SessionIdentity session;
    private AeadKey sessionKey;
    private final DmaBuffer arena;
    private final LogStream[] streams = new LogStream[LogStream.COUNT];
    private final byte[] sealedData = new byte[BlockSealer.DATA_WITH_TAG_BYTES];
    private final byte[] sealedSummary = new byte[Geometry.BLOCK_BYTES];
    private final byte[] preface = new byte[Geometry.BLOCK_BYTES];
    private final PrefaceCodec prefaceCodec = new PrefaceCodec();
    private Records records;

    private long nextSequence;
    private long epoch;
    private long previousTag0;
    private long previousTag1;
    private boolean dirty;
    private boolean userDirty;
    private long epochBytes;
    private long lastPlacedNs;
    private long userPlacements;
    /** Writes, trims and relocations wait. */
    private boolean held;
    /** Nothing at all may be placed: the session ends at the last commit. */
    private boolean shut;

    ChunkWriter(final EngineState state, final Geometry geometry, final SegmentTable table,
        final SegmentAllocator allocator,
                final DurableWindow window, final BlockSealer sealer, final SessionIdentity session,
                final AeadKey sessionKey,
                final CommitId base) {
        this.state = state;
        this.geometry = geometry;
        this.table = table;
        this.allocator = allocator;
        this.window = window;
        this.sealer = sealer;
        this.session = session;
        this.sessionKey = sessionKey;
        this.arena = window.arena();
        for (int i = 0; i < streams.length; i++) {
            streams[i] = new LogStream(i);
        }
        nextSequence = base.sequence() + 1;
        epoch = base.epoch() + 1;
        previousTag0 = base.tag0();
        previousTag1 = base.tag1();
        final ChunkFit fit = new ChunkFit(geometry.segmentBlocks(), state.config.chunkDataBlocks);
        state.requestBlocks = Math.min(state.config.memtableRecords,
            fit.largestRequest(state.config.chunkBuffers - SPARE_BUFFERS));
        allocator.requestSegments(fit.segmentsFor(state.requestBlocks));
    }

    void connect(final Records index) {
        this.records = index;
    }

    LogStream stream(final int id) {
        return streams[id];
    }

    LogStream[] streams() {
        return streams;
    }

    // ---- the end of a session

    /** Writes and trims of users and relocations wait from now on, or go on. */
    void hold(final boolean now) {
        held = now;
    }

    boolean held() {
        return held;
    }

    /** Nothing is placed any more, no commit mark either: the chain of the session has ended. */
    void shut(final boolean now) {
        shut = now;
    }

    /** Both streams go on in new segments, under another session. Nothing may be filling. */
    void beginSession(final SessionIdentity next, final AeadKey key) {
        for (final LogStream stream : streams) {
            allocator.endSegment(stream.segment);
            if (stream.successor >= 0) {
                allocator.endSegment(stream.successor);
            }
        }
        session = next;
        sessionKey = key;
        for (final LogStream stream : streams) {
            final int segment = allocator.announceForRoll(stream.id);
            final int successor = allocator.announceForRoll(stream.id);
            stream.start(segment, table.generation(segment), successor, table.generation(successor));
        }
    }

    /** The epoch that is open. */
    long epoch() {
        return epoch;
    }

    long nextSequence() {
        return nextSequence;
    }

    /** Whether anything was placed since the last commit. */
    boolean dirty() {
        return dirty;
    }

    /**
     * Whether only a sync may commit what is open: epochs are strict, and users wrote something. What the engine alone
     * placed may always be committed, since it changes nothing that a user sees.
     */
    boolean needsUserSync() {
        return state.config.strictEpochs && userDirty;
    }

    /** Bytes placed since the last commit. */
    long epochBytes() {
        return epochBytes;
    }

    /** Writes and trims of users placed so far: what may have made garbage. */
    long userPlacements() {
        return userPlacements;
    }

    // ---- what fits

    /**
     * Whether so many data blocks and further cells can be placed now, as a whole, leaving the reserves of others
     * alone.
     */
    boolean canPlace(final int streamId, final int blocks, final int cells) {
        return !held && canPlace(streamId, blocks, cells, streamId == LogStream.USER ? allocator.reserves().user()
            : cleanerFloor(), 0);
    }

    /**
     * Whether so many cells of trims can be placed: a trim gives space back, so it may go where the user's data may
     * not.
     */
    boolean canPlaceTrims(final int cells) {
        return !held && canPlace(LogStream.USER, 0, cells, allocator.reserves().checkpoint(), 0);
    }

    /**
     * A merge that is under way, or due, keeps its share; otherwise the cleaner may use it, since it gives back more
     * than it takes.
     */
    private int cleanerFloor() {
        final boolean merging = state.hints.mergeUnderWay || state.hints.mergeWaits;
        return merging ? allocator.reserves().cleaner() : allocator.reserves().checkpoint();
    }

    /**
     * Whether so many cells of the engine's own (edits, segments) can be placed: what makes space must not wait for
     * space. Moving on to the successor that is announced takes no free segment.
     */
    boolean canPlaceOwn(final int cells) {
        return !shut && canPlace(LogStream.USER, 0, cells, allocator.reserves().recovery(), 1);
    }

    private boolean canPlace(final int streamId, final int blocks, final int cells, final int floor,
                             final int ownRolls) {
        if (!window.windowOpen()) {
            // What fills it may have been flushed for the most part, all but the oldest chunk: no flush is due then.
            window.flushSoon();
            return false;
        }
        final LogStream stream = streams[streamId];
        allocator.announceSuccessor(stream);
        int blocksLeft = blocks;
        int cellsLeft = cells;
        int buffers = 0;
        int rolls = 0;
        int slot = stream.nextSlot;
        int end = usableEnd(stream);
        int roomBlocks = 0;
        int roomCells = 0;
        if (stream.open != null) {
            roomBlocks = Math.max(0, Math.min(state.config.chunkDataBlocks - stream.open.dataBlocks, end - slot));
            roomCells = stream.builder.remainingCells();
        }
        while (true) {
            final int blocksNow = Math.min(blocksLeft, Math.min(roomBlocks, roomCells));
            blocksLeft -= blocksNow;
            slot += blocksNow;
            // A chunk that data fills is sealed at once; whether cells come before that is not known here.
            cellsLeft -= blocksNow > 0 && blocksNow == roomBlocks ? 0 : Math.min(cellsLeft, roomCells - blocksNow);
            if (blocksLeft == 0 && cellsLeft == 0) {
                break;
            }
            if (end - slot < (blocksLeft > 0 ? 2 : 1)) {
                if (stream.successor < 0) {
                    return false;
                }
                rolls++;
                slot = 1;
                end = geometry.segmentBlocks();
            }
            buffers++;
            slot++;
            roomBlocks = Math.min(state.config.chunkDataBlocks, end - slot);
            roomCells = SummaryCodec.MAX_CELLS;
        }
        if (window.freeBuffers() < buffers + rolls + SPARE_BUFFERS) {
            window.flushSoon();
            return false;
        }
        return rolls <= ownRolls && !intoReserve(streamId, blocks, floor) || allocator.free() - rolls >= floor;
    }

    /**
     * Whether data of the user would go into a segment that was rolled to for the engine's own cells, below the user's
     * floor: it waits, or each such segment would be filled by the user and the reserves drained one by one.
     */
    private boolean intoReserve(final int streamId, final int blocks, final int floor) {
        return streamId == LogStream.USER && blocks > 0 && allocator.free() < floor;
    }

    /** Without a successor the last slot is kept for the summary that will announce one. */
    private int usableEnd(final LogStream stream) {
        return stream.successor < 0 ? geometry.segmentBlocks() - 1 : geometry.segmentBlocks();
    }

    // ---- placing

    /** Seals one block at the stream's next place, and records where it is. */
    void placeBlock(final int streamId, final long lba, final byte[] plain) {
        final LogStream stream = streams[streamId];
        final ChunkBuffer chunk = openChunk(stream, 1);
        final int slot = stream.nextSlot++;
        sealer.sealData(sessionKey, stream.generation, slot, lba, plain, sealedData);
        arena.copyIn(sealedData, 0, chunk.offsetOf(slot), Geometry.BLOCK_BYTES);
        chunk.dataBlocks++;
        final long tag0 = Le.getLong(sealedData, Geometry.BLOCK_BYTES);
        final long tag1 = Le.getLong(sealedData, Geometry.BLOCK_BYTES + 8);
        if (streamId == LogStream.RELOCATION) {
            stream.builder.addRelocated(lba, tag0, tag1);
        } else {
            stream.builder.addWrite(lba, tag0, tag1);
            userPlaced();
        }
        state.counters.sealedBlocks++;
        records.placed(lba, stream.segment, stream.generation, slot, tag0, tag1);
        placed(stream, Geometry.BLOCK_BYTES);
    }

    void placeTrim(final long firstLba, final long count) {
        final LogStream stream = cellStream();
        stream.builder.addTrim(firstLba, count);
        userPlaced();
        placed(stream, 0);
    }

    private void userPlaced() {
        userPlacements++;
        userDirty = true;
    }

    void placeLost(final long firstLba, final long count) {
        final LogStream stream = cellStream();
        stream.builder.addLost(firstLba, count);
        placed(stream, 0);
    }

    void placeSegmentOpen(final int segment, final long generation) {
        final LogStream stream = cellStream();
        stream.builder.addSegmentOpen(segment, generation, SegmentPurpose.OBJECT);
        placed(stream, 0);
    }

    void placeTableAdd(final long tableId, final int level, final long generation, final int slot) {
        final LogStream stream = cellStream();
        stream.builder.addTableAdd(level, tableId, generation, slot);
        placed(stream, 0);
    }

    void placeTableDrop(final long tableId) {
        final LogStream stream = cellStream();
        stream.builder.addTableDrop(tableId);
        placed(stream, 0);
    }

    /** Cells without data all go to the user stream, so that they are in order with the user's writes. */
    private LogStream cellStream() {
        final LogStream stream = streams[LogStream.USER];
        openChunk(stream, 0);
        return stream;
    }

    private void placed(final LogStream stream, final int bytes) {
        dirty = true;
        epochBytes += bytes;
        lastPlacedNs = state.nowNs;
        if (stream.builder.remainingCells() == 0 || bytes > 0 && dataFull(stream)) {
            seal(stream, 0);
        }
    }

    private boolean dataFull(final LogStream stream) {
        return stream.open.dataBlocks == state.config.chunkDataBlocks || stream.nextSlot >= usableEnd(stream);
    }

    /** All cells of an index edit lie in one chunk, and no chunk holds cells of two. */
    void beginEdit(final int cells) {
        final LogStream user = streams[LogStream.USER];
        if (user.open != null && (user.holdsEdit || user.builder.remainingCells() < cells)) {
            seal(user, 0);
        }
        if (cells > 0) {
            openChunk(user, 0);
            user.holdsEdit = true;
        }
    }

    private ChunkBuffer openChunk(final LogStream stream, final int blocks) {
        if (stream.open != null && (blocks == 0 || !dataFull(stream))) {
            return stream.open;
        }
        if (stream.open != null) {
            seal(stream, 0);
        }
        if (usableEnd(stream) - stream.nextSlot < 1 + blocks) {
            roll(stream);
        }
        final ChunkBuffer chunk = window.acquire();
        chunk.advance(ChunkBuffer.FILLING);
        chunk.stream = stream.id;
        chunk.segment = stream.segment;
        chunk.generation = stream.generation;
        chunk.summarySlot = stream.nextSlot++;
        chunk.prefaceBlocks = chunk.summarySlot == 1 ? 1 : 0;
        chunk.dataBlocks = 0;
        chunk.retries = 0;
        chunk.fua = false;
        chunk.commit = false;
        if (chunk.prefaceBlocks == 1) {
            table.open(stream.segment);
            prefaceCodec.encode(stream.generation, session.id(), session.salt(), session.volumeId(), stream.id, preface,
                0);
            arena.copyIn(preface, 0, chunk.arenaOffset, Geometry.BLOCK_BYTES);
        }
        stream.builder.begin(stream.id);
        stream.open = chunk;
        stream.holdsEdit = false;
        return chunk;
    }

    /** Moves the stream to its successor; an unannounced one is announced first, in a slot kept for that. */
    private void roll(final LogStream stream) {
        if (stream.successor < 0) {
            throw new IllegalStateException("stream " + stream.id + " has no successor; canPlace was not asked");
        }
        if (!stream.successorAnnounced) {
            sealEmpty(stream, 0);
        }
        final int full = stream.segment;
        stream.segment = stream.successor;
        stream.generation = stream.successorGeneration;
        stream.nextSlot = 1;
        stream.successor = -1;
        if (table.state(full) == SegmentState.OPEN) {
            table.close(full);
            allocator.closed(full);
        }
        allocator.announceSuccessor(stream);
    }

    /** Announces successors as soon as there is a free segment for them. */
    int step() {
        int work = 0;
        for (final LogStream stream : streams) {
            if (!shut && stream.successor < 0 && allocator.announceSuccessor(stream)) {
                work++;
            }
        }
        return work;
    }

    // ---- sealing

    /** Seals whatever is being filled in either stream, without a commit mark. */
    void sealOpen() {
        for (int i = streams.length - 1; i >= 0; i--) {
            if (streams[i].open != null) {
                seal(streams[i], 0);
            }
        }
    }

    /** Seals chunks that nothing was added to for a while, so that their bytes get to the device. */
    int sealIdle() {
        if (state.nowNs - lastPlacedNs < state.config.chunkIdleNs || window.freeBuffers() < SPARE_BUFFERS) {
            return 0;
        }
        int work = 0;
        for (int i = streams.length - 1; i >= 0; i--) {
            if (streams[i].open != null) {
                seal(streams[i], 0);
                work++;
            }
        }
        return work;
    }

    /** Whether a commit mark can be sealed now. */
    boolean canCommit() {
        if (shut) {
            return false;
        }
        if (streams[LogStream.USER].open != null || streams[LogStream.RELOCATION].open != null) {
            return true;
        }
        final LogStream user = streams[LogStream.USER];
        allocator.announceSuccessor(user);
        return window.freeBuffers() >= 2 && (usableEnd(user) > user.nextSlot || user.successor >= 0);
    }

    /**
     * Closes the open epoch: seals everything being filled, the last chunk with the commit mark.
     *
     * @return the commit; the next epoch is open
     */
    CommitId commit(final boolean engineStarted, final boolean closing) {
        final int flags = SummaryCodec.FLAG_COMMIT | (engineStarted ? SummaryCodec.FLAG_ENGINE_COMMIT : 0)
            | (closing ? SummaryCodec.FLAG_CLOSE : 0);
        final LogStream user = streams[LogStream.USER];
        final LogStream relocation = streams[LogStream.RELOCATION];
        if (user.open != null) {
            if (relocation.open != null) {
                seal(relocation, 0);
            }
            seal(user, flags);
        } else if (relocation.open != null) {
            seal(relocation, flags);
        } else {
            sealEmpty(user, flags);
        }
        final CommitId commit = new CommitId(epoch, nextSequence - 1, previousTag0, previousTag1);
        epoch++;
        dirty = false;
        userDirty = false;
        epochBytes = 0;
        return commit;
    }

    /** Writes a chunk that says no more than how far the log is durable. */
    void sealMark() {
        sealEmpty(streams[LogStream.USER], 0);
    }

    private void sealEmpty(final LogStream stream, final int flags) {
        openChunk(stream, 0);
        seal(stream, flags);
    }

    private void seal(final LogStream stream, final int flags) {
        final ChunkBuffer chunk = stream.open;
        final SummaryBuilder builder = stream.builder;
        for (final LogStream each : streams) {
            allocator.announceSuccessor(each);
        }
        if (stream.id == LogStream.RELOCATION) {
            voidOvertaken(stream);
        }
        for (final LogStream each : streams) {
            final int slot = nextChunkSlot(each, stream);
            if (slot < geometry.segmentBlocks()) {
                builder.addNext(each.generation, each.segment, slot);
            }
            if (each.successor >= 0) {
                builder.addNext(each.successorGeneration, each.successor, 1);
                each.successorAnnounced = true;
            }
        }
        chunk.sequence = nextSequence++;
        chunk.epoch = epoch;
        chunk.commit = (flags & SummaryCodec.FLAG_COMMIT) != 0;
        builder.finish(chunk.sequence, epoch, previousTag0, previousTag1, window.durableSequence(), flags);
        sealer.sealBlock(sessionKey, ObjectKind.SUMMARY, 0, 0, chunk.generation, chunk.summarySlot, builder.bytes(),
            sealedSummary);
        arena.copyIn(sealedSummary, 0, chunk.offsetOf(chunk.summarySlot), Geometry.BLOCK_BYTES);
        previousTag0 = Le.getLong(sealedSummary, Geometry.SEALED_BYTES);
        previousTag1 = Le.getLong(sealedSummary, Geometry.SEALED_BYTES + 8);
        state.counters.sealedBlocks++;
        table.advance(chunk.segment, chunk.endSlot(), chunk.sequence);
        chunk.advance(ChunkBuffer.SEALED);
        stream.open = null;
        window.add(chunk);
    }

    /**
     * Where the next chunk of a stream starts: another stream's chunk that is still filling starts before its next
     * free slot.
     */
    private static int nextChunkSlot(final LogStream each, final LogStream sealing) {
        return each != sealing && each.open != null ? each.open.summarySlot : each.nextSlot;
    }

    private void voidOvertaken(final LogStream stream) {
        final SummaryBuilder builder = stream.builder;
        int slot = stream.open.summarySlot;
        for (int i = 0; i < builder.cellCount(); i++) {
            if (SummaryCodec.hasData(SummaryCodec.cellType(builder.bytes(), i))) {
                slot++;
                if (!records.isNewest(SummaryCodec.cellLow(builder.bytes(), i), stream.generation, slot)) {
                    builder.voidCell(i);
                }
            }
        }
    }

    /** The boundary before the next chunk. Nothing may be filling. */
    ReplayPoint boundary() {
        int places = 0;
        for (final LogStream each : streams) {
            if (each.open != null) {
                throw new IllegalStateException("stream " + each.id + " is filling a chunk");
            }
            places += (each.nextSlot < geometry.segmentBlocks() ? 1 : 0) + (each.successor >= 0 ? 1 : 0);
        }
        final long[] generations = new long[places];
        final int[] segments = new int[places];
        final int[] slots = new int[places];
        int i = 0;
        for (final LogStream each : streams) {
            if (each.nextSlot < geometry.segmentBlocks()) {
                generations[i] = each.generation;
                segments[i] = each.segment;
                slots[i++] = each.nextSlot;
            }
            if (each.successor >= 0) {
                generations[i] = each.successorGeneration;
                segments[i] = each.successor;
                slots[i++] = 1;
            }
        }
        return new ReplayPoint(nextSequence, previousTag0, previousTag1, generations, segments, slots);
    }
}
