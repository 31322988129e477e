package io.ringvault.sys;

import java.util.List;

/**
 * What an IOMMU lets a device address.
 *
 * @param pageSizes page sizes as a bit map; the lowest bit is the unit of every mapping
 * @param ranges    usable I/O virtual addresses, in order
 * @param mappings  how many mappings may exist at once, or {@link Integer#MAX_VALUE} where it does not say
 */
public record IoAddressSpace(long pageSizes, List<Range> ranges, int mappings) {

    /** Addresses from {@code first} to {@code last}, both included and unsigned. */
    public record Range(long first, long last) {
        @Override
        public String toString() {
            return "0x" + Long.toHexString(first) + "-0x" + Long.toHexString(last);
        }
    }

    /**
     * What is taken where the kernel does not say: 4 KiB pages, below the interrupt window of x86 and above 4 GiB up to
     * 39 bits, the narrowest width of Intel's IOMMU.
     */
    static final List<Range> UNSAID = List.of(new Range(0x100000L, 0xFEDFFFFFL),
        new Range(0x1_0000_0000L, 0x7F_FFFF_FFFFL));

    /** Copies the list. */
    public IoAddressSpace {
        ranges = List.copyOf(ranges);
    }

    /** Bytes of the smallest page. */
    public long unitBytes() {
        return pageSizes == 0 ? NativeMemory.basePageBytes() : Long.lowestOneBit(pageSizes);
    }
}
