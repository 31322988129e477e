package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;

/**
 * The controller's side of a submission queue: fetches one entry at a time into private words, once, so that what was
 * checked is what is executed. Owned by the thread that serves the queue.
 */
final class SubmissionRing {
    private static final int QWORDS = 8;

    private final int id;
    private final MemorySegment ring;
    private final int size;
    private final DoorbellView tailDoorbell;
    private final CompletionRing completions;
    private final long[] words = new long[QWORDS];
    private int head;
    private int badDoorbells;

    SubmissionRing(final int id, final MemorySegment ring, final int size, final DoorbellView tailDoorbell,
                   final CompletionRing completions) {
        this.id = id;
        this.ring = ring;
        this.size = size;
        this.tailDoorbell = tailDoorbell;
        this.completions = completions;
    }

    int id() {
        return id;
    }

    CompletionRing completions() {
        return completions;
    }

    /** Entries consumed, as a position: what completions report. */
    int head() {
        return head;
    }

    /** Whether the memory of both rings is still mapped. */
    boolean isReachable() {
        return ring.scope().isAlive() && completions.isReachable();
    }

    /** Doorbell values outside the queue that were seen; they are ignored. */
    int badDoorbells() {
        return badDoorbells;
    }

    /** Fetches the next entry; false when there is none. */
    boolean fetch() {
        final int tail = tailDoorbell.value();
        if (tail == head) {
            return false;
        }
        if (tail < 0 || tail >= size) {
            badDoorbells++;
            return false;
        }
        for (int i = 0; i < QWORDS; i++) {
            words[i] = ring.get(Words.QWORD, 64L * head + 8L * i);
        }
        head = head + 1 == size ? 0 : head + 1;
        return true;
    }

    /** The entry last fetched, to be executed later by {@link #recall}. */
    long[] copy() {
        return words.clone();
    }

    /** Makes an entry that was fetched earlier the current one. */
    void recall(final long[] copy) {
        System.arraycopy(copy, 0, words, 0, QWORDS);
    }

    int opcode() {
        return (int) words[0] & 0xFF;
    }

    /** Fused operation and PRP-or-SGL bits: anything but zero is not supported. */
    int reservedFlags() {
        return (int) (words[0] >>> 8) & 0xFF;
    }

    int commandId() {
        return (int) (words[0] >>> 16) & 0xFFFF;
    }

    int namespace() {
        return (int) (words[0] >>> 32);
    }

    long metadataPointer() {
        return words[2];
    }

    long prp1() {
        return words[3];
    }

    long prp2() {
        return words[4];
    }

    /** Command dword 10..15. */
    int dword(final int number) {
        final long pair = words[number / 2];
        return (int) (number % 2 == 0 ? pair : pair >>> 32);
    }

    /** Command dwords 10 and 11 as one number. */
    long dwords10and11() {
        return words[5];
    }
}
