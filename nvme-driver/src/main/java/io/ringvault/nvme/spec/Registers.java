package io.ringvault.nvme.spec;

/**
 * Controller properties in memory-mapped space: NVM Express Base 2.1, section 3.1.4, and the doorbells of the PCIe
 * Transport Specification 1.1, section 3.1.2.
 *
 * <pre>
 *  00h CAP (64)   08h VS   0Ch INTMS   10h INTMC   14h CC   1Ch CSTS   20h NSSR
 *  24h AQA        28h ASQ (64)         30h ACQ (64)
 *  1000h + (2y)     * (4 &lt;&lt; DSTRD)   tail of submission queue y
 *  1000h + (2y + 1) * (4 &lt;&lt; DSTRD)   head of completion queue y
 * </pre>
 */
public final class Registers {
    /** Controller Capabilities, 64 bits, read-only. */
    public static final int CAP_OFFSET = 0x00;
    /** Version, 32 bits, read-only. */
    public static final int VS_OFFSET = 0x08;
    /** Interrupt Mask Set. */
    public static final int INTMS_OFFSET = 0x0C;
    /** Controller Configuration, 32 bits. */
    public static final int CC_OFFSET = 0x14;
    /** Controller Status, 32 bits. */
    public static final int CSTS_OFFSET = 0x1C;
    /** Admin Queue Attributes, 32 bits. */
    public static final int AQA_OFFSET = 0x24;
    /** Admin Submission Queue base address, 64 bits. */
    public static final int ASQ_OFFSET = 0x28;
    /** Admin Completion Queue base address, 64 bits. */
    public static final int ACQ_OFFSET = 0x30;
    /** The first doorbell. */
    public static final int DOORBELLS_OFFSET = 0x1000;

    /** CC: enable. */
    public static final int CC_EN = 1;
    /** CC: I/O command set "NVM" (bits 6:4 are 0). */
    public static final int CC_CSS_NVM = 0;
    /** CC: normal shutdown (bits 15:14 are 01b). */
    public static final int CC_SHN_NORMAL = 1 << 14;
    /** CC: mask of the shutdown notification. */
    public static final int CC_SHN_MASK = 3 << 14;
    /** CC: submission entries of 2^6 bytes (bits 19:16). */
    public static final int CC_IOSQES_64 = 6 << 16;
    /** CC: completion entries of 2^4 bytes (bits 23:20). */
    public static final int CC_IOCQES_16 = 4 << 20;

    /** CSTS: ready. */
    public static final int CSTS_RDY = 1;
    /** CSTS: fatal status. */
    public static final int CSTS_CFS = 1 << 1;
    /** CSTS: an NVM subsystem reset has happened; written to clear. */
    public static final int CSTS_NSSRO = 1 << 4;
    /** What a register reads as when the device has gone from the bus. */
    public static final int ALL_ONES = -1;

    private static final int CSTS_SHST_SHIFT = 2;
    private static final int SHST_COMPLETE = 2;
    private static final long TIMEOUT_UNIT_MS = 500;

    private Registers() {
    }

    /**
     * CAP.MQES: the most entries that an I/O queue may have, 1..65536 (stored less one; 1 is forbidden by the
     * standard).
     */
    public static int maximumQueueEntries(final long cap) {
        return (int) (cap & 0xFFFF) + 1;
    }

    /** CAP.CQR: queues must be physically contiguous. */
    public static boolean contiguousQueuesRequired(final long cap) {
        return (cap >>> 16 & 1) != 0;
    }

    /** CAP.TO: the longest time in milliseconds that CSTS.RDY takes to follow CC.EN. */
    public static long readyTimeoutMs(final long cap) {
        return (cap >>> 24 & 0xFF) * TIMEOUT_UNIT_MS;
    }

    /** CAP.DSTRD: bytes from one doorbell to the next, 4 &lt;&lt; 0..15. */
    public static int doorbellStrideBytes(final long cap) {
        return 4 << (int) (cap >>> 32 & 0xF);
    }

    /** CAP.CSS bit 0: the NVM command set is supported. */
    public static boolean nvmCommandSet(final long cap) {
        return (cap >>> 37 & 1) != 0;
    }

    /** CAP.MPSMIN: log2 of the smallest memory page in bytes, 12..27. */
    public static int minimumPageShift(final long cap) {
        return 12 + (int) (cap >>> 48 & 0xF);
    }

    /** CAP.MPSMAX: log2 of the largest memory page in bytes, 12..27. */
    public static int maximumPageShift(final long cap) {
        return 12 + (int) (cap >>> 52 & 0xF);
    }

    /** CC as the driver sets it: enabled, 4 KiB pages, NVM command set, round robin, standard entry sizes. */
    public static int enable() {
        return CC_EN | CC_CSS_NVM | CC_IOSQES_64 | CC_IOCQES_16;
    }

    /** AQA: both admin queue sizes in entries, 2..4096. */
    public static int adminQueueAttributes(final int submissionEntries, final int completionEntries) {
        return completionEntries - 1 << 16 | submissionEntries - 1;
    }

    /** CSTS.SHST is 10b: shutdown processing complete. */
    public static boolean shutdownComplete(final int csts) {
        return (csts >>> CSTS_SHST_SHIFT & 3) == SHST_COMPLETE;
    }

    /** Byte offset of a submission queue's tail doorbell from {@link #DOORBELLS_OFFSET}. */
    public static long submissionDoorbell(final int queue, final int strideBytes) {
        return 2L * queue * strideBytes;
    }

    /** Byte offset of a completion queue's head doorbell from {@link #DOORBELLS_OFFSET}. */
    public static long completionDoorbell(final int queue, final int strideBytes) {
        return (2L * queue + 1) * strideBytes;
    }

    /** VS as text, for example {@code 1.4.0}. */
    public static String version(final int vs) {
        return (vs >>> 16) + "." + (vs >>> 8 & 0xFF) + "." + (vs & 0xFF);
    }
}
