package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** The structures that the model's Identify command returns, written from the specification's tables byte by byte. */
final class IdentifyData {
    /** The specification version that VS and Identify report: 2.1.0. */
    static final int VERSION = 0x0002_0100;
    /** NGUID in Identify Namespace, 16 bytes, the highest first. */
    static final int NGUID_OFFSET = 104;
    /** EUI64 in Identify Namespace, 8 bytes, the highest first. */
    static final int EUI64_OFFSET = 120;

    private static final byte[] VENDOR = {0x52, 0x56, 0x4D}; // "RVM": no organisation has registered it

    private IdentifyData() {
    }

    /** Identify Controller, into 4096 zeroed bytes. */
    static void controller(final MemorySegment data, final ModelOptions options) {
        text(data, 4, 20, "RINGVAULTMODEL000001");
        text(data, 24, 40, "Ringvault NVMe controller model");
        text(data, 64, 8, "1.0");
        data.set(ValueLayout.JAVA_BYTE, 77, (byte) (Integer.numberOfTrailingZeros(options.transferBytes()) - 12));
        data.set(Words.DWORD, 80, VERSION);
        data.set(ValueLayout.JAVA_BYTE, 111, (byte) 1); // CNTRLTYPE: I/O controller
        data.set(Words.DWORD, 92, 0x300); // OAES: namespace and firmware notices
        data.set(ValueLayout.JAVA_BYTE, 257, (byte) (options.shadows() ? 1 : 0)); // OACS: doorbell buffer config
        data.set(ValueLayout.JAVA_BYTE, 256, (byte) (data.get(ValueLayout.JAVA_BYTE, 256) | 0x02)); // OACS: Format NVM
        data.set(ValueLayout.JAVA_BYTE, 258, (byte) 3); // ACL: four aborts
        data.set(ValueLayout.JAVA_BYTE, 259, (byte) 3); // AERL: four event requests
        data.set(ValueLayout.JAVA_BYTE, 260, (byte) 2); // FRMW: one slot
        data.set(ValueLayout.JAVA_BYTE, 262, (byte) (ModelLog.ERROR_ENTRIES - 1)); // ELPE
        data.set(ValueLayout.JAVA_BYTE, 512, (byte) 0x66); // SQES
        data.set(ValueLayout.JAVA_BYTE, 513, (byte) 0x44); // CQES
        data.set(Words.DWORD, 516, options.format().highest()); // NN
        data.set(ValueLayout.JAVA_BYTE, 520, (byte) ((options.deallocates() ? 0x04 : 0) | (options.zeroes() ? 0x08
        : 0)));
        data.set(ValueLayout.JAVA_BYTE, 525, (byte) 0x07); // VWC: present, flush of all namespaces supported
        text(data, 768, 256, "nqn.2026-11.io.ringvault:model");
    }

    /** Identify Namespace, into 4096 zeroed bytes; for no particular one where {@code nsid} is -1. */
    static void namespace(final MemorySegment data, final int nsid, final ModelOptions options, final Medium medium) {
        final ModelFormat format = options.format();
        final long blocks = format.blocks(medium.sizeBytes(), options.blockBytes());
        data.set(Words.QWORD, 0, blocks); // NSZE
        data.set(Words.QWORD, 8, blocks); // NCAP
        data.set(Words.QWORD, 16, blocks); // NUSE
        data.set(ValueLayout.JAVA_BYTE, 25, (byte) format.index()); // NLBAF, less one
        final int extended = format.extended() ? 0x10 : 0;
        data.set(ValueLayout.JAVA_BYTE, 26,
            (byte) (format.index() & 0xF | extended | (format.index() >>> 4) << 5)); // FLBAS
        data.set(ValueLayout.JAVA_BYTE, 27, (byte) 0x03); // MC: both kinds of metadata
        data.set(ValueLayout.JAVA_BYTE, 28, (byte) 0x17); // DPC: types 1 to 3, in the last bytes
        data.set(ValueLayout.JAVA_BYTE, 29, (byte) format.protection()); // DPS
        data.set(ValueLayout.JAVA_BYTE, 33, (byte) 0x09); // DLFEAT: deallocated blocks read as zeros
        final boolean protect = medium.readOnly() || format.writeProtected();
        data.set(ValueLayout.JAVA_BYTE, 99, (byte) (protect ? 1 : 0)); // NSATTR: write protected
        if (nsid != -1) {
            MemorySegment.copy(VENDOR, 0, data, ValueLayout.JAVA_BYTE, NGUID_OFFSET + 8, VENDOR.length);
            MemorySegment.copy(VENDOR, 0, data, ValueLayout.JAVA_BYTE, EUI64_OFFSET, VENDOR.length);
            data.set(Words.DWORD, NGUID_OFFSET + 12, Integer.reverseBytes(nsid));
            data.set(Words.DWORD, EUI64_OFFSET + 4, Integer.reverseBytes(nsid));
        }
        final int shift = Integer.numberOfTrailingZeros(options.blockBytes());
        for (int i = 0; i < format.index(); i++) {
            data.set(ValueLayout.JAVA_BYTE, 130 + 4L * i, (byte) (i % 2 == 0 ? 9 : 12)); // formats not in use
        }
        data.set(Words.DWORD, 128 + 4L * format.index(), shift << 16 | format.metadataBytes()); // LBAF: LBADS, MS
    }

    private static void text(final MemorySegment data, final long offset, final int length, final String value) {
        final byte[] bytes = value.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < length; i++) {
            data.set(ValueLayout.JAVA_BYTE, offset + i, i < bytes.length ? bytes[i] : (byte) ' ');
        }
    }
}
