package io.ringvault.log;

/**
 * Reads and authenticates blocks of write-once objects, asynchronously. Called by one thread; never blocks.
 */
public interface ObjectReader {
    /** The block is on its way. */
    int PENDING = 0;
    /** The block is in the target, verified; the ticket is free again. */
    int READY = 1;
    /** Device error, stale place or bad tag; the target is wiped; the ticket is free again. */
    int FAILED = 2;

    /**
     * Starts a read.
     *
     * @param target4080 4080 bytes of private memory, the reader's until the ticket is READY or FAILED
     * @return a ticket, or -1 when no read can be started now: try later
     */
    int start(int kind, long objectId, int ordinal, long generation, int slot, byte[] target4080);

    /** State of a ticket: {@link #PENDING}, {@link #READY} or {@link #FAILED}; the latter two free it. */
    int state(int ticket);
}
