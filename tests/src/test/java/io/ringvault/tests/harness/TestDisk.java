package io.ringvault.tests.harness;

/**
 * A disk as a test sees it: blocking calls on one thread. Offsets and lengths are in bytes; whatever the disk accepts
 * may be
 * asked for, blocks or parts of blocks.
 */
public interface TestDisk extends AutoCloseable {

    /** Capacity in bytes. */
    long sizeBytes();

    /** Writes; complete on return, durable only after a sync. */
    void write(long offset, byte[] source, int sourceOffset, int length);

    /** Reads. */
    void read(long offset, byte[] target, int targetOffset, int length);

    /** Makes durable every write completed before the call. */
    void sync();

    /** From here on the range reads as zeros. Whole blocks. */
    void trim(long offset, long length);

    /** From here on the range reads as zeros. */
    void writeZeroes(long offset, long length);

    /** Begins a new session while in use; nothing for a disk that has none. */
    default void rollSession() {
    }

    /** Begins to move everything under a new volume key; nothing for a disk that has none. */
    default void rotateKey() {
    }

    /** Lets background work go on for a number of steps. */
    void idle(int steps);

    /** Forgets the disk without any I/O, as a crash of the process does. */
    void abandon();

    /** Closes in good order. */
    @Override
    void close();
}
