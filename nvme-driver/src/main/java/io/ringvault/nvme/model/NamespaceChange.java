package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How the namespaces have changed under the host.
 *
 * @param blocks     their size now, where they were resized
 * @param blockShift log2 of the block size now, where they were resized
 * @param kind       what happened
 */
record NamespaceChange(long blocks, int blockShift, Kind kind) {

    /** What happened to the namespaces. */
    enum Kind {
        /** Another size or another block size. */
        RESIZED,
        /** Others have taken their place. */
        REPLACED,
        /** They are there no more. */
        DETACHED
    }

    boolean detached() {
        return kind == Kind.DETACHED;
    }

    /** Over what Identify Namespace would say. */
    void apply(final MemorySegment page) {
        switch (kind) {
            case DETACHED -> page.fill((byte) 0);
            case REPLACED -> {
                turn(page, IdentifyData.NGUID_OFFSET);
                turn(page, IdentifyData.EUI64_OFFSET);
            }
            default -> {
                page.set(Words.QWORD, 0, blocks);
                page.set(Words.QWORD, 8, blocks);
                page.set(Words.QWORD, 16, blocks);
                final int format = page.get(ValueLayout.JAVA_BYTE, 26) & 0xF;
                page.set(ValueLayout.JAVA_BYTE, 130 + 4L * format, (byte) blockShift);
            }
        }
    }

    private static void turn(final MemorySegment page, final long at) {
        page.set(ValueLayout.JAVA_BYTE, at, (byte) ~page.get(ValueLayout.JAVA_BYTE, at));
    }

    /** What an I/O command meets that was meant for the namespace of before; OK where it still fits. */
    int statusOf(final long start, final long count, final int blockBytes) {
        return switch (kind) {
            case DETACHED -> ModelStatus.INVALID_NAMESPACE;
            case REPLACED -> ModelStatus.OK;
            default -> 1 << blockShift != blockBytes ? ModelStatus.NAMESPACE_NOT_READY
                : start + count > blocks ? ModelStatus.LBA_OUT_OF_RANGE : ModelStatus.OK;
        };
    }
}
