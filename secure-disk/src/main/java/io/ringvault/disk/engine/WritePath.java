package io.ringvault.disk.engine;

import io.ringvault.log.Geometry;
import io.ringvault.ring.OpCode;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Gives writes, trims and write-zeroes their place in the order of the log. A request is placed as a whole in one
 * step, so it lies in one epoch; it waits in {@link PendingOps} until the whole of it fits. Blocks that a request
 * covers only in part are read first, once, while overlapping requests wait. Data agent only; no allocation per write.
 */
final class WritePath {
    /** Trims up to this many blocks are kept as single records (protocol rule 44). */
    private static final int POINT_TRIM_BLOCKS = 64;
    private static final int EDGE_JOBS = 64;

    private final EngineState state;
    private final ChunkWriter chunks;
    private final IndexStage index;
    private final ReadPath reads;
    private final CommitSequencer commits;
    private final PendingOps pending = new PendingOps();
    private final byte[] plain = new byte[Geometry.BLOCK_BYTES];
    private final long epochBytesMax;
    private EdgeJob freeEdges;
    private SpaceJudge judge;
    private boolean starved;
    private long round;

    /** Says when waiting for space is hopeless. */
    interface SpaceJudge {
        boolean exhausted();

        /** What would let writes go on waits for an anchor that does not answer. */
        boolean waitsForAnchor();

        /** Space is short, and the checkpoint that would give some back waits for a sync, since epochs are strict. */
        boolean waitsForSync();
    }

    WritePath(final EngineState state, final ChunkWriter chunks, final IndexStage index, final ReadPath reads,
              final CommitSequencer commits, final long epochBytesMax) {
        this.state = state;
        this.chunks = chunks;
        this.index = index;
        this.reads = reads;
        this.commits = commits;
        this.epochBytesMax = epochBytesMax;
        for (int i = 0; i < EDGE_JOBS; i++) {
            final EdgeJob job = new EdgeJob();
            job.next = freeEdges;
            freeEdges = job;
        }
    }

    void spaceJudge(final SpaceJudge spaceJudge) {
        this.judge = spaceJudge;
    }

    boolean idle() {
        return pending.isEmpty();
    }

    /** Whether a write waits for space. */
    boolean starved() {
        return starved;
    }

    /** A read, write, trim or write-zeroes has arrived. */
    void begin(final Op op) {
        if (!pending.isEmpty() && pending.conflicts(op)) {
            pending.append(op, Op.BLOCKED);
            return;
        }
        start(op, false);
    }

    /** Starts a request that nothing earlier holds back. */
    private void start(final Op op, final boolean listed) {
        if (op.opcode == OpCode.READ) {
            startRead(op, listed);
            return;
        }
        if (!listed) {
            pending.append(op, Op.WAITING_FOR_SPACE);
        } else {
            op.pendingState = Op.WAITING_FOR_SPACE;
        }
        if (pending.first() == op || !starved || op.opcode == OpCode.TRIM) {
            attempt(op);
        }
    }

    /** A read that finds no free job keeps its place in the order: later overlapping writes wait behind it. */
    private void startRead(final Op op, final boolean listed) {
        if (reads.canStart()) {
            if (listed) {
                pending.remove(op);
            }
            reads.start(op);
        } else if (listed) {
            op.pendingState = Op.WAITING_FOR_JOB;
        } else {
            pending.append(op, Op.WAITING_FOR_JOB);
        }
    }

    int step() {
        int work = 0;
        starved = false;
        round++;
        Op op = pending.first();
        while (op != null) {
            final Op next = op.pendingNext;
            if (!op.mutates() || op.client.firstWriteOf(round)) {
                work += go(op);
                if (op.pendingState == Op.NOT_PENDING) {
                    op.client.writeLeft();
                }
            }
            op = next;
        }
        if (starved && judge.exhausted()) {
            work += failStarved(OpStatus.OUT_OF_SPACE);
        } else if (starved && judge.waitsForAnchor()) {
            work += failStarved(OpStatus.ANCHOR_STALLED);
        } else if (starved && judge.waitsForSync()) {
            work += failStarved(OpStatus.EPOCH_TOO_LARGE);
        }
        return work;
    }

