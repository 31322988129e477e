package io.ringvault.tests.kill;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The writes of a client whose data nobody knows beforehand, by digests of their blocks, and which of them the server
 * called durable: those with FUA that were answered, and those that were answered before a flush was sent that was
 * answered too. Any thread.
 *
 * <p>The disk may show the state after the first n writes in the order of the wire, for one n, and none that lacks a
 * durable one.
 */
final class WriteTrace {
    private static final int BLOCK = 4096;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** A write or a flush. */
    static final class Request {
        private final int firstBlock;
        private final long[] digests;
        private final boolean fua;
        /** A flush: answers seen when it was sent. A write: its place among the answers, -1 before its answer. */
        private int answers;

        private Request(final int firstBlock, final long[] digests, final boolean fua, final int answers) {
            this.firstBlock = firstBlock;
            this.digests = digests;
            this.fua = fua;
            this.answers = answers;
        }
    }

    private final List<Request> writes = new ArrayList<>();
    private long[] baseline;
    private int answers;
    private int covered;
    private long flushes;
    private String refused;

    /** @param blocks of a disk of zeros */
    WriteTrace(final int blocks) {
        baseline = new long[blocks];
        Arrays.fill(baseline, digest(new byte[BLOCK], 0));
    }

    private static long digest(final byte[] bytes, final int from) {
        long sum = 0x243F_6A88_85A3_08D3L;
        for (int i = from; i < from + BLOCK; i += Long.BYTES) {
            sum = (sum ^ (long) LONG.get(bytes, i)) * 0x9E37_79B9_7F4A_7C15L;
            sum ^= sum >>> 29;
        }
        return sum;
    }

    private static long[] digests(final byte[] bytes) {
        final long[] digests = new long[bytes.length / BLOCK];
        for (int i = 0; i < digests.length; i++) {
            digests[i] = digest(bytes, i * BLOCK);
        }
        return digests;
    }

    /** A write is about to be sent. */
    synchronized Request write(final long offset, final byte[] payload, final boolean fua) {
        if (offset % BLOCK != 0 || payload.length % BLOCK != 0) {
            throw new IllegalStateException("a write of " + payload.length + " bytes at " + offset
                + " is not of whole blocks");
        }
        final Request request = new Request((int) (offset / BLOCK), digests(payload), fua, -1);
        writes.add(request);
        return request;
    }

    /** A flush is about to be sent. */
    synchronized Request flush() {
        return new Request(-1, null, false, answers);
    }

    /** The server answered. */
    synchronized void answered(final Request request, final int error) {
        if (error != 0) {
            refused = (request.digests == null ? "a flush" : "a write of block " + request.firstBlock)
                + " was refused with " + error;
        } else if (request.digests == null) {
            covered = Math.max(covered, request.answers);
            flushes++;
        } else {
            request.answers = answers++;
        }
    }

    /** A refusal that was seen, or null. */
    synchronized String refused() {
        return refused;
    }

    /** Writes sent so far since the last {@link #check}. */
    synchronized int sent() {
        return writes.size();
    }

    /** Flushes answered so far. */
    synchronized long flushes() {
        return flushes;
    }

    private boolean durable(final Request write) {
        return write.answers >= 0 && (write.fua || write.answers < covered);
    }

    /** How many of the writes are durable. */
    synchronized int durable() {
        return (int) writes.stream().filter(this::durable).count();
    }

    /**
     * Compares the whole disk, and goes on from what it holds.
     *
     * @return how many of the writes, in the order of the wire, it holds
     */
    synchronized int check(final byte[] image) {
        final long[] found = digests(image);
        final int[] first = new int[found.length];
        for (int block = 0; block < found.length; block++) {
            first[block] = found[block] == baseline[block] ? 0 : Integer.MAX_VALUE;
        }
        for (int i = 0; i < writes.size(); i++) {
            final Request write = writes.get(i);
            for (int j = 0; j < write.digests.length; j++) {
                if (write.digests[j] == found[write.firstBlock + j]) {
                    first[write.firstBlock + j] = Math.min(first[write.firstBlock + j], i + 1);
                }
            }
        }
        int state = 0;
        for (int block = 0; block < found.length; block++) {
            require(first[block] != Integer.MAX_VALUE, "block " + block + " holds what was never written there");
            state = Math.max(state, first[block]);
        }
        compare(found, state);
        for (int i = state; i < writes.size(); i++) {
            require(!durable(writes.get(i)), "write " + i + " at block " + writes.get(i).firstBlock + " was called "
                + "durable, but the disk holds only the first " + state + " of " + writes.size());
        }
        baseline = found;
        writes.clear();
        answers = 0;
        covered = 0;
        return state;
    }

    private void compare(final long[] found, final int state) {
        final long[] expected = baseline.clone();
        for (final Request write : writes.subList(0, state)) {
            System.arraycopy(write.digests, 0, expected, write.firstBlock, write.digests.length);
        }
        final int wrong = Arrays.mismatch(expected, found);
        require(wrong < 0, "the disk holds write " + (state - 1) + " of " + writes.size() + ", but block " + wrong
            + " is not as it was after it: not one state");
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
