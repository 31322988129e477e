package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.log.SegmentTable;

/** Changes counts that came from a checkpoint, which may be wrong though it is authentic. Any one thread. */
final class SegmentCounts {

    private SegmentCounts() {
    }

    /** Adds to a segment's references; INTEGRITY when there were never so many to take away. */
    static void add(final SegmentTable table, final int segment, final long delta) {
        final long sum = table.tableRefs(segment) + delta;
        if (sum < 0 || sum > Integer.MAX_VALUE) {
            throw StorageException.integrity("the checkpoint contradicts the index: it counts "
                + table.tableRefs(segment) + " references to segment " + segment + " (generation "
                + table.generation(segment) + "), which change by " + delta);
        }
        table.addTableRefs(segment, (int) delta);
    }
}
