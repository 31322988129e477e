package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;

/**
 * Identify Controller data structure, 4096 bytes: NVM Express Base 2.1, section 5.1.13.2.1. Read from a private copy
 * only, as the device could change its own memory between two looks.
 */
public final class IdentifyController {
    /** Bytes of the structure. */
    public static final int LENGTH = 4096;
    /** CNS value that asks for it. */
    public static final int CNS = 0x01;
    /** Serial number, 20 ASCII bytes. */
    public static final int SN_OFFSET = 4;
    /** Model number, 40 ASCII bytes. */
    public static final int MN_OFFSET = 24;
    /** Firmware revision, 8 ASCII bytes. */
    public static final int FR_OFFSET = 64;
    /** Maximum data transfer size: 2^n smallest pages, 0 = no limit. */
    public static final int MDTS_OFFSET = 77;
    /** Optional asynchronous events supported, 32 bits. */
    public static final int OAES_OFFSET = 92;
    /** Optional admin command support, 16 bits. */
    public static final int OACS_OFFSET = 256;
    /** Abort command limit, less one. */
    public static final int ACL_OFFSET = 258;
    /** Asynchronous event request limit, less one. */
    public static final int AERL_OFFSET = 259;
    /** Submission entry sizes: required 3:0, maximum 7:4, as log2. */
    public static final int SQES_OFFSET = 512;
    /** Completion entry sizes: required 3:0, maximum 7:4, as log2. */
    public static final int CQES_OFFSET = 513;
    /** Number of namespaces: the highest valid namespace identifier. */
    public static final int NN_OFFSET = 516;
    /** Optional NVM command support. */
    public static final int ONCS_OFFSET = 520;
    /** Volatile write cache: present in bit 0. */
    public static final int VWC_OFFSET = 525;

    private static final int ONCS_DATASET_MANAGEMENT = 1 << 2;
    private static final int ONCS_WRITE_ZEROES = 1 << 3;

    private IdentifyController() {
    }

    /** SN. */
    public static String serialNumber(final MemorySegment data) {
        return Wire.ascii(data, SN_OFFSET, 20);
    }

    /** MN. */
    public static String modelNumber(final MemorySegment data) {
        return Wire.ascii(data, MN_OFFSET, 40);
    }

    /** FR. */
    public static String firmwareRevision(final MemorySegment data) {
        return Wire.ascii(data, FR_OFFSET, 8);
    }

    /** MDTS as an exponent over the smallest page, 0..255; 0 means no limit. */
    public static int maximumTransferExponent(final MemorySegment data) {
        return Wire.u8(data, MDTS_OFFSET);
    }

    /** Whether entries of 64 and 16 bytes lie within what the controller requires and allows. */
    public static boolean standardEntrySizes(final MemorySegment data) {
        return within(Wire.u8(data, SQES_OFFSET), SubmissionEntry.LENGTH_SHIFT)
            && within(Wire.u8(data, CQES_OFFSET), CompletionEntry.LENGTH_SHIFT);
    }

    /** NN, unsigned. */
    public static long namespaces(final MemorySegment data) {
        return data.get(Wire.U32, NN_OFFSET) & 0xFFFF_FFFFL;
    }

    /** ONCS bit 2. */
    public static boolean datasetManagement(final MemorySegment data) {
        return (Wire.u16(data, ONCS_OFFSET) & ONCS_DATASET_MANAGEMENT) != 0;
    }

    /** ONCS bit 3. */
    public static boolean writeZeroes(final MemorySegment data) {
        return (Wire.u16(data, ONCS_OFFSET) & ONCS_WRITE_ZEROES) != 0;
    }

    /** VWC bit 0: completed writes may be lost by a power failure until flushed. */
    public static boolean volatileWriteCache(final MemorySegment data) {
        return (Wire.u8(data, VWC_OFFSET) & 1) != 0;
    }

    /** OAES: the notices that the controller can report. */
    public static int asyncEvents(final MemorySegment data) {
        return data.get(Wire.U32, OAES_OFFSET);
    }

    /** OACS bit 8: Doorbell Buffer Config is there. */
    public static boolean doorbellBufferConfig(final MemorySegment data) {
        return (Wire.u16(data, OACS_OFFSET) >>> 8 & 1) != 0;
    }

    /** ACL: Abort commands that may be outstanding at once, 1..256. */
    public static int abortLimit(final MemorySegment data) {
        return Wire.u8(data, ACL_OFFSET) + 1;
    }

    /** AERL: event requests that may be outstanding at once, 1..256. */
    public static int asyncEventLimit(final MemorySegment data) {
        return Wire.u8(data, AERL_OFFSET) + 1;
    }

    private static boolean within(final int sizes, final int shift) {
        return (sizes & 0xF) <= shift && shift <= sizes >>> 4;
    }
}
