package io.ringvault.disk.engine;

import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.crypto.AeadKey;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Geometry;
import io.ringvault.log.Le;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SummaryCheck;
import io.ringvault.log.SummaryCodec;
import io.ringvault.lsm.Found;
import io.ringvault.lsm.Lookup;
import java.util.HashMap;
import java.util.Map;

/**
 * The cleaner: takes the closed segment with the fewest references, looks up every block that its summaries name,
 * moves what is live to the relocation stream (verified and sealed again under the present session), and leaves the
 * segment empty.
 *
 * <pre>
 *  IDLE → READING (a piece of the victim) → SCANNING ⇄ WAITING (index block) → READING … → IDLE (victim empty)
 * </pre>
 * Reference counts are upper bounds: merges find overwritten records late. When even the best victim looks full, a
 * forced compaction makes the counts exact first. A live block that does not verify becomes LOST: an error until it is
 * overwritten, never zeros.
 *
 * <p>Data agent only; bounded work per step.
 */
final class Relocator implements WritePath.SpaceJudge {
    private static final int IDLE = 0;
    private static final int READING = 1;
    private static final int SCANNING = 2;
    private static final int WAITING = 3;
    /** Cells looked at in one step: more when writers are about to wait for space. */
    private static final int CELLS_PER_STEP = 32;
    private static final int CELLS_PER_STEP_SHORT = 128;
    private static final int RETRIES_MAX = 4;
    /** Segments cleaned, as a multiple of all there are, after which a write that still waits is told so. */
    private static final int ROUNDS_MAX = 8;

    private final EngineState state;
    private final Geometry geometry;
    private final SegmentTable table;
    private final SegmentAllocator allocator;
    private final ChunkWriter chunks;
    private final DurableWindow window;
    private final IndexStage index;
    private final IndexLoader loader;
    private final BlockQueue queue;
    private final BlockSealer sealer;
    private final SessionKeys keys;
    private final DmaBuffer buffer;
    private final int pieceBlocks;
    private final byte[] piece;
    private final byte[] summary = new byte[Geometry.SEALED_BYTES];
    private final byte[] sealed = new byte[BlockSealer.DATA_WITH_TAG_BYTES];
    private final byte[] plain = new byte[Geometry.BLOCK_BYTES];
    private final byte[] sealedSummary = new byte[Geometry.BLOCK_BYTES];
    private final Found found = new Found();
    private final Found inMemtable = new Found();
    /** Segments that could not be read, with the generation of that life; entries are few, and made by damage only. */
    private final Map<Integer, Long> unreadable = new HashMap<>();

    private int phase = IDLE;
    private int victim;
    private long victimGeneration;
    private AeadKey victimKey;
    private int pieceStart;
    private int pieceCount;
    private boolean reading;
    private int retries;
    /** Slot of the summary that is scanned, and the next cell of it. */
    private int summarySlot;
    private boolean summaryOpen;
    private int cell;
    private int dataSlot;
    /** Slot of the block or summary that did not verify when it was read first. */
    private int suspectSlot;
    private boolean compacting;
    /** User placements when the forced compaction that is under way, or the last one that ended, began. */
    private long compactionAt = -1;
    private long exactAt = -1;
    /** Segments of sessions below this one shall be emptied, whatever they hold; 0: none. */
    private long rotateBelow;
    /** User placements when the cleaner last saw a new one, and the segments it has cleaned since. */
    private long placementsSeen;
    private long cleanedSince;

    Relocator(final EngineState state, final Geometry geometry, final SegmentTable table,
        final SegmentAllocator allocator,
              final ChunkWriter chunks, final DurableWindow window, final IndexStage index, final IndexLoader loader,
              final BlockQueue queue, final BlockSealer sealer, final SessionKeys keys, final DmaBuffer buffer) {
        this.state = state;
        this.geometry = geometry;
        this.table = table;
        this.allocator = allocator;
        this.chunks = chunks;
        this.window = window;
        this.index = index;
        this.loader = loader;
        this.queue = queue;
        this.sealer = sealer;
        this.keys = keys;
        this.buffer = buffer;
        this.pieceBlocks = (int) (buffer.lengthBytes() / Geometry.BLOCK_BYTES);
        this.piece = new byte[(int) buffer.lengthBytes()];
    }

    /** Free space is short: segments should be cleaned, checkpoints should release what is empty. */
    boolean pressure() {
        return allocator.free() <= allocator.reserves().user() + allocator.margin();
    }

