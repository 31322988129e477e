package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.CompletionEntry;
import io.ringvault.nvme.spec.SubmissionEntry;

/**
 * The DMA memory of one queue pair: both rings, contiguous, and one page per tracker.
 *
 * @param entries     of both rings
 * @param submissions zeroed ring of submission entries
 * @param completions zeroed ring of completion entries: phase 0
 * @param pages       one page for each tracker
 * @param bounce      for each tracker a buffer of the format's choice, or null where it needs none
 */
record QueueMemory(int entries, DmaBuffer submissions, DmaBuffer completions, DmaBuffer pages, DmaBuffer bounce) {

    QueueMemory(final int entries, final DmaBuffer submissions, final DmaBuffer completions, final DmaBuffer pages) {
        this(entries, submissions, completions, pages, null);
    }

    /** Allocates for {@code entries} (2..65536) and {@code trackers} with {@code bounceBytes} (or 0) each. */
    static QueueMemory allocate(final NvmeTransport transport, final int entries, final int trackers,
                                final int bounceBytes) {
        return new QueueMemory(entries, contiguous(transport.allocate(pages(entries, SubmissionEntry.LENGTH))),
            contiguous(transport.allocate(pages(entries, CompletionEntry.LENGTH))),
            transport.allocate((long) trackers << PrpList.PAGE_SHIFT),
            bounceBytes == 0 ? null : transport.allocate((long) trackers * bounceBytes));
    }

    /** Rings are created as physically contiguous (CAP.CQR), so they must be. */
    private static DmaBuffer contiguous(final DmaBuffer ring) {
        final long first = ring.deviceAddress(0);
        for (long offset = PrpList.PAGE_BYTES; offset < ring.lengthBytes(); offset += PrpList.PAGE_BYTES) {
            if (ring.deviceAddress(offset) != first + offset) {
                throw StorageException.configuration("a ring of " + ring.lengthBytes() + " bytes needs memory that is"
                    + " contiguous for the device: ask for a smaller queue depth, or provide huge pages");
            }
        }
        return ring;
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
