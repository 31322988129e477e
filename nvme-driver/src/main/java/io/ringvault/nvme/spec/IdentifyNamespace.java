package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;

/**
 * Identify Namespace data structure, 4096 bytes: NVM Command Set 1.1, section 4.1.5.1. Read from a private copy only.
 *
 * <pre>
 *  LBA format, 4 bytes at 128 + 4 * index:  metadata bytes 15:0, log2 of the block size 23:16, performance 25:24
 * </pre>
 */
public final class IdentifyNamespace {
    /** Bytes of the structure. */
    public static final int LENGTH = 4096;
    /** CNS value that asks for it. */
    public static final int CNS = 0x00;
    /** Namespace size in blocks, 64 bits. */
    public static final int NSZE_OFFSET = 0;
    /** Namespace capacity in blocks, 64 bits. */
    public static final int NCAP_OFFSET = 8;
    /** Namespace features: thin provisioning in bit 0. */
    public static final int NSFEAT_OFFSET = 24;
    /** Number of LBA formats, less one. */
    public static final int NLBAF_OFFSET = 25;
    /** Formatted LBA size: index 3:0 and 6:5, metadata interleaved 4. */
    public static final int FLBAS_OFFSET = 26;
    /** Data protection type settings: protection type 2:0. */
    public static final int DPS_OFFSET = 29;
    /** Namespace attributes: write protected in bit 0. */
    public static final int NSATTR_OFFSET = 99;
    /** Namespace globally unique identifier, 16 bytes, zeros where there is none. */
    public static final int NGUID_OFFSET = 104;
    /** IEEE extended unique identifier, 8 bytes, zeros where there is none. */
    public static final int EUI64_OFFSET = 120;
    /** The first LBA format. */
    public static final int LBAF_OFFSET = 128;

    private static final int LOW_FORMATS = 16;

    private IdentifyNamespace() {
    }

    /** NSZE: blocks, to be checked by the caller as unsigned. */
    public static long sizeBlocks(final MemorySegment data) {
        return data.get(Wire.U64, NSZE_OFFSET);
    }

    /** NCAP: blocks that may be allocated at one time. */
    public static long capacityBlocks(final MemorySegment data) {
        return data.get(Wire.U64, NCAP_OFFSET);
    }

    /** NSFEAT bit 0: fewer blocks may be allocated than addressed. */
    public static boolean thinProvisioned(final MemorySegment data) {
        return (Wire.u8(data, NSFEAT_OFFSET) & 1) != 0;
    }

    /** NSATTR bit 0. */
    public static boolean writeProtected(final MemorySegment data) {
        return (Wire.u8(data, NSATTR_OFFSET) & 1) != 0;
    }

    /** Index of the format in use, 0..63. Its upper bits mean something only where there are more than 16 formats. */
    public static int formatIndex(final MemorySegment data) {
        final int flbas = Wire.u8(data, FLBAS_OFFSET);
        return formats(data) <= LOW_FORMATS ? flbas & 0xF : (flbas >>> 5 & 3) << 4 | flbas & 0xF;
    }

    /** Number of formats that the structure describes, 1..64 where the device is honest. */
    public static int formats(final MemorySegment data) {
        return Wire.u8(data, NLBAF_OFFSET) + 1;
    }

    /** log2 of the block size of format {@code index} (0..63). */
    public static int blockShift(final MemorySegment data, final int index) {
        return data.get(Wire.U32, LBAF_OFFSET + 4L * index) >>> 16 & 0xFF;
    }

    /** Metadata bytes per block of format {@code index} (0..63). */
    public static int metadataBytes(final MemorySegment data, final int index) {
        return data.get(Wire.U32, LBAF_OFFSET + 4L * index) & 0xFFFF;
    }

    /** FLBAS bit 4: metadata follows each block in the data buffer. */
    public static boolean extendedMetadata(final MemorySegment data) {
        return (Wire.u8(data, FLBAS_OFFSET) >>> 4 & 1) != 0;
    }

    /** DPS bits 2:0: protection information type in use, 0 = none. */
    public static int protectionType(final MemorySegment data) {
        return Wire.u8(data, DPS_OFFSET) & 7;
    }

    /** NGUID and EUI64 as 48 hexadecimal digits: what no two namespaces share, all zeros where there is neither. */
    public static String uniqueId(final MemorySegment data) {
        return StructureFields.hex(data, NGUID_OFFSET, EUI64_OFFSET + Long.BYTES - NGUID_OFFSET);
    }
}
