package io.ringvault.nvme;

/**
 * What a user may choose about a driver.
 *
 * @param commandTimeoutMs how long an I/O command may take before its queue is given up, 1 or more
 * @param adminTimeoutMs   how long an admin command may take, 1 or more
 * @param retries          how often a command that failed with "do not retry" clear is sent again, 0..255
 * @param queues           I/O queue pairs to ask for, 1..65535
 * @param namespace        namespace identifier, or 0 for the first active one
 */
public record NvmeOptions(long commandTimeoutMs, long adminTimeoutMs, int retries, int queues, int namespace) {

    /** 30 s for I/O, 10 s for admin commands, 3 retries, up to 64 queues, the first namespace. */
    public static final NvmeOptions DEFAULTS = new NvmeOptions(30_000, 10_000, 3, 64, 0);

    /** The same with another I/O time-out. */
    public NvmeOptions withCommandTimeoutMs(final long timeoutMs) {
        return new NvmeOptions(timeoutMs, adminTimeoutMs, retries, queues, namespace);
    }

    /** The same with another number of retries. */
    public NvmeOptions withRetries(final int count) {
        return new NvmeOptions(commandTimeoutMs, adminTimeoutMs, count, queues, namespace);
    }
}
