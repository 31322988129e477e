package io.ringvault.log;

/** The kind byte that begins every block's associated data ({@code docs/format.md}, section 2). */
public final class ObjectKind {
    /** A chunk summary; its associated data is the kind alone, so that a scan can open it. */
    public static final int SUMMARY = 1;
    /** A block of user data. */
    public static final int DATA = 2;
    /** Index records of a table. */
    public static final int TABLE_RECORDS = 3;
    /** Trimmed and lost ranges of a table. */
    public static final int TABLE_RANGES = 4;
    /** Fences of a table's record and range blocks. */
    public static final int TABLE_FENCES = 5;
    /** The head of a table. */
    public static final int TABLE_HEAD = 6;
    /** The root of a checkpoint. */
    public static final int CHECKPOINT_ROOT = 7;
    /** A page directory of a checkpoint. */
    public static final int CHECKPOINT_DIRECTORY = 8;
    /** A page of the segment table. */
    public static final int SEGMENT_PAGE = 9;
    /** A page of the session table. */
    public static final int SESSION_PAGE = 10;
    /** A page of the manifest. */
    public static final int MANIFEST_PAGE = 11;

    private static final String[] NAMES = {
        "none", "chunk summary", "data block", "table records", "table ranges", "table fences", "table head",
            "checkpoint root",
        "checkpoint directory", "segment table page", "session table page", "manifest page"
    };

    private ObjectKind() {
    }

    /** A name for messages. */
    public static String describe(final int kind) {
        return kind > 0 && kind < NAMES.length ? NAMES[kind] : "unknown kind " + kind;
    }
}
