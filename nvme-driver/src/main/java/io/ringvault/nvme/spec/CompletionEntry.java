package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;

/**
 * Completion Queue Entry: NVM Express Base 2.1, section 4.2.1.
 *
 * <pre>
 *  00h command specific          04h command specific
 *  08h SQ head 15:0, SQ id 31:16
 *  0Ch command id 15:0, phase 16, status 31:17
 * </pre>
 * Dword 3 is read first, once, with acquire: only when its phase bit has turned do the other dwords mean anything.
 */
public final class CompletionEntry {
    /** Bytes of one entry. */
    public static final int LENGTH = 16;
    /** log2 of {@link #LENGTH}. */
    public static final int LENGTH_SHIFT = 4;
    /** Command-specific result. */
    public static final int DW0_OFFSET = 0x00;
    /** Submission queue head and identifier. */
    public static final int DW2_OFFSET = 0x08;
    /** Command identifier, phase and status. */
    public static final int DW3_OFFSET = 0x0C;

    private CompletionEntry() {
    }

    /** Dword 3, by one acquire load. */
    public static int dword3Acquire(final MemorySegment segment, final long offset) {
        return (int) Wire.INT.getAcquire(segment, offset + DW3_OFFSET);
    }

    /** Dword 2. */
    public static int dword2(final MemorySegment segment, final long offset) {
        return segment.get(Wire.U32, offset + DW2_OFFSET);
    }

    /** Dword 0, the result of Set Features and the like. */
    public static int dword0(final MemorySegment segment, final long offset) {
        return segment.get(Wire.U32, offset + DW0_OFFSET);
    }

    /** Command identifier. */
    public static int commandId(final int dword3) {
        return dword3 & 0xFFFF;
    }

    /** Phase tag, 0 or 1. */
    public static int phase(final int dword3) {
        return dword3 >>> 16 & 1;
    }

    /** The 15-bit status, to be read with {@link StatusField}; 0 is success. */
    public static int status(final int dword3) {
        return dword3 >>> 17;
    }

    /** How far the controller has consumed the submission queue. */
    public static int submissionHead(final int dword2) {
        return dword2 & 0xFFFF;
    }

    /** The submission queue that the command came from. */
    public static int submissionQueue(final int dword2) {
        return dword2 >>> 16;
    }
}
