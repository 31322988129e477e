package io.ringvault.disk.engine;

import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Geometry;
import io.ringvault.log.Le;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.lsm.Lookup;
import io.ringvault.ring.DmaSlotPool;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Serves reads. A block that was never written or is trimmed reads as zeros; one that does not verify fails the
 * request: no byte of it reaches the caller. Ciphertext is copied out of shared memory before it is opened (protocol
 * rule 6).
 *
 * <p>Data agent only; no allocation per read.
 */
final class ReadPath {
    /** Jobs that only partial writes may take: the edges of one request. */
    private static final int EDGE_RESERVE = 2;
    private static final int RETRIES_MAX = 4;

    private final EngineState state;
    private final Geometry geometry;
    private final SegmentTable table;
    private final SegmentAllocator allocator;
    private final IndexStage index;
    private final IndexLoader loader;
    private final DurableWindow window;
    private final ChunkWriter chunks;
    private final BlockQueue queue;
    private final BlockSealer sealer;
    private final SessionKeys keys;
    private final DmaSlotPool readSlots;
    private final Run[] runs;
    private final ReadJob[] jobs;
    private final int[] freeJobs;
    private int freeJobCount;
    private ReadJob activeHead;
    private ReadJob activeTail;
    private ReadJob retryHead;
    private ReadJob retryTail;
    private int resends;
    private long nextSerial = 1;
    private final byte[] sealed = new byte[BlockSealer.DATA_WITH_TAG_BYTES];
    private final byte[] plain = new byte[Geometry.BLOCK_BYTES];

    /** A device read in flight: blocks {@code first .. first + count} of a job. */
    private static final class Run {
        ReadJob job;
        int first;
        int count;
        int retries;
        boolean resend;
    }

    ReadPath(final EngineState state, final Geometry geometry, final SegmentTable table,
        final SegmentAllocator allocator,
             final IndexStage index, final IndexLoader loader, final DurableWindow window, final ChunkWriter chunks,
             final BlockQueue queue, final BlockSealer sealer, final SessionKeys keys, final DmaBuffer buffers) {
        this.state = state;
        this.geometry = geometry;
        this.table = table;
        this.allocator = allocator;
        this.index = index;
        this.loader = loader;
        this.window = window;
        this.chunks = chunks;
        this.queue = queue;
        this.sealer = sealer;
        this.keys = keys;
        readSlots = new DmaSlotPool(buffers, state.config.readSlotBlocks * Geometry.BLOCK_BYTES);
        runs = new Run[readSlots.capacity()];
        for (int i = 0; i < runs.length; i++) {
            runs[i] = new Run();
        }
        jobs = new ReadJob[state.config.readJobs];
        freeJobs = new int[jobs.length];
        for (int i = 0; i < jobs.length; i++) {
            jobs[i] = new ReadJob(i);
            freeJobs[i] = jobs.length - 1 - i;
        }
        freeJobCount = jobs.length;
    }

    boolean idle() {
        return activeHead == null;
    }

    /** Serial of the oldest read that has not ended; MAX_VALUE when there is none. */
    long oldestActive() {
        return activeHead == null ? Long.MAX_VALUE : activeHead.serial;
    }

    /** Serial that the next read gets. */
    long nextSerial() {
        return nextSerial;
    }

    /** Whether a client's read can start now; a few jobs are kept for the edges of partial writes. */
    boolean canStart() {
        return freeJobCount > EDGE_RESERVE;
    }

    /** Starts a client's read; {@link #canStart} was asked. */
    void start(final Op op) {
        begin(op);
    }

    /** Whether so many edge reads can start now. */
    boolean jobsFree(final int count) {
        return freeJobCount >= count;
    }

    /** Starts reading one whole block for a partial write; {@link #jobsFree} was asked. */
    void startEdge(final EdgeJob edge, final long lba, final byte[] target) {
        final ReadJob job = jobs[freeJobs[--freeJobCount]];
        job.op = null;
        job.edge = edge;
        job.edgeTarget = target;
        begin(job, lba, 1);
    }

