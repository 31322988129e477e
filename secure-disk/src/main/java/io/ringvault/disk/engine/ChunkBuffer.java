package io.ringvault.disk.engine;

/**
 * One chunk on its way from first block to durable, with its bytes in DMA memory (ciphertext only).
 *
 * <pre>
 *  FREE ─begin→ FILLING ─seal→ SEALED ─submit→ SUBMITTED ─ok→ COMPLETED ─flush or FUA→ DURABLE ─release→ FREE
 *                                 │                               └─the device was reset─→ SEALED (the same bytes)
 *                                 └─a commit waits for earlier chunks─→ WAITING ─submit→ SUBMITTED
 * </pre>
 * The ciphertext is kept until the chunk is durable: reads of it need no device, and it can be sent again, byte for
 * byte. Data agent only.
 */
final class ChunkBuffer {
    static final int FREE = 0;
    static final int FILLING = 1;
    static final int SEALED = 2;
    static final int WAITING = 3;
    static final int SUBMITTED = 4;
    static final int COMPLETED = 5;
    static final int DURABLE = 6;

    private static final String[] NAMES = {"FREE", "FILLING", "SEALED", "WAITING", "SUBMITTED", "COMPLETED", "DURABLE"};

    final int index;
    /** Offset of this buffer in the chunk arena. */
    final long arenaOffset;

    int stream;
    int segment;
    long generation;
    /** Slot of the summary. */
    int summarySlot;
    /** 1 when the segment's preface is written together with this chunk, in the block before the summary. */
    int prefaceBlocks;
    int dataBlocks;
    long sequence;
    long epoch;
    boolean commit;
    boolean fua;
    /** Number of the flush that was the latest submitted when this chunk's write completed. */
    long completedAtFlush;
    int retries;
    /** The device failed the write in a way that allows the identical write again. */
    boolean resend;
    private int state = FREE;

    ChunkBuffer(final int index, final long arenaOffset) {
        this.index = index;
        this.arenaOffset = arenaOffset;
    }

    int state() {
        return state;
    }

    /** Moves to the next state; an illegal transition throws. */
    void advance(final int next) {
        final boolean legal = switch (state) {
            case FREE -> next == FILLING;
            case FILLING -> next == SEALED;
            case SEALED -> next == WAITING || next == SUBMITTED;
            case WAITING -> next == SUBMITTED;
            case SUBMITTED -> next == COMPLETED;
            case COMPLETED -> next == DURABLE || next == SEALED;
            case DURABLE -> next == FREE;
            default -> false;
        };
        if (!legal) {
            throw new IllegalStateException("chunk " + sequence + ": " + NAMES[state] + " -> " + NAMES[next]);
        }
        state = next;
    }

    /** First slot after the chunk. */
    int endSlot() {
        return summarySlot + 1 + dataBlocks;
    }

    int lengthBlocks() {
        return prefaceBlocks + 1 + dataBlocks;
    }

    /** Whether the place lies among this chunk's data blocks. */
    boolean holds(final long wantedGeneration, final int slot) {
        return state != FREE && generation == wantedGeneration && slot > summarySlot && slot < endSlot();
    }

    /** Offset in the chunk arena of a slot's block. */
    long offsetOf(final int slot) {
        return arenaOffset + (long) (1 + slot - summarySlot) * 4096;
    }
}
