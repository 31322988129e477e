package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.spec.CompletionEntry;
import io.ringvault.nvme.spec.SubmissionEntry;

/**
 * The DMA memory of one queue pair: both rings, contiguous, and one page per tracker.
 *
 * @param entries     of both rings
 * @param submissions zeroed ring of submission entries
 * @param completions zeroed ring of completion entries: phase 0
 * @param pages       one page for each tracker
 */
record QueueMemory(int entries, DmaBuffer submissions, DmaBuffer completions, DmaBuffer pages) {

    /** Allocates for {@code entries} (2..65536) and {@code trackers}. */
    static QueueMemory allocate(final NvmeTransport transport, final int entries, final int trackers) {
        return new QueueMemory(entries, transport.allocate(pages(entries, SubmissionEntry.LENGTH)),
            transport.allocate(pages(entries, CompletionEntry.LENGTH)),
            transport.allocate((long) trackers << PrpList.PAGE_SHIFT));
    }

    /** Makes the rings as new. Only when no controller uses them. */
    void clear() {
        submissions.segment().fill((byte) 0);
        completions.segment().fill((byte) 0);
    }

    /** Trackers that there are pages for. */
    int trackers() {
        return (int) (pages.lengthBytes() >>> PrpList.PAGE_SHIFT);
    }

    private static long pages(final int entries, final int entryBytes) {
        return ((long) entries * entryBytes + PrpList.PAGE_BYTES - 1) & -PrpList.PAGE_BYTES;
    }
}
