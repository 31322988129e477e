package io.ringvault.disk.engine;

import io.ringvault.lsm.Found;
import io.ringvault.lsm.IndexVersion;

/**
 * One read on its way: every block is looked up first (memtable at once, tables of the pinned version as their index
 * blocks arrive), then fetched in runs of neighbouring places.
 *
 * <pre>
 *  FREE → LOOKING_UP ⇄ (waits for an index block or a loader slot) → FETCHING ⇄ (waits for a read buffer) → FREE
 * </pre>
 * Data agent only; preallocated.
 */
final class ReadJob {
    static final int BLOCKS_MAX = 257;

    /** Not in the memtable: to be looked up in the pinned version. */
    static final byte UNRESOLVED = 0;
    static final byte PLACED = 1;
    static final byte ZERO = 2;
    static final byte LOST = 3;
    static final byte BROKEN = 4;

    final int index;
    final Found found = new Found();
    final byte[] kinds = new byte[BLOCKS_MAX];
    final long[] generations = new long[BLOCKS_MAX];
    final int[] slots = new int[BLOCKS_MAX];
    final long[] tag0 = new long[BLOCKS_MAX];
    final long[] tag1 = new long[BLOCKS_MAX];

    /** The request, or null when an edge is read. */
    Op op;
    EdgeJob edge;
    byte[] edgeTarget;
    long firstLba;
    int count;
    IndexVersion version;
    int lookedUp;
    int fetched;
    int outstanding;
    int status;
    /** Order of arrival; a segment is freed only when every read issued before it became empty has ended. */
    long serial;
    boolean active;
    boolean retrying;
    ReadJob activeNext;
    ReadJob activePrevious;
    ReadJob retryNext;

    ReadJob(final int index) {
        this.index = index;
    }
}