    /** Goes on with one waiting request; 1 when it made a step. */
    private int go(final Op op) {
        switch (op.pendingState) {
            case Op.BLOCKED -> {
                if (!pending.conflictsBefore(op, op)) {
                    start(op, true);
                    return 1;
                }
            }
            case Op.WAITING_FOR_JOB -> {
                if (reads.canStart()) {
                    startRead(op, true);
                    return 1;
                }
            }
            case Op.EDGES_READ, Op.WAITING_FOR_SPACE -> {
                return (!starved || op.opcode == OpCode.TRIM) && attempt(op) ? 1 : 0;
            }
            default -> {
                // Its edges are being read.
            }
        }
        return 0;
    }

    private int failStarved(final int status) {
        int failed = 0;
        Op op = pending.first();
        while (op != null) {
            final Op next = op.pendingNext;
            if (op.pendingState == Op.WAITING_FOR_SPACE) {
                end(op, status);
                failed++;
            }
            op = next;
        }
        return failed;
    }

    /** Places the request if the whole of it fits; true when it has left the list or made a step. */
    private boolean attempt(final Op op) {
        final int refusal = state.writeRefusal();
        if (refusal != OpStatus.OK) {
            end(op, refusal);
            return true;
        }
        if (op.edges == null && needsEdges(op)) {
            return startEdges(op);
        }
        if (op.edges != null && op.edges.status != OpStatus.OK) {
            end(op, op.edges.status);
            return true;
        }
        final long inner = innerBlocks(op);
        final boolean zeroing = op.opcode != OpCode.WRITE;
        final int blocks = zeroing ? edgeCount(op) : (int) (op.lastLba - op.firstLba + 1);
        if (state.config.strictEpochs && blocks > 0
            && chunks.epochBytes() + (long) blocks * Geometry.BLOCK_BYTES > epochBytesMax) {
            end(op, OpStatus.EPOCH_TOO_LARGE);
            return true;
        }
        final int cells = zeroing && inner > 0 ? 1 : 0;
        final boolean points = inner <= POINT_TRIM_BLOCKS;
        final int records = blocks + (cells > 0 && points ? (int) inner : 0);
        if (state.sessionsFull || !index.hasRoom(records, cells > 0 && !points ? 2 : 0)
            || !(blocks == 0 ? chunks.canPlaceTrims(cells) : chunks.canPlace(LogStream.USER, blocks, cells))) {
            op.pendingState = Op.WAITING_FOR_SPACE;
            starved = true;
            return false;
        }
        place(op, zeroing, inner);
        if (!state.config.strictEpochs && chunks.epochBytes() > epochBytesMax) {
            commits.requestEngineCommit();
        }
        return true;
    }

    private void place(final Op op, final boolean zeroing, final long inner) {
        int status = OpStatus.OK;
        try {
            if (zeroing) {
                placeZeroes(op, inner);
            } else {
                for (long lba = op.firstLba; lba <= op.lastLba; lba++) {
                    compose(op, lba, false);
                    chunks.placeBlock(LogStream.USER, lba, plain);
                }
            }
            state.counters.userBytesWritten += op.lengthBytes;
        } catch (final IllegalStateException | IndexOutOfBoundsException bufferGone) {
            if (op.opcode == OpCode.WRITE && !op.buffer.scope().isAlive()) {
                status = OpStatus.BUFFER_GONE;
            } else {
                throw bufferGone;
            }
        }
        if (status == OpStatus.OK && op.fua) {
            release(op);
            commits.await(op);
        } else {
            end(op, status);
        }
    }

