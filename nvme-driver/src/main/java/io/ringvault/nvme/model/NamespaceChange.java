package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How the namespaces have changed under the host.
 *
 * @param blocks     their size now
 * @param blockShift log2 of the block size now
 * @param detached   they are there no more
 */
record NamespaceChange(long blocks, int blockShift, boolean detached) {

    /** Over what Identify Namespace would say. */
    void apply(final MemorySegment page) {
        if (detached) {
            page.fill((byte) 0);
            return;
        }
        page.set(Words.QWORD, 0, blocks);
        page.set(Words.QWORD, 8, blocks);
        page.set(Words.QWORD, 16, blocks);
        final int format = page.get(ValueLayout.JAVA_BYTE, 26) & 0xF;
        page.set(ValueLayout.JAVA_BYTE, 130 + 4L * format, (byte) blockShift);
    }

    /** What an I/O command meets that was meant for the namespace of before; OK where it still fits. */
    int statusOf(final long start, final long count, final int blockBytes) {
        if (detached) {
            return ModelStatus.INVALID_NAMESPACE;
        }
        if (1 << blockShift != blockBytes) {
            return ModelStatus.NAMESPACE_NOT_READY;
        }
        return start + count > blocks ? ModelStatus.LBA_OUT_OF_RANGE : ModelStatus.OK;
    }
}