    private void begin(final Op op) {
        final ReadJob job = jobs[freeJobs[--freeJobCount]];
        job.op = op;
        job.edge = null;
        job.edgeTarget = null;
        begin(job, op.firstLba, (int) (op.lastLba - op.firstLba + 1));
    }

    /** The state that the read sees is fixed here: memtable now, tables by pinning the version. */
    private void begin(final ReadJob job, final long firstLba, final int count) {
        job.firstLba = firstLba;
        job.count = count;
        job.lookedUp = 0;
        job.fetched = 0;
        job.outstanding = 0;
        job.status = OpStatus.OK;
        job.serial = nextSerial++;
        job.active = true;
        link(job);
        allocator.readIssued(nextSerial);
        for (int i = 0; i < count; i++) {
            final int code = index.findInMemtable(firstLba + i, job.found);
            if (code == Lookup.ABSENT) {
                job.kinds[i] = ReadJob.UNRESOLVED;
            } else {
                resolve(job, i, code);
            }
        }
        job.version = index.version();
        job.found.reset();
        advance(job);
    }

    private static void resolve(final ReadJob job, final int i, final int code) {
        switch (code) {
            case Lookup.FOUND -> {
                job.kinds[i] = ReadJob.PLACED;
                job.generations[i] = job.found.generation;
                job.slots[i] = job.found.slot;
                job.tag0[i] = job.found.tag0;
                job.tag1[i] = job.found.tag1;
            }
            case Lookup.ABSENT, Lookup.TRIMMED -> job.kinds[i] = ReadJob.ZERO;
            case Lookup.LOST -> job.kinds[i] = ReadJob.LOST;
            default -> job.kinds[i] = ReadJob.BROKEN;
        }
    }

    private void advance(final ReadJob job) {
        while (job.lookedUp < job.count) {
            if (job.kinds[job.lookedUp] == ReadJob.UNRESOLVED) {
                final int code = job.version.find(job.firstLba + job.lookedUp, job.found, index.cache());
                if (code == Lookup.NEED_BLOCK) {
                    final int started = loader.start(job.found, job);
                    if (started == IndexLoader.BUSY) {
                        retryLater(job);
                    }
                    if (started != IndexLoader.BROKEN) {
                        return;
                    }
                    state.counters.integrityErrors++;
                }
                resolve(job, job.lookedUp, code == Lookup.NEED_BLOCK ? Lookup.ERROR : code);
                job.found.reset();
            }
            job.lookedUp++;
        }
        fetch(job);
    }

    /** An index block has arrived (OK), or could not be had (the status that says why). */
    void indexBlockLoaded(final ReadJob job, final int status) {
        if (status != OpStatus.OK) {
            state.counters.integrityErrors += status == OpStatus.INTEGRITY ? 1 : 0;
            fail(job, status);
            job.kinds[job.lookedUp] = ReadJob.BROKEN;
            job.lookedUp++;
            job.found.reset();
        }
        advance(job);
    }

    private void fetch(final ReadJob job) {
        while (job.fetched < job.count) {
            final int i = job.fetched;
            switch (job.kinds[i]) {
                case ReadJob.ZERO -> zero(job, i);
                case ReadJob.LOST -> fail(job, OpStatus.LOST);
                case ReadJob.BROKEN -> fail(job, OpStatus.INTEGRITY);
                default -> {
                    final int run = fetchPlaced(job, i);
                    if (run == 0) {
                        retryLater(job);
                        return;
                    }
                    job.fetched += run - 1;
                }
            }
            job.fetched++;
        }
        if (job.outstanding == 0) {
            finish(job);
        }
    }

