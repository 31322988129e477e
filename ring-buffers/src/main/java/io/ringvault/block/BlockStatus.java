package io.ringvault.block;

/**
 * Completion status of a block request, packed in an int so that hot paths carry no objects.
 *
 * <pre>
 *  bit 31      30..24   23..16   15..8        7..0
 *  retryable   0        origin   status type  status code
 * </pre>
 * For NVMe the type and code are SCT and SC (NVM Express Base specification, "Status Field"); for files the code is
 * the errno.
 */
public final class BlockStatus {
    /** Success. */
    public static final int OK = 0;

    /** An NVMe completion status. */
    public static final int ORIGIN_NVME = 1;
    /** An operating system errno. */
    public static final int ORIGIN_ERRNO = 2;
    /** The driver itself: a time-out, a dead controller, an impossible answer. */
    public static final int ORIGIN_DRIVER = 3;

    /** Driver code: no completion within the time limit. */
    public static final int DRIVER_TIMEOUT = 1;
    /** Driver code: the controller is gone or reports a fatal state. */
    public static final int DRIVER_GONE = 2;
    /** Driver code: the device answered something that the specification forbids. */
    public static final int DRIVER_PROTOCOL = 3;
    /** Driver code: a fault injected by a test device. */
    public static final int DRIVER_INJECTED = 4;

    /**
     * Driver code of a flush only: the device was reset, so what had completed and was not flushed may be lost. Write
     * it again, acknowledge the reset ({@link BlockQueue#acknowledgeReset()}), then flush.
     */
    public static final int DRIVER_RESET = 5;
    /** Driver code: the namespace is not what it was when the device was opened. */
    public static final int DRIVER_CHANGED = 6;

    private static final int RETRYABLE = 1 << 31;

    private BlockStatus() {
    }

    /** Packs an error. {@code type} and {@code code} are 0..255; at least one of origin, type and code is not 0. */
    public static int error(final int origin, final int type, final int code, final boolean retryable) {
        return (retryable ? RETRYABLE : 0) | (origin & 0xFF) << 16 | (type & 0xFF) << 8 | code & 0xFF;
    }

    /**
     * Whether a flush ended because the device was reset: nothing failed, but what was not durable must be rewritten.
     */
    public static boolean isReset(final int status) {
        return origin(status) == ORIGIN_DRIVER && code(status) == DRIVER_RESET;
    }

    /** Whether the queue has ended for good, the device with it or not: no later request of it can succeed. */
    public static boolean isLost(final int status) {
        if (origin(status) != ORIGIN_DRIVER) {
            return false;
        }
        final int code = code(status);
        return code == DRIVER_GONE || code == DRIVER_PROTOCOL || code == DRIVER_CHANGED;
    }

    /** Whether the identical request may be sent again (NVMe: DNR clear). */
    public static boolean isRetryable(final int status) {
        return (status & RETRYABLE) != 0;
    }

    /** {@link #ORIGIN_NVME}, {@link #ORIGIN_ERRNO} or {@link #ORIGIN_DRIVER}; 0 for success. */
    public static int origin(final int status) {
        return status >>> 16 & 0xFF;
    }

    /** NVMe status code type; 0 elsewhere. */
    public static int type(final int status) {
        return status >>> 8 & 0xFF;
    }

    /** NVMe status code, errno, or a {@code DRIVER_} code. */
    public static int code(final int status) {
        return status & 0xFF;
    }

    /** A short text for messages, never for the hot path. */
    public static String describe(final int status) {
        return switch (origin(status)) {
            case 0 -> "ok";
            case ORIGIN_NVME -> String.format("NVMe status sct 0x%x sc 0x%02x%s", type(status), code(status),
                isRetryable(status) ? "" : " (do not retry)");
            case ORIGIN_ERRNO -> "errno " + code(status);
            default -> switch (code(status)) {
                case DRIVER_TIMEOUT -> "no completion in time";
                case DRIVER_GONE -> "the controller is gone";
                case DRIVER_PROTOCOL -> "the device broke the protocol";
                case DRIVER_INJECTED -> "injected fault";
                case DRIVER_RESET -> "the controller was reset: what no flush had made durable may be lost";
                case DRIVER_CHANGED -> "the namespace changed while it was in use";
                default -> "driver error " + code(status);
            };
        };
    }
}
