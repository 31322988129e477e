package io.ringvault.log;

/**
 * Synchronous reads of 4096-byte blocks into private memory, for the control plane: opening, recovery, verification.
 * One thread.
 */
public interface BlockSource {

    /**
     * Reads {@code count} blocks from {@code block} on.
     *
     * @return false when the device failed ({@link #lastError} says how); the target's content is undefined then
     * @throws IllegalArgumentException for a range outside the device or the array
     */
    boolean read(long block, int count, byte[] target, int targetOffset);

    /** What the last failed operation said, with the place; empty when none failed. */
    String lastError();

    /** Whole blocks on the device. */
    long blocks();
}
