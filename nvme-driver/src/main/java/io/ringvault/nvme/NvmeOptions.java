package io.ringvault.nvme;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;

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

    /** URI parameter that selects a namespace. */
    public static final String NAMESPACE_KEY = "ns";

    private static final long HIGHEST_NAMESPACE = 0xFFFF_FFFEL;

    /**
     * What a device URI says to the driver, whatever the transport: {@code ns}, an unsigned namespace identifier (1 to
     * 4294967294); without it the first active namespace. Parameters of the transport are left to the provider.
     *
     * @throws StorageException CONFIGURATION when the identifier is none
     */
    public static NvmeOptions parse(final DeviceUri uri) {
        final String text = uri.parameters().get(NAMESPACE_KEY);
        return text == null ? DEFAULTS : DEFAULTS.withNamespace(namespace(uri.text(), text));
    }

    private static int namespace(final String uri, final String text) {
        long id = 0;
        for (int i = 0; i < text.length() && id <= HIGHEST_NAMESPACE; i++) {
            final char digit = text.charAt(i);
            id = digit >= '0' && digit <= '9' ? id * 10 + digit - '0' : Long.MAX_VALUE / 2;
        }
        if (id < 1 || id > HIGHEST_NAMESPACE) {
            throw StorageException.configuration("device '" + uri + "': ns=" + text
                + " is not a namespace identifier; write a number from 1 to " + HIGHEST_NAMESPACE
                + ", or leave it out for the first active namespace");
        }
        return (int) id;
    }

    /** The same for another namespace; 0 = the first active one. */
    public NvmeOptions withNamespace(final int id) {
        return new NvmeOptions(commandTimeoutMs, adminTimeoutMs, retries, queues, id);
    }

    /** The same with another I/O time-out. */
    public NvmeOptions withCommandTimeoutMs(final long timeoutMs) {
        return new NvmeOptions(timeoutMs, adminTimeoutMs, retries, queues, namespace);
    }

    /** The same with another number of retries. */
    public NvmeOptions withRetries(final int count) {
        return new NvmeOptions(commandTimeoutMs, adminTimeoutMs, count, queues, namespace);
    }
}