    /**
     * Serves block i from a chunk in memory, or starts a device read of it and its neighbours. Returns the blocks
     * taken care of.
     */
    private int fetchPlaced(final ReadJob job, final int i) {
        final int segment = table.segmentOf(job.generations[i]);
        if (!geometry.contains(segment, job.slots[i])) {
            state.counters.integrityErrors++;
            fail(job, OpStatus.INTEGRITY);
            return 1;
        }
        final ChunkBuffer chunk = inMemory(segment, job.generations[i], job.slots[i]);
        if (chunk != null) {
            openInto(job, i, segment, window.arena(), chunk.offsetOf(job.slots[i]));
            return 1;
        }
        int count = 1;
        while (count < state.config.readSlotBlocks && i + count < job.count && continues(job, i + count)
            && inMemory(segment, job.generations[i + count], job.slots[i + count]) == null) {
            count++;
        }
        final int slot = readSlots.acquire();
        if (slot < 0) {
            return 0;
        }
        if (!send(slot, job, i, count)) {
            readSlots.release(slot);
            return 0;
        }
        state.counters.deviceBytesRead += (long) count * Geometry.BLOCK_BYTES;
        final Run run = runs[slot];
        run.job = job;
        run.first = i;
        run.count = count;
        run.retries = 0;
        job.outstanding++;
        return count;
    }

    private boolean continues(final ReadJob job, final int i) {
        return job.kinds[i] == ReadJob.PLACED && job.generations[i] == job.generations[i - 1]
            && job.slots[i] == job.slots[i - 1] + 1 && job.slots[i] < geometry.segmentBlocks();
    }

    private ChunkBuffer inMemory(final int segment, final long generation, final int slot) {
        if (slot < table.endSlot(segment) && table.lastSequence(segment) <= window.durableSequence()) {
            return null;
        }
        return window.find(generation, slot, chunks.streams());
    }

    void onReadCompletion(final int slot, final int status) {
        final Run run = runs[slot];
        final ReadJob job = run.job;
        if (BlockStatus.isRetryable(status) && run.retries < RETRIES_MAX) {
            run.retries++;
            run.resend = true;
            resends++;
            state.counters.retries++;
            return;
        }
        run.job = null;
        if (status == BlockStatus.OK && table.segmentOf(job.generations[run.first]) < 0) {
            state.counters.integrityErrors++;
            fail(job, OpStatus.INTEGRITY);
        } else if (status == BlockStatus.OK) {
            final int segment = table.segmentOf(job.generations[run.first]);
            for (int k = 0; k < run.count; k++) {
                openInto(job, run.first + k, segment, readSlots.buffer(), readSlots.offset(slot)
                    + (long) k * Geometry.BLOCK_BYTES);
            }
        } else {
            fail(job, OpStatus.IO_ERROR);
        }
        readSlots.release(slot);
        job.outstanding--;
        if (job.outstanding == 0 && job.fetched == job.count) {
            finish(job);
        }
    }

    private void openInto(final ReadJob job, final int i, final int segment, final DmaBuffer buffer,
        final long offset) {
        buffer.copyOut(offset, sealed, 0, Geometry.BLOCK_BYTES);
        Le.putLong(sealed, Geometry.BLOCK_BYTES, job.tag0[i]);
        Le.putLong(sealed, Geometry.BLOCK_BYTES + 8, job.tag1[i]);
        if (!sealer.openData(keys.key(table.session(segment)), job.generations[i], job.slots[i], job.firstLba + i,
            sealed,
            plain)) {
            state.counters.integrityErrors++;
            fail(job, OpStatus.INTEGRITY);
            return;
        }
        if (job.op == null) {
            System.arraycopy(plain, 0, job.edgeTarget, 0, Geometry.BLOCK_BYTES);
            return;
        }
        final long blockStart = (job.firstLba + i) * Geometry.BLOCK_BYTES;
        final long from = Math.max(blockStart, job.op.offsetBytes);
        final long to = Math.min(blockStart + Geometry.BLOCK_BYTES, job.op.offsetBytes + job.op.lengthBytes);
        try {
            MemorySegment.copy(plain, (int) (from - blockStart), job.op.buffer, ValueLayout.JAVA_BYTE,
                job.op.bufferOffset + (from - job.op.offsetBytes), (int) (to - from));
        } catch (final IllegalStateException closedArena) {
            fail(job, OpStatus.BUFFER_GONE);
        }
    }

