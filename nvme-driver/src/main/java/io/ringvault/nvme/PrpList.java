package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.spec.Wire;
import java.lang.foreign.MemorySegment;

/**
 * Physical Region Page entries and lists: NVM Express Base 2.1, section 4.1.1. One page of list entries for each
 * tracker, allocated once: lists never cross a page and are never chained, as a command carries at most {@link
 * #MAXIMUM_BYTES}.
 *
 * <p>Buffers start on a page boundary, so PRP1 never has an offset. Owned by the queue's thread; allocates nothing
 * after construction.
 */
final class PrpList {
    /** log2 of the memory page that the driver configures (CC.MPS = 0). */
    static final int PAGE_SHIFT = 12;
    /** Bytes of a memory page. */
    static final int PAGE_BYTES = 1 << PAGE_SHIFT;
    /** Most bytes of one command: PRP1 and 511 of the 512 entries of one page, rounded to a power of two. */
    static final int MAXIMUM_BYTES = 512 << PAGE_SHIFT;

    private static final int ENTRY_SHIFT = 3;

    private final DmaBuffer lists;
    private final MemorySegment memory;

    /** @param lists one page for each tracker */
    PrpList(final DmaBuffer lists) {
        this.lists = lists;
        this.memory = lists.segment();
    }

    /** Device address of a tracker's page; other structures of its command (ranges) may use it too. */
    long pageAddress(final int tracker) {
        return lists.deviceAddress((long) tracker << PAGE_SHIFT);
    }

    /** Offset of a tracker's page in {@link #memory()}. */
    long pageOffset(final int tracker) {
        return (long) tracker << PAGE_SHIFT;
    }

    /** The memory of all pages. */
    MemorySegment memory() {
        return memory;
    }

    /**
     * PRP2 for {@code lengthBytes} (1..{@link #MAXIMUM_BYTES}) at a page-aligned offset of a buffer; writes the
     * tracker's list where more than two pages are needed.
     */
    long secondEntry(final int tracker, final DmaBuffer buffer, final long offset, final int lengthBytes) {
        final int pages = lengthBytes + PAGE_BYTES - 1 >>> PAGE_SHIFT;
        if (pages == 1) {
            return 0;
        }
        if (pages == 2) {
            return buffer.deviceAddress(offset + PAGE_BYTES);
        }
        long entry = pageOffset(tracker);
        for (int page = 1; page < pages; page++) {
            memory.set(Wire.U64, entry, buffer.deviceAddress(offset + ((long) page << PAGE_SHIFT)));
            entry += 1 << ENTRY_SHIFT;
        }
        return pageAddress(tracker);
    }

    /** PRP2 for a transfer whose every page is the one at {@code pageAddress}: a source of zeros of any length. */
    long repeatedEntry(final int tracker, final long pageAddress, final int lengthBytes) {
        final int pages = lengthBytes + PAGE_BYTES - 1 >>> PAGE_SHIFT;
        if (pages <= 2) {
            return pages == 2 ? pageAddress : 0;
        }
        long entry = pageOffset(tracker);
        for (int page = 1; page < pages; page++) {
            memory.set(Wire.U64, entry, pageAddress);
            entry += 1 << ENTRY_SHIFT;
        }
        return pageAddress(tracker);
    }
}
