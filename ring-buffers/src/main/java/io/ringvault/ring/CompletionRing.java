package io.ringvault.ring;

/**
 * Completions from the data agent to one client: fixed records of 16 bytes (opSlot int, status int, detail long).
 *
 * <p>{@link #offer} belongs to the agent, {@link #drain} to the client's thread. Exactly {@link #capacity()} records
 * fit, and a record's place is free again <em>before</em> its handler runs; therefore a client with at most that many
 * ops in flight can submit the next op from within a handler, and its completion still finds room. (A ring that frees
 * places only after a batch would break that.) Counters are on cache lines of their own, each side keeping its copy of
 * the other's.
 */
public final class CompletionRing {

    /** Receives completions on the client's thread. */
    @FunctionalInterface
    public interface Handler {
        /**
         * One op has ended.
         *
         * @param detail depends on the opcode; for an error usually the byte offset that failed
         */
        void onCompletion(int opSlot, int status, long detail);
    }

    private static final int RECORD_BYTES = 16;
    private static final int LINE_BYTES = 128;

    private final SegmentBuffer buffer;
    private final int capacity;
    private final int mask;
    private final int tailIndex;
    private final int headCopyIndex;
    private final int headIndex;
    private final int tailCopyIndex;

    /** @param capacity completions that fit, a power of two from 1 to 2^20 */
    public CompletionRing(final int capacity) {
        if (capacity < 1 || capacity > 1 << 20 || Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("capacity " + capacity + " is not a power of two from 1 to 2^20");
        }
        this.capacity = capacity;
        this.mask = capacity - 1;
        final int records = Math.max(LINE_BYTES, capacity * RECORD_BYTES);
        this.tailIndex = records + LINE_BYTES;
        this.headCopyIndex = tailIndex + Long.BYTES;
        this.headIndex = tailIndex + 2 * LINE_BYTES;
        this.tailCopyIndex = headIndex + Long.BYTES;
        this.buffer = SegmentBuffer.allocate(headIndex + 2 * LINE_BYTES);
    }

    /** Producer: publishes a completion, or returns false when the ring is full. */
    public boolean offer(final int opSlot, final int status, final long detail) {
        final long tail = buffer.getLong(tailIndex);
        if (tail - buffer.getLong(headCopyIndex) >= capacity) {
            final long head = buffer.getLongAcquire(headIndex);
            buffer.putLong(headCopyIndex, head);
            if (tail - head >= capacity) {
                return false;
            }
        }
        final int index = ((int) tail & mask) * RECORD_BYTES;
        buffer.putInt(index, opSlot);
        buffer.putInt(index + 4, status);
        buffer.putLong(index + 8, detail);
        buffer.putLongRelease(tailIndex, tail + 1);
        return true;
    }

    /**
     * Consumer: delivers up to {@code limit} completions, oldest first. Not reentrant from a handler.
     *
     * @return the number delivered
     */
    public int drain(final Handler handler, final int limit) {
        int delivered = 0;
        while (delivered < limit) {
            final long head = buffer.getLong(headIndex);
            if (head == buffer.getLong(tailCopyIndex)) {
                final long tail = buffer.getLongAcquire(tailIndex);
                buffer.putLong(tailCopyIndex, tail);
                if (head == tail) {
                    break;
                }
            }
            final int index = ((int) head & mask) * RECORD_BYTES;
            final int opSlot = buffer.getInt(index);
            final int status = buffer.getInt(index + 4);
            final long detail = buffer.getLong(index + 8);
            buffer.putLongRelease(headIndex, head + 1);
            delivered++;
            handler.onCompletion(opSlot, status, detail);
        }
        return delivered;
    }

    /** Any thread: completions waiting, a moment ago. */
    public int size() {
        final long head = buffer.getLongAcquire(headIndex);
        return (int) Math.max(0, Math.min(capacity, buffer.getLongAcquire(tailIndex) - head));
    }

    /** Completions that fit. */
    public int capacity() {
        return capacity;
    }
}
