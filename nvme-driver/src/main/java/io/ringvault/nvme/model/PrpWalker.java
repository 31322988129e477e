package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;

/**
 * Walks the PRP entries of a command into runs of contiguous memory, checking every rule on the way: alignment,
 * offsets, list pages and chained lists, and that all of it is mapped. One for each worker; allocates nothing after
 * construction.
 */
final class PrpWalker {
    private static final int PAGE = 4096;
    private static final int LONGS_PER_PAGE = PAGE / 8;

    private final DeviceMemory memory;
    private final DeviceMemory.Range[] ranges;
    private final long[] offsets;
    private final int[] lengths;
    private int runs;
    private DeviceMemory.Range lastRange;
    private long lastAddress;

    /** @param largestBytes the most that one command may carry */
    PrpWalker(final DeviceMemory memory, final int largestBytes) {
        this.memory = memory;
        final int pages = largestBytes / PAGE + 2;
        this.ranges = new DeviceMemory.Range[pages];
        this.offsets = new long[pages];
        this.lengths = new int[pages];
    }

    /** Walks {@code lengthBytes}; the runs are then readable. Returns a {@link ModelStatus}. */
    int walk(final long prp1, final long prp2, final int lengthBytes) {
        runs = 0;
        lastAddress = -1;
        if ((prp1 & 3) != 0) {
            return ModelStatus.PRP_OFFSET_INVALID;
        }
        final int first = (int) Math.min(PAGE - (prp1 & PAGE - 1), lengthBytes);
        if (!add(prp1, first)) {
            return ModelStatus.DATA_TRANSFER_ERROR;
        }
        final int rest = lengthBytes - first;
        if (rest == 0) {
            return ModelStatus.OK;
        }
        if (rest > PAGE) {
            return walkList(prp2, rest);
        }
        if ((prp2 & PAGE - 1) != 0) {
            return ModelStatus.PRP_OFFSET_INVALID;
        }
        return add(prp2, rest) ? ModelStatus.OK : ModelStatus.DATA_TRANSFER_ERROR;
    }

    private int walkList(final long listAddress, final int lengthBytes) {
        long entryAddress = listAddress;
        int rest = lengthBytes;
        while (rest > 0) {
            if ((entryAddress & 7) != 0) {
                return ModelStatus.PRP_OFFSET_INVALID;
            }
            final int slot = (int) (entryAddress & PAGE - 1) / 8;
            final DeviceMemory.Range range = memory.find(entryAddress, (long) (LONGS_PER_PAGE - slot) * 8);
            if (range == null) {
                return ModelStatus.DATA_TRANSFER_ERROR;
            }
            final MemorySegment list = range.segment();
            final long base = range.offset(entryAddress);
            long chained = -1;
            for (int i = 0; i < LONGS_PER_PAGE - slot && rest > 0; i++) {
                final long entry = list.get(Words.QWORD, base + 8L * i);
                if (slot + i == LONGS_PER_PAGE - 1 && rest > PAGE) {
                    chained = entry;
                    break;
                }
                if ((entry & PAGE - 1) != 0) {
                    return ModelStatus.PRP_OFFSET_INVALID;
                }
                final int part = Math.min(PAGE, rest);
                if (!add(entry, part)) {
                    return ModelStatus.DATA_TRANSFER_ERROR;
                }
                rest -= part;
            }
            entryAddress = chained;
        }
        return ModelStatus.OK;
    }

    private boolean add(final long address, final int lengthBytes) {
        if (runs > 0 && address == lastAddress && lastRange.holds(address, lengthBytes)) {
            lengths[runs - 1] += lengthBytes;
            lastAddress += lengthBytes;
            return true;
        }
        final DeviceMemory.Range range = runs > 0 && lastRange.holds(address, lengthBytes) ? lastRange
            : memory.find(address, lengthBytes);
        if (range == null) {
            return false;
        }
        ranges[runs] = range;
        offsets[runs] = range.offset(address);
        lengths[runs] = lengthBytes;
        runs++;
        lastRange = range;
        lastAddress = address + lengthBytes;
        return true;
    }

    /** Runs found by the last walk. */
    int runs() {
        return runs;
    }

    /** Memory of a run. */
    MemorySegment segment(final int run) {
        return ranges[run].segment();
    }

    /** Where the run starts in its memory. */
    long offset(final int run) {
        return offsets[run];
    }

    /** Bytes of a run. */
    int length(final int run) {
        return lengths[run];
    }
}
