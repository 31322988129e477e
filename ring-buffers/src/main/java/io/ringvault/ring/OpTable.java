package io.ringvault.ring;

import java.lang.foreign.MemorySegment;

/**
 * One client's ops in flight: what does not travel through the rings. The client's thread claims, fills and releases
 * slots; the data agent reads a slot between taking its request from the {@link RequestRing} and publishing its
 * completion. The rings' release and acquire order the two, so plain arrays suffice. Never allocates after
 * construction.
 */
public final class OpTable {
    private final SlotPool slots;
    private final MemorySegment[] buffers;
    private final long[] bufferOffsets;
    private final long[] lengths;
    private final long[] tokens;
    private final long[] submitTimesNs;
    private final int[] opcodes;

    /** @param capacity ops that may be in flight, at least 1 */
    public OpTable(final int capacity) {
        slots = new SlotPool(capacity);
        buffers = new MemorySegment[capacity];
        bufferOffsets = new long[capacity];
        lengths = new long[capacity];
        tokens = new long[capacity];
        submitTimesNs = new long[capacity];
        opcodes = new int[capacity];
    }

    /**
     * Client: takes a slot and fills it, or returns -1 when all are in use.
     *
     * @param buffer      lent until the completion, or null for an op without one
     * @param token       the client's own mark
     * @param submitTimeNs from the client's clock, 0 where it keeps none
     */
    public int claim(final int opcode, final MemorySegment buffer, final long bufferOffset, final long lengthBytes,
        final long token, final long submitTimeNs) {
        final int slot = slots.acquire();
        if (slot >= 0) {
            opcodes[slot] = opcode;
            buffers[slot] = buffer;
            bufferOffsets[slot] = bufferOffset;
            lengths[slot] = lengthBytes;
            tokens[slot] = token;
            submitTimesNs[slot] = submitTimeNs;
        }
        return slot;
    }

    /** Client: gives the slot back after its completion; the buffer is the caller's again. */
    public void release(final int slot) {
        slots.release(slot);
        buffers[slot] = null;
    }

    /** The lent buffer, or null. */
    public MemorySegment buffer(final int slot) {
        return buffers[slot];
    }

    /** Where in the buffer the data starts. */
    public long bufferOffset(final int slot) {
        return bufferOffsets[slot];
    }

    /** Bytes of the op's range. */
    public long lengthBytes(final int slot) {
        return lengths[slot];
    }

    /** The client's mark. */
    public long token(final int slot) {
        return tokens[slot];
    }

    /** When the client submitted. */
    public long submitTimeNs(final int slot) {
        return submitTimesNs[slot];
    }

    /** {@link OpCode}. */
    public int opcode(final int slot) {
        return opcodes[slot];
    }

    /** Client: ops in flight. */
    public int inFlight() {
        return slots.inUse();
    }

    /** Ops that may be in flight. */
    public int capacity() {
        return slots.capacity();
    }
}
