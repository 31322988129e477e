package io.ringvault.ring;

import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;

/** How a request ended; ints, since they travel in records. The numbers are stable. */
public final class OpStatus {
    /** Done. */
    public static final int OK = 0;
    /** The device failed. */
    public static final int IO_ERROR = 1;
    /** What is stored does not verify. No bytes were returned. */
    public static final int INTEGRITY = 2;
    /** The content was unreadable when it had to be moved; an error until it is overwritten. */
    public static final int LOST = 3;
    /** An earlier failure made the volume read-only. */
    public static final int POISONED = 4;
    /** No space left. */
    public static final int OUT_OF_SPACE = 5;
    /** The volume was opened read-only. */
    public static final int READ_ONLY = 6;
    /** The disk is closed or closing. */
    public static final int CLOSED = 7;
    /** The caller's buffer was closed while it was lent. */
    public static final int BUFFER_GONE = 8;
    /**
     * The commit is durable but the freshness anchor could not be advanced. What the request asked for has been done,
     * and a later sync asks the anchor again.
     */
    public static final int ANCHOR_FAILED = 9;
    /** Strict epochs: too much was written since the last sync; sync, then go on. */
    public static final int EPOCH_TOO_LARGE = 10;
    /** The request itself is wrong: range, alignment, opcode or flags. */
    public static final int INVALID = 11;
    /** Writes wait for a freshness anchor that does not answer. Nothing was written. */
    public static final int ANCHOR_STALLED = 12;

    private OpStatus() {
    }

    /** A few words, for messages. */
    public static String describe(final int status) {
        return switch (status) {
            case OK -> "ok";
            case IO_ERROR -> "the device failed";
            case INTEGRITY -> "the stored data does not verify: damaged or tampered with";
            case LOST -> "the data was lost to an earlier read failure; overwrite it to clear the error";
            case POISONED -> "the volume is read-only after an earlier failure; reopen it";
            case OUT_OF_SPACE -> "no space left; trim, or write less";
            case READ_ONLY -> "the volume is open read-only";
            case CLOSED -> "the disk is closed";
            case BUFFER_GONE -> "the buffer was closed before the request completed; keep its arena open";
            case ANCHOR_FAILED -> "the freshness anchor could not be advanced";
            case EPOCH_TOO_LARGE -> "too much was written since the last sync; sync, then go on";
            case INVALID -> "the request is invalid";
            case ANCHOR_STALLED -> "writes wait for the freshness anchor, which does not answer; nothing was written,"
                + " try again when it does";
            default -> "status " + status;
        };
    }

    /** Which category, and so which exit code, an error status belongs to. */
    public static Category category(final int status) {
        return switch (status) {
            case INTEGRITY, LOST -> Category.INTEGRITY;
            case ANCHOR_FAILED, ANCHOR_STALLED -> Category.FRESHNESS;
            case OUT_OF_SPACE, EPOCH_TOO_LARGE -> Category.OUT_OF_SPACE;
            case READ_ONLY, CLOSED, BUFFER_GONE, INVALID -> Category.CONFIGURATION;
            default -> Category.IO;
        };
    }

    /**
     * The exception for an error status, for blocking callers.
     *
     * @param what the request, for example {@code "read of 4096 bytes at 8192"}
     */
    public static StorageException toException(final int status, final String what) {
        if (status == OK) {
            throw new IllegalArgumentException("ok is no error: " + what);
        }
        return new StorageException(category(status), what + ": " + describe(status));
    }
}
