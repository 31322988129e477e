package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;

/**
 * One range of Dataset Management: NVM Command Set 1.1, section 3.3.3.
 *
 * <pre>
 *  00h context attributes   04h length in blocks   08h starting LBA (64)
 * </pre>
 */
public final class DeallocateRange {
    /** Bytes of one range. */
    public static final int LENGTH = 16;
    /** Context attributes. */
    public static final int ATTRIBUTES_OFFSET = 0;
    /** Length in blocks, 32 bits, not less one. */
    public static final int BLOCKS_OFFSET = 4;
    /** Starting LBA. */
    public static final int START_OFFSET = 8;

    private DeallocateRange() {
    }

    /** Writes one range. */
    public static void encode(final MemorySegment segment, final long offset, final long startBlock, final int blocks) {
        segment.set(Wire.U32, offset + ATTRIBUTES_OFFSET, 0);
        segment.set(Wire.U32, offset + BLOCKS_OFFSET, blocks);
        segment.set(Wire.U64, offset + START_OFFSET, startBlock);
    }
}
