package io.ringvault.nvme;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;

/**
 * What a user may choose about a driver.
 *
 * @param commandTimeoutMs  how long an I/O command may take before the controller is asked to abort it, 1 or more
 * @param adminTimeoutMs    how long an admin command may take before the controller is reset, 1 or more
 * @param retries           how often a command that failed with "do not retry" clear is sent again, 0..255
 * @param queues            I/O queue pairs to ask for, 1..65535
 * @param namespace         namespace identifier, or 0 for the first active one
 * @param resetsPerMinute   how often a minute the controller is reset before it is given up, 0 = never reset
 * @param shadowDoorbells   use shadow doorbells where the controller offers them
 */
public record NvmeOptions(long commandTimeoutMs, long adminTimeoutMs, int retries, int queues, int namespace,
                          int resetsPerMinute, boolean shadowDoorbells) {

    /** 30 s for I/O, 10 s for admin commands, 3 retries, up to 64 queues, the first namespace, 3 resets a minute. */
    public static final NvmeOptions DEFAULTS = new NvmeOptions(30_000, 10_000, 3, 64, 0);

    private static final int RESETS_PER_MINUTE = 3;

    /** URI parameter: {@code shadow=off} keeps to doorbell registers. */
    public static final String SHADOW_KEY = "shadow";

    /** URI parameter: time limit of an I/O command in milliseconds. */
    public static final String TIMEOUT_KEY = "timeout";

    /** URI parameter: time limit of an admin command in milliseconds. */
    public static final String ADMIN_TIMEOUT_KEY = "admin-timeout";

    /** With the default number of resets, and shadow doorbells where offered. */
    public NvmeOptions(final long commandTimeoutMs, final long adminTimeoutMs, final int retries, final int queues,
                       final int namespace) {
        this(commandTimeoutMs, adminTimeoutMs, retries, queues, namespace, RESETS_PER_MINUTE, true);
    }

    /** URI parameter that selects a namespace. */
    public static final String NAMESPACE_KEY = "ns";

    private static final long HIGHEST_NAMESPACE = 0xFFFF_FFFEL;

    /**
     * What a device URI says to the driver, whatever the transport: {@code ns}, an unsigned namespace identifier (1 to
     * 4294967294), without it the first active namespace; {@code shadow=on|off}; {@code timeout} and {@code
     * admin-timeout} in milliseconds. Parameters of the transport are left to the provider.
     *
     * @throws StorageException CONFIGURATION when a value is out of its range
     */
    public static NvmeOptions parse(final DeviceUri uri) {
        final String text = uri.parameters().get(NAMESPACE_KEY);
        final String shadow = uri.parameters().getOrDefault(SHADOW_KEY, "on");
        if (!shadow.equals("on") && !shadow.equals("off")) {
            throw StorageException.configuration("device '" + uri.text() + "': shadow=" + shadow
                + " must be on or off");
        }
        return new NvmeOptions(milliseconds(uri, TIMEOUT_KEY, DEFAULTS.commandTimeoutMs),
            milliseconds(uri, ADMIN_TIMEOUT_KEY, DEFAULTS.adminTimeoutMs), DEFAULTS.retries, DEFAULTS.queues,
            text == null ? DEFAULTS.namespace : namespace(uri.text(), text), DEFAULTS.resetsPerMinute,
            shadow.equals("on"));
    }

    private static long milliseconds(final DeviceUri uri, final String key, final long otherwise) {
        final String text = uri.parameters().get(key);
        if (text == null) {
            return otherwise;
        }
        if (!text.matches("[1-9][0-9]{0,7}")) {
            throw StorageException.configuration("device '" + uri.text() + "': " + key + "=" + text
                + " is not a number of milliseconds from 1 to 99999999");
        }
        return Long.parseLong(text);
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
        return new NvmeOptions(commandTimeoutMs, adminTimeoutMs, retries, queues, id, resetsPerMinute,
            shadowDoorbells);
    }

    /** The same with another I/O time-out. */
    public NvmeOptions withCommandTimeoutMs(final long timeoutMs) {
        return new NvmeOptions(timeoutMs, adminTimeoutMs, retries, queues, namespace, resetsPerMinute,
            shadowDoorbells);
    }

    /** The same with another admin time-out. */
    public NvmeOptions withAdminTimeoutMs(final long timeoutMs) {
        return new NvmeOptions(commandTimeoutMs, timeoutMs, retries, queues, namespace, resetsPerMinute,
            shadowDoorbells);
    }

    /** The same with another number of resets a minute. */
    public NvmeOptions withResetsPerMinute(final int count) {
        return new NvmeOptions(commandTimeoutMs, adminTimeoutMs, retries, queues, namespace, count, shadowDoorbells);
    }

    /** The same with or without shadow doorbells. */
    public NvmeOptions withShadowDoorbells(final boolean use) {
        return new NvmeOptions(commandTimeoutMs, adminTimeoutMs, retries, queues, namespace, resetsPerMinute, use);
    }

    /** The same with another number of retries. */
    public NvmeOptions withRetries(final int count) {
        return new NvmeOptions(commandTimeoutMs, adminTimeoutMs, count, queues, namespace, resetsPerMinute,
            shadowDoorbells);
    }
}