    /** The cleaner cannot go on now: no victim is worth it, or there is no room for what it moves. */
    boolean stopped() {
        return phase == IDLE ? bestVictim() < 0 || !chunks.canPlace(LogStream.RELOCATION, 1, 0)
            : phase == SCANNING && !chunks.canPlace(LogStream.RELOCATION, 1, 0);
    }

    boolean idle() {
        return phase == IDLE;
    }

    // ---- old sessions

    /** Empties the segments of sessions below this one, whatever they hold; 0: no longer. */
    void rotateBelow(final long session) {
        rotateBelow = session;
    }

    long rotateBelow() {
        return rotateBelow;
    }

    boolean rotating() {
        return rotateBelow > 0;
    }

    /** Whether the segment belongs to a session that shall be emptied, or may be reached as if. */
    boolean isOld(final int segment) {
        return table.generation(segment) != 0 && table.session(segment) < rotateBelow;
    }

    /** The cleaner has nothing to do for the rotation now: no old segment is left to it, or there is no room. */
    boolean rotationIdle() {
        return phase == IDLE ? oldVictim() < 0 || !roomForRotation()
            : phase == SCANNING && !chunks.canPlace(LogStream.RELOCATION, 1, 0);
    }

    /** Room above what users need; or anything above the cleaner's own floor when nothing that waits would help. */
    private boolean roomForRotation() {
        return chunks.canPlace(LogStream.RELOCATION, 1, 0)
            && (allocator.free() > allocator.reserves().user() + allocator.requestSegments() || allocator.limbo() == 0);
    }

    private int oldVictim() {
        int best = -1;
        int fewest = Integer.MAX_VALUE;
        for (int segment = 0; segment < table.segmentCount() && rotateBelow > 0; segment++) {
            if (table.state(segment) == SegmentState.CLOSED && table.purpose(segment) != SegmentPurpose.OBJECT
                && isOld(segment) && table.lastSequence(segment) <= window.durableSequence()
                && !isUnreadable(segment)) {
                final int live = table.tableRefs(segment) + table.memRefs(segment);
                if (live < fewest) {
                    fewest = live;
                    best = segment;
                }
            }
        }
        return best;
    }

    /** Nothing that is under way can make space: no victim, nothing empty that waits for a checkpoint, exact counts. */
    @Override
    public boolean exhausted() {
        return phase == IDLE && !chunks.held() && !compacting && countsExact() && index.flushed()
            && allocator.limbo() == 0
            && allocator.quarantined() == 0
            && bestVictim() < 0 && spaceIsShort();
    }

    @Override
    public boolean waitsForAnchor() {
        return state.rekeyStalled || state.anchorStalled && spaceIsShort();
    }

    @Override
    public boolean waitsForSync() {
        return state.syncAwaited && spaceIsShort();
    }

    private boolean spaceIsShort() {
        return allocator.free() < allocator.reserves().user() + allocator.requestSegments();
    }

    void compactionDone() {
        compacting = false;
        exactAt = compactionAt;
    }

    /** Nothing was written or trimmed since the counts were made exact. */
    private boolean countsExact() {
        return exactAt == chunks.userPlacements();
    }

    /** An index block is on its way for the cleaner: segments that are emptied now must wait for it as for a read. */
    boolean pinned() {
        return phase == WAITING;
    }

    int step() {
        if (state.poisoned() || state.readOnly) {
            return 0;
        }
        return switch (phase) {
            case IDLE -> chooseVictim();
            case READING -> read();
            case SCANNING -> scan();
            default -> 0;
        };
    }

    private int chooseVictim() {
        if (rotateBelow > 0 && !pressure() && roomForRotation()) {
            final int old = oldVictim();
            if (old >= 0) {
                return begin(old);
            }
        }
        final int chosen = chooseGainful();
        if (chosen != 0 || rotateBelow == 0 || !roomForRotation()) {
            return chosen;
        }
        final int old = oldVictim();
        return old < 0 ? 0 : begin(old);
    }

    private int chooseGainful() {
        if (!pressure() || allocator.free() + allocator.limbo() > allocator.reserves().user() + 2 * allocator.margin()
            || !chunks.canPlace(LogStream.RELOCATION, 1, 0)) {
            return 0;
        }
        final int best = bestVictim();
        if (best < 0) {
            if (compacting || countsExact() && index.flushed()) {
                return 0;
            }
            compacting = true;
            compactionAt = chunks.userPlacements();
            index.forceCompaction();
            return 1;
        }
        return begin(best);
    }

