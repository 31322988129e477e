package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;

/**
 * The controller's side of a completion queue. Several submission queues may post to one; the lock is uncontended
 * where each has its own.
 */
final class CompletionRing {
    private final int id;
    private final MemorySegment ring;
    private final int size;
    private final DoorbellView headDoorbell;
    private int tail;
    private int phase = 1;

    CompletionRing(final int id, final MemorySegment ring, final int size, final DoorbellView headDoorbell) {
        this.id = id;
        this.ring = ring;
        this.size = size;
        this.headDoorbell = headDoorbell;
    }

    int id() {
        return id;
    }

    /** Whether the ring's memory is still mapped. */
    boolean isReachable() {
        return ring.scope().isAlive();
    }

    /** Whether one more completion can be posted without overtaking the host. */
    synchronized boolean hasRoom() {
        final int after = tail + 1 == size ? 0 : tail + 1;
        return after != headDoorbell.value();
    }

    /** Posts: the first three dwords, then the fourth with the phase tag, by a release store. */
    synchronized void post(final int submissionQueue, final int submissionHead, final int commandId, final int status,
                           final int result, final int xorDword2, final int xorDword3) {
        final long at = 16L * tail;
        ring.set(Words.DWORD, at, result);
        ring.set(Words.DWORD, at + 4, 0);
        ring.set(Words.DWORD, at + 8, (submissionQueue << 16 | submissionHead) ^ xorDword2);
        Words.store32(ring, at + 12, (status << 17 | phase << 16 | commandId) ^ xorDword3);
        tail++;
        if (tail == size) {
            tail = 0;
            phase ^= 1;
        }
    }
}
