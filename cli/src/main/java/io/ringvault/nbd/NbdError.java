package io.ringvault.nbd;

/**
 * Error numbers of the NBD protocol (doc/proto.md, "Error values"); 0 is success. Fixed on the wire, whatever the
 * platform.
 */
public final class NbdError {
    public static final int OK = 0;
    /** The export is read-only. */
    public static final int EPERM = 1;
    /** The request failed below, or was damaged. */
    public static final int EIO = 5;
    public static final int ENOMEM = 12;
    /** An impossible request. */
    public static final int EINVAL = 22;
    /** No space left, or a write beyond the end. */
    public static final int ENOSPC = 28;
    /** A read that may not be fragmented is too long for one piece. */
    public static final int EOVERFLOW = 75;
    /** A fast zero was asked for where zeroing is not faster than writing. */
    public static final int ENOTSUP = 95;
    /** The server is going away. */
    public static final int ESHUTDOWN = 108;

    private NbdError() {
    }

    /** A short text for error chunks. */
    static String describe(final int error) {
        return switch (error) {
            case EPERM -> "the export is read-only";
            case EIO -> "the disk reports an I/O or integrity error";
            case ENOMEM -> "out of memory";
            case EINVAL -> "invalid request";
            case ENOSPC -> "no space left";
            case EOVERFLOW -> "too long for one unfragmented reply";
            case ENOTSUP -> "not supported";
            case ESHUTDOWN -> "shutting down";
            default -> "error " + error;
        };
    }
}