    private void placeZeroes(final Op op, final long inner) {
        if (op.edges != null && op.edges.hasHead) {
            compose(op, op.firstLba, true);
            chunks.placeBlock(LogStream.USER, op.firstLba, plain);
        }
        if (inner > 0) {
            final long first = firstInner(op);
            chunks.placeTrim(first, inner);
            index.trim(first, inner);
        }
        if (op.edges != null && op.edges.hasTail) {
            compose(op, op.lastLba, true);
            chunks.placeBlock(LogStream.USER, op.lastLba, plain);
        }
    }

    /** Makes the block's new content in private scratch; the caller's plaintext is read exactly once. */
    private void compose(final Op op, final long lba, final boolean zero) {
        final long blockStart = lba * Geometry.BLOCK_BYTES;
        final long from = Math.max(blockStart, op.offsetBytes);
        final long to = Math.min(blockStart + Geometry.BLOCK_BYTES, op.offsetBytes + op.lengthBytes);
        final int length = (int) (to - from);
        final int at = (int) (from - blockStart);
        if (length < Geometry.BLOCK_BYTES) {
            final byte[] old = op.edges.hasHead && lba == op.firstLba ? op.edges.head : op.edges.tail;
            System.arraycopy(old, 0, plain, 0, Geometry.BLOCK_BYTES);
        }
        if (zero) {
            Arrays.fill(plain, at, at + length, (byte) 0);
        } else {
            MemorySegment.copy(op.buffer, ValueLayout.JAVA_BYTE, op.bufferOffset + (from - op.offsetBytes), plain, at,
                length);
        }
    }

    // ---- partial blocks

    private static boolean partialHead(final Op op) {
        return op.offsetBytes % Geometry.BLOCK_BYTES != 0
            || op.firstLba == op.lastLba && (op.offsetBytes + op.lengthBytes) % Geometry.BLOCK_BYTES != 0;
    }

    private static boolean partialTail(final Op op) {
        return op.lastLba > op.firstLba && (op.offsetBytes + op.lengthBytes) % Geometry.BLOCK_BYTES != 0;
    }

    private static boolean needsEdges(final Op op) {
        return op.opcode != OpCode.TRIM && (partialHead(op) || partialTail(op));
    }

    private static int edgeCount(final Op op) {
        return op.opcode == OpCode.TRIM ? 0 : (partialHead(op) ? 1 : 0) + (partialTail(op) ? 1 : 0);
    }

    private static long firstInner(final Op op) {
        return op.firstLba + (partialHead(op) ? 1 : 0);
    }

    /** Blocks covered wholly: what a trim or write-zeroes turns into a trimmed range. */
    private static long innerBlocks(final Op op) {
        return op.lastLba - (partialTail(op) ? 1 : 0) - firstInner(op) + 1;
    }

    private boolean startEdges(final Op op) {
        final EdgeJob job = freeEdges;
        if (job == null || !reads.jobsFree(2)) {
            return false;
        }
        freeEdges = job.next;
        job.op = op;
        job.status = OpStatus.OK;
        job.hasHead = partialHead(op);
        job.hasTail = partialTail(op);
        job.reading = (job.hasHead ? 1 : 0) + (job.hasTail ? 1 : 0);
        op.edges = job;
        op.pendingState = Op.READING_EDGES;
        if (job.hasHead) {
            reads.startEdge(job, op.firstLba, job.head);
        }
        if (job.hasTail) {
            reads.startEdge(job, op.lastLba, job.tail);
        }
        return true;
    }

    private void release(final Op op) {
        if (op.edges != null) {
            final EdgeJob job = op.edges;
            Arrays.fill(job.head, (byte) 0);
            Arrays.fill(job.tail, (byte) 0);
            job.op = null;
            job.next = freeEdges;
            freeEdges = job;
            op.edges = null;
        }
        pending.remove(op);
    }

    private void end(final Op op, final int status) {
        release(op);
        op.complete(status);
    }
}
