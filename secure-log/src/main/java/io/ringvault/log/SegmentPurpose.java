package io.ringvault.log;

/**
 * What a segment is written for (docs/format.md section 5); the codes are on disk. Purposes 0 and 1 are also stream
 * numbers.
 */
public final class SegmentPurpose {
    /** Chunks of user writes. */
    public static final int USER = 0;
    /** Chunks of relocated blocks. */
    public static final int RELOCATION = 1;
    /** Blocks of write-once objects: tables and checkpoints. */
    public static final int OBJECT = 2;

    private SegmentPurpose() {
    }
}
