package io.ringvault.block;

/** How a device is opened; where the device can be locked, the lock is held on the descriptor that does the I/O. */
public enum OpenMode {
    /** Exclusive lock; reads and writes. */
    READ_WRITE,
    /** Shared lock; writes, deallocations and flushes are refused. */
    READ_ONLY
}