    private void zero(final ReadJob job, final int i) {
        if (job.op == null) {
            java.util.Arrays.fill(job.edgeTarget, (byte) 0);
            return;
        }
        final long blockStart = (job.firstLba + i) * Geometry.BLOCK_BYTES;
        final long from = Math.max(blockStart, job.op.offsetBytes);
        final long to = Math.min(blockStart + Geometry.BLOCK_BYTES, job.op.offsetBytes + job.op.lengthBytes);
        try {
            job.op.buffer.asSlice(job.op.bufferOffset + (from - job.op.offsetBytes), to - from).fill((byte) 0);
        } catch (final IllegalStateException closedArena) {
            fail(job, OpStatus.BUFFER_GONE);
        }
    }

    private static void fail(final ReadJob job, final int status) {
        if (job.status == OpStatus.OK) {
            job.status = status;
        }
    }

    private void finish(final ReadJob job) {
        unlink(job);
        job.active = false;
        job.version = null;
        final Op op = job.op;
        final EdgeJob edge = job.edge;
        final int status = job.status;
        job.op = null;
        job.edge = null;
        job.edgeTarget = null;
        freeJobs[freeJobCount++] = job.index;
        if (op != null) {
            if (status == OpStatus.OK) {
                state.counters.userBytesRead += op.lengthBytes;
            }
            op.complete(status);
        } else {
            if (edge.status == OpStatus.OK) {
                edge.status = status;
            }
            edge.reading--;
            if (edge.reading == 0) {
                edge.op.pendingState = Op.EDGES_READ;
            }
        }
    }

    /** Goes on with reads that waited for a slot, a loader or a job. */
    int step() {
        int work = resends > 0 ? resendFailed() : 0;
        ReadJob job = retryHead;
        retryHead = null;
        retryTail = null;
        while (job != null) {
            final ReadJob next = job.retryNext;
            job.retrying = false;
            if (job.lookedUp < job.count) {
                advance(job);
            } else {
                fetch(job);
            }
            work += job.retrying ? 0 : 1;
            job = next;
        }
        return work;
    }

    /** Asks again for what the device could not read just now; the job is active, so its segments stay. */
    private int resendFailed() {
        int work = 0;
        for (int slot = 0; slot < runs.length && resends > 0; slot++) {
            final Run run = runs[slot];
            if (run.resend && send(slot, run.job, run.first, run.count)) {
                run.resend = false;
                resends--;
                work++;
            }
        }
        return work;
    }

    private boolean send(final int slot, final ReadJob job, final int first, final int count) {
        final int segment = table.segmentOf(job.generations[first]);
        return queue.read(Tokens.READ | slot, geometry.blockOf(segment, job.slots[first]) * Geometry.BLOCK_BYTES,
            count * Geometry.BLOCK_BYTES, readSlots.buffer(), readSlots.offset(slot));
    }

    private void retryLater(final ReadJob job) {
        job.retrying = true;
        job.retryNext = null;
        if (retryTail == null) {
            retryHead = job;
        } else {
            retryTail.retryNext = job;
        }
        retryTail = job;
    }

    private void link(final ReadJob job) {
        job.activeNext = null;
        job.activePrevious = activeTail;
        if (activeTail == null) {
            activeHead = job;
        } else {
            activeTail.activeNext = job;
        }
        activeTail = job;
    }

    private void unlink(final ReadJob job) {
        if (job.activePrevious == null) {
            activeHead = job.activeNext;
        } else {
            job.activePrevious.activeNext = job.activeNext;
        }
        if (job.activeNext == null) {
            activeTail = job.activePrevious;
        } else {
            job.activeNext.activePrevious = job.activePrevious;
        }
    }
}
