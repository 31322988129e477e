package io.ringvault.nvme.vfiouser;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * What a server says about BAR0, checked: where its doorbells can be mapped.
 *
 * @param sizeBytes  of the region
 * @param fileOffset of byte {@link #DOORBELLS} in the passed descriptor; -1 when the doorbells cannot be mapped
 * @param mapBytes   that can be mapped from there
 */
record RegionInfo(long sizeBytes, long fileOffset, long mapBytes) {
    /** Offset of the doorbells in BAR0. */
    static final int DOORBELLS = 0x1000;

    private static final int PAGE = 4096;
    private static final long LARGEST_BYTES = 1L << 30;
    private static final int MOST_CAPABILITIES = 16;

    /**
     * Reads the payload of a reply.
     *
     * @throws IOException saying which field is impossible
     */
    static RegionInfo parse(final MemorySegment payload) throws IOException {
        final int flags = payload.get(VfioUserWire.U32, VfioUserWire.ARG_FLAGS);
        final long size = payload.get(VfioUserWire.U64, VfioUserWire.REGION_SIZE);
        final long offset = payload.get(VfioUserWire.U64, VfioUserWire.REGION_FILE_OFFSET);
        check((flags & (VfioUserWire.REGION_READABLE | VfioUserWire.REGION_WRITABLE)) == 3, "flags", flags);
        check(payload.get(VfioUserWire.U32, VfioUserWire.INDEX) == VfioUserWire.REGION_BAR0, "index",
            payload.get(VfioUserWire.U32, VfioUserWire.INDEX));
        check(size >= DOORBELLS + 16 && size <= LARGEST_BYTES, "size", size);
        if ((flags & VfioUserWire.REGION_MAPPABLE) == 0) {
            return new RegionInfo(size, -1, 0);
        }
        check(offset >= 0 && offset <= Long.MAX_VALUE - size && offset % PAGE == 0, "offset", offset);
        final int argsz = payload.get(VfioUserWire.U32, VfioUserWire.ARGSZ);
        check(argsz >= VfioUserWire.REGION_INFO_BYTES && argsz <= payload.byteSize(),
            "argsz (the reply is incomplete)", argsz);
        if ((flags & VfioUserWire.REGION_HAS_CAPABILITIES) == 0) {
            return area(size, offset, 0, size);
        }
        return sparse(payload, size, offset);
    }

    private static RegionInfo sparse(final MemorySegment payload, final long size, final long offset)
        throws IOException {
        int at = payload.get(VfioUserWire.U32, VfioUserWire.REGION_CAP_OFFSET);
        for (int seen = 0; at != 0; seen++) {
            check(seen < MOST_CAPABILITIES, "capabilities (a loop?)", seen);
            check(at >= VfioUserWire.REGION_INFO_BYTES && at <= payload.byteSize() - VfioUserWire.CAPABILITY_BYTES,
                "capability offset", at);
            if ((payload.get(VfioUserWire.U16, at) & 0xFFFF) == VfioUserWire.CAPABILITY_SPARSE_MMAP) {
                return areas(payload, at, size, offset);
            }
            at = payload.get(VfioUserWire.U32, at + 4L);
        }
        return area(size, offset, 0, size);
    }

    private static RegionInfo areas(final MemorySegment payload, final int at, final long size, final long offset)
        throws IOException {
        final long room = payload.byteSize() - at - VfioUserWire.SPARSE_HEAD_BYTES;
        check(room >= 0 && payload.get(VfioUserWire.U16, at + 2L) == 1, "sparse capability version",
            payload.get(VfioUserWire.U16, at + 2L));
        final int count = payload.get(VfioUserWire.U32, at + 8L);
        check(count >= 0 && (long) count * VfioUserWire.SPARSE_AREA_BYTES <= room, "mappable areas", count);
        for (int i = 0; i < count; i++) {
            final long entry = at + VfioUserWire.SPARSE_HEAD_BYTES + (long) i * VfioUserWire.SPARSE_AREA_BYTES;
            final long start = payload.get(VfioUserWire.U64, entry);
            final long length = payload.get(VfioUserWire.U64, entry + 8);
            check(start >= 0 && start % PAGE == 0 && start <= size, "offset of a mappable area", start);
            check(length >= 0 && length <= size - start, "size of a mappable area", length);
            if (start <= DOORBELLS && start + length > DOORBELLS) {
                return area(size, offset, start, length);
            }
        }
        return new RegionInfo(size, -1, 0);
    }

    private static RegionInfo area(final long size, final long offset, final long start, final long length) {
        final long bytes = start + length - DOORBELLS & -PAGE;
        return bytes <= 0 ? new RegionInfo(size, -1, 0) : new RegionInfo(size, offset + DOORBELLS, bytes);
    }

    private static void check(final boolean met, final String what, final long value) throws IOException {
        if (!met) {
            throw new IOException("GET_REGION_INFO of BAR0: impossible " + what + " " + value + " (0x"
                + Long.toHexString(value) + ")");
        }
    }

    /** Whether the doorbells can be mapped. */
    boolean mappable() {
        return fileOffset >= 0;
    }
}
