package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;

/**
 * Submission Queue Entry: NVM Express Base 2.1, section 4.1, with the I/O command dwords of NVM Command Set 1.1,
 * section 3.3.
 *
 * <pre>
 *  00h CDW0: opcode 7:0, fused 9:8, PSDT 15:14 (0 = PRP), command id 31:16
 *  04h NSID        08h CDW2, CDW3    10h MPTR (64)
 *  18h PRP1 (64)   20h PRP2 (64)
 *  28h CDW10 | CDW11   (read, write, write zeroes: starting LBA, 64 bits)
 *  30h CDW12 | CDW13   (CDW12: blocks less one 15:0, DEAC 25, PRINFO 29:26, FUA 30)
 *  38h CDW14 | CDW15   (CDW14: initial reference tag)
 * </pre>
 */
public final class SubmissionEntry {
    /** Bytes of one entry. */
    public static final int LENGTH = 64;
    /** log2 of {@link #LENGTH}. */
    public static final int LENGTH_SHIFT = 6;
    /** Command dword 0 and, in the upper half, the namespace. */
    public static final int CDW0_OFFSET = 0x00;
    /** Namespace identifier. */
    public static final int NSID_OFFSET = 0x04;
    /** Command dwords 2 and 3. */
    public static final int CDW2_OFFSET = 0x08;
    /** Metadata pointer. */
    public static final int MPTR_OFFSET = 0x10;
    /** First physical region page. */
    public static final int PRP1_OFFSET = 0x18;
    /** Second physical region page, or the page of the list. */
    public static final int PRP2_OFFSET = 0x20;
    /** Command dwords 10 and 11. */
    public static final int CDW10_OFFSET = 0x28;
    /** Command dwords 12 and 13. */
    public static final int CDW12_OFFSET = 0x30;
    /** Command dwords 14 and 15. */
    public static final int CDW14_OFFSET = 0x38;

    /** CDW12 of write: force unit access. */
    public static final int FUA = 1 << 30;
    /** CDW12 of write zeroes: the range may be deallocated. */
    public static final int DEALLOCATE = 1 << 25;
    /** CDW12 of read, write, write zeroes: the controller inserts protection information, or strips it (PRACT). */
    public static final int PROTECTION_ACTION = 1 << 29;
    /** CDW12 of read: check the guard of each block (PRCHK). */
    public static final int CHECK_GUARD = 1 << 28;
    /** CDW12 of read: check the reference tag of each block (PRCHK); not with type 3. */
    public static final int CHECK_REFERENCE = 1 << 26;
    /** CDW11 of dataset management: attribute "deallocate". */
    public static final int ATTRIBUTE_DEALLOCATE = 1 << 2;
    /** CDW12 of read, write and write zeroes counts blocks in 16 bits, less one. */
    public static final int MAXIMUM_BLOCKS = 1 << 16;

    private SubmissionEntry() {
    }

    /** Writes a whole entry by eight 64-bit stores; every byte is set. */
    public static void encode(final MemorySegment segment, final long offset, final int opcode, final int commandId,
                              final int nsid, final long prp1, final long prp2, final long cdw10and11,
                              final int cdw12) {
        encode(segment, offset, opcode, commandId, nsid, 0, prp1, prp2, cdw10and11, cdw12, 0);
    }

    /** The same with a metadata pointer and command dword 14. */
    public static void encode(final MemorySegment segment, final long offset, final int opcode, final int commandId,
                              final int nsid, final long mptr, final long prp1, final long prp2,
                              final long cdw10and11, final int cdw12, final int cdw14) {
        segment.set(Wire.U64, offset + CDW0_OFFSET,
            (long) nsid << 32 | (commandId & 0xFFFFL) << 16 | opcode & 0xFF);
        segment.set(Wire.U64, offset + CDW2_OFFSET, 0);
        segment.set(Wire.U64, offset + MPTR_OFFSET, mptr);
        segment.set(Wire.U64, offset + PRP1_OFFSET, prp1);
        segment.set(Wire.U64, offset + PRP2_OFFSET, prp2);
        segment.set(Wire.U64, offset + CDW10_OFFSET, cdw10and11);
        segment.set(Wire.U64, offset + CDW12_OFFSET, cdw12 & 0xFFFF_FFFFL);
        segment.set(Wire.U64, offset + CDW14_OFFSET, cdw14 & 0xFFFF_FFFFL);
    }

    /** Packs CDW10 and CDW11 as {@link #encode} wants them. */
    public static long dwords(final int cdw10, final int cdw11) {
        return (long) cdw11 << 32 | cdw10 & 0xFFFF_FFFFL;
    }
}