    private int begin(final int chosen) {
        victim = chosen;
        victimGeneration = table.generation(victim);
        victimKey = keys.key(table.session(victim));
        table.victim(victim);
        summarySlot = 1;
        suspectSlot = 0;
        summaryOpen = false;
        pieceCount = 0;
        phase = table.endSlot(victim) > 1 ? READING : SCANNING;
        return 1;
    }

    /** Whether this life of the segment was given up; a later one begins afresh. */
    private boolean isUnreadable(final int segment) {
        if (unreadable.isEmpty()) {
            return false;
        }
        final Long generation = unreadable.get(segment);
        if (generation != null && generation != table.generation(segment)) {
            unreadable.remove(segment);
            return false;
        }
        return generation != null;
    }

    /**
     * Segments were cleaned over and over and no write could be placed meanwhile: what cleaning gains, the checkpoints
     * and merges that go with it use up. So it is where segments that cannot be cleaned hold the space.
     */
    private boolean inVain() {
        return cleanedSince > (long) ROUNDS_MAX * table.segmentCount() && placementsSeen == chunks.userPlacements();
    }

    /** The closed segment with the fewest references, if cleaning it gains anything; otherwise -1. */
    private int bestVictim() {
        if (inVain()) {
            return -1;
        }
        int best = -1;
        int fewest = geometry.segmentBlocks();
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            if (table.state(segment) == SegmentState.CLOSED && table.purpose(segment) != SegmentPurpose.OBJECT
                && table.lastSequence(segment) <= window.durableSequence() && !isUnreadable(segment)) {
                final int live = table.tableRefs(segment) + table.memRefs(segment);
                if (live < fewest) {
                    fewest = live;
                    best = segment;
                }
            }
        }
        return fewest <= gainfulLimit() ? best : -1;
    }

    /** References up to which moving the live blocks, with their summaries, leaves at least 1/32 of a segment free. */
    private int gainfulLimit() {
        final int usable = geometry.segmentBlocks() - 1;
        final int perChunk = Math.min(state.config.chunkDataBlocks, usable - 1);
        final int room = usable - Math.max(1, usable / 32);
        return room * perChunk / (perChunk + 1);
    }

    private int read() {
        if (reading) {
            return 0;
        }
        final int count = Math.min(pieceBlocks, table.endSlot(victim) - summarySlot);
        if (!queue.read(Tokens.CLEANER_READ, geometry.blockOf(victim, summarySlot) * Geometry.BLOCK_BYTES,
            count * Geometry.BLOCK_BYTES, buffer, 0)) {
            return 0;
        }
        state.counters.deviceBytesRead += (long) count * Geometry.BLOCK_BYTES;
        pieceStart = summarySlot;
        pieceCount = count;
        reading = true;
        return 1;
    }

    void onReadCompletion(final int status) {
        reading = false;
        if (BlockStatus.isRetryable(status) && retries < RETRIES_MAX) {
            retries++;
            state.counters.retries++;
            return;
        }
        retries = 0;
        if (status != BlockStatus.OK) {
            giveUp();
            return;
        }
        buffer.copyOut(0, piece, 0, pieceCount * Geometry.BLOCK_BYTES);
        phase = SCANNING;
    }

    /** What cannot be read cannot be proved empty: the segment stays as it is, its blocks answer for themselves. */
    private void giveUp() {
        state.counters.integrityErrors++;
        unreadable.put(victim, victimGeneration);
        table.unvictim(victim);
        allocator.closed(victim);
        phase = IDLE;
    }

    private int scan() {
        final int cells = allocator.free() <= allocator.reserves().user() + allocator.margin() / 2
            ? CELLS_PER_STEP_SHORT
            : CELLS_PER_STEP;
        int budget = cells;
        while (budget > 0) {
            if (!summaryOpen) {
                if (summarySlot >= table.endSlot(victim)) {
                    finish();
                    return cells - budget + 1;
                }
                if (!openSummary()) {
                    return 1;
                }
            }
            if (cell == SummaryCodec.cellCount(summary)) {
                summarySlot = dataSlot;
                summaryOpen = false;
                continue;
            }
            if (SummaryCodec.hasData(SummaryCodec.cellType(summary, cell))) {
                if (!moveIfLive()) {
                    return cells - budget;
                }
                dataSlot++;
            }
            cell++;
            budget--;
        }
        return cells;
    }

    /**
     * Opens the summary at {@link #summarySlot}; false when its chunk must be read first, or the victim was given up.
     */
    private boolean openSummary() {
        final int at = summarySlot - pieceStart;
        if (pieceCount == 0 || at >= pieceCount) {
            phase = READING;
            return false;
        }
        System.arraycopy(piece, at * Geometry.BLOCK_BYTES, sealedSummary, 0, Geometry.BLOCK_BYTES);
        if (!sealer.openBlock(victimKey, ObjectKind.SUMMARY, 0, 0, victimGeneration, summarySlot, sealedSummary,
            summary)) {
            if (suspectSlot != summarySlot) {
                return readAgain(summarySlot);
            }
            giveUp();
            return false;
        }
        final int end = summarySlot + 1 + SummaryCodec.dataCount(summary);
        if (SummaryCheck.problem(summary, summarySlot, geometry) != null || end > table.endSlot(victim)) {
            giveUp();
            return false;
        }
        if (end > pieceStart + pieceCount) {
            phase = READING;
            return false;
        }
        summaryOpen = true;
        cell = 0;
        dataSlot = summarySlot + 1;
        return true;
    }

    /** Moves the block of the present cell if it is the newest of its LBA; false when something must be waited for. */
    private boolean moveIfLive() {
        final long lba = SummaryCodec.cellLow(summary, cell);
        if (SummaryCodec.cellType(summary, cell) == SummaryCodec.VOID) {
            return true;
        }
        if (!chunks.canPlace(LogStream.RELOCATION, 1, 0) || !chunks.canPlaceOwn(1) || !index.hasRoom(1, 0)) {
            return false;
        }
        final int code = lookUp(lba);
        if (code == Lookup.NEED_BLOCK) {
            return false;
        }
        if (code != Lookup.FOUND || found.generation != victimGeneration || found.slot != dataSlot) {
            return code != Lookup.ERROR || unprovable();
        }
        System.arraycopy(piece, (dataSlot - pieceStart) * Geometry.BLOCK_BYTES, sealed, 0, Geometry.BLOCK_BYTES);
        Le.putLong(sealed, Geometry.BLOCK_BYTES, found.tag0);
        Le.putLong(sealed, Geometry.BLOCK_BYTES + 8, found.tag1);
        if (sealer.openData(victimKey, victimGeneration, dataSlot, lba, sealed, plain)) {
            chunks.placeBlock(LogStream.RELOCATION, lba, plain);
            state.counters.blocksRelocated++;
        } else if (suspectSlot != dataSlot) {
            return readAgain(dataSlot);
        } else {
            chunks.placeLost(lba, 1);
            index.lost(lba, 1);
            state.counters.blocksLost++;
        }
        return true;
    }

    /** Giving a block up is for good, so it is read once more first: a fault on the way here is not damage. */
    private boolean readAgain(final int slot) {
        suspectSlot = slot;
        summaryOpen = false;
        pieceCount = 0;
        phase = READING;
        return false;
    }

    /** An index block cannot be verified: whether this block lives is unknown, so the segment is not emptied. */
    private boolean unprovable() {
        giveUp();
        return false;
    }

    /**
     * Looks the LBA up as of now. If the version changes while an index block arrives, the cursor starts anew in the
     * new one; and a record that the memtable got meanwhile counts first.
     */
    private int lookUp(final long lba) {
        final int inMemory = index.findInMemtable(lba, inMemtable);
        if (inMemory != Lookup.ABSENT) {
            found.reset();
            found.generation = inMemtable.generation;
            found.slot = inMemtable.slot;
            found.tag0 = inMemtable.tag0;
            found.tag1 = inMemtable.tag1;
            return inMemory;
        }
        final int code = index.version().find(lba, found, index.cache());
        if (code == Lookup.NEED_BLOCK) {
            final int started = loader.start(found, null);
            if (started == IndexLoader.STARTED) {
                phase = WAITING;
            }
            return started == IndexLoader.BROKEN ? Lookup.ERROR : Lookup.NEED_BLOCK;
        }
        return code;
    }

    void indexBlockLoaded(final boolean verified) {
        phase = SCANNING;
        if (!verified) {
            giveUp();
        }
    }

    private void finish() {
        if (placementsSeen != chunks.userPlacements()) {
            placementsSeen = chunks.userPlacements();
            cleanedSince = 0;
        }
        cleanedSince += pressure() ? 1 : 0;
        allocator.cleaned(victim);
        state.counters.segmentsCleaned++;
        phase = IDLE;
    }
}
