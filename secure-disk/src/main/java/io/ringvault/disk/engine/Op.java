package io.ringvault.disk.engine;

import java.lang.foreign.MemorySegment;

/**
 * One client request inside the data agent, preallocated for each op slot of each client.
 *
 * <pre>
 *  IDLE ─intake→ ACTIVE ─┬─ read: a ReadJob works for it ──────────────┐
 *                        ├─ blocked behind an overlapping request ─────┤
 *                        ├─ waits for space or buffers ────────────────┤→ completed (IDLE)
 *                        ├─ reads the edges of a partial block ────────┤
 *                        └─ placed; waits for its commit (FUA, sync) ──┘
 * </pre>
 * Data agent only. The buffer is the caller's and is lent until the completion is polled.
 */
final class Op {
    /** Waiting position of an op that is not in the list of {@link PendingOps}. */
    static final int NOT_PENDING = 0;
    static final int BLOCKED = 1;
    static final int WAITING_FOR_SPACE = 2;
    static final int READING_EDGES = 3;
    static final int EDGES_READ = 4;
    static final int WAITING_FOR_JOB = 5;

    final ClientPort client;
    final int slot;

    int opcode;
    boolean fua;
    long offsetBytes;
    long lengthBytes;
    MemorySegment buffer;
    long bufferOffset;

    /** LBAs covered, also in part. */
    long firstLba;
    long lastLba;

    int pendingState;
    Op pendingPrevious;
    Op pendingNext;

    /** Edges of partial blocks being read, or null. */
    EdgeJob edges;

    /** Next op that waits for a commit, and the epoch it waits for. */
    Op commitNext;
    long commitEpoch;

    Op(final ClientPort client, final int slot) {
        this.client = client;
        this.slot = slot;
    }

    boolean mutates() {
        return opcode != io.ringvault.ring.OpCode.READ;
    }

    boolean overlaps(final Op other) {
        return firstLba <= other.lastLba && other.firstLba <= lastLba;
    }

    void complete(final int status) {
        buffer = null;
        client.complete(this, status);
    }
}
