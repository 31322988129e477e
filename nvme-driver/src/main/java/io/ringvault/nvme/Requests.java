package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;

/**
 * The requests of one block queue, in parallel arrays, so that a request costs no object. A request covers a range and
 * is sent as one or more commands, one after the other as trackers are free:
 * <pre>
 *   FREE --take--&gt; WAITING (in the list of requests with commands still to send)
 *                     |  all sent (or cut short by an error)
 *                     v
 *                  SENT --last answer--&gt; READY or delivered at once --&gt; FREE
 * </pre>
 * {@link #rewind} makes a request WAITING again, whatever was sent of it: after a reset. The first error wins and cuts
 * short what was not yet sent. Owned by the queue's thread; allocates nothing after
 * construction.
 */
final class Requests {
    /** No request. */
    static final int NONE = -1;

    /** As the caller gave it. */
    final long[] tokens;
    /** {@link io.ringvault.nvme.spec.Opcode} of its commands. */
    final byte[] opcodes;
    /** Command dword 12 without the block count: FUA and the like. */
    final int[] flags;
    /** Device offset in bytes where the request begins. */
    final long[] start;
    /** Device offset in bytes of the first byte not yet sent. */
    final long[] next;
    /** Device offset in bytes where the request ends. */
    final long[] end;
    /** Data, or null where the commands carry none. */
    final DmaBuffer[] buffers;
    /** Buffer offset less device offset: constant over the request. */
    final long[] bufferDelta;
    /** Commands sent and not answered. */
    final int[] outstanding;
    /** How often the controller was reset on account of the request. */
    final byte[] blamed;
    /** The first error as a {@link io.ringvault.block.BlockStatus}, or 0. */
    final int[] status;

    private final boolean[] waiting;
    private final boolean[] inUse;
    private final boolean[] ready;
    private final int[] link;
    private final int[] freeStack;
    private int freeCount;
    private int waitingHead = NONE;
    private int waitingTail = NONE;
    private int readyHead = NONE;
    private int readyTail = NONE;

    Requests(final int capacity) {
        tokens = new long[capacity];
        opcodes = new byte[capacity];
        flags = new int[capacity];
        start = new long[capacity];
        blamed = new byte[capacity];
        next = new long[capacity];
        end = new long[capacity];
        buffers = new DmaBuffer[capacity];
        bufferDelta = new long[capacity];
        outstanding = new int[capacity];
        status = new int[capacity];
        waiting = new boolean[capacity];
        inUse = new boolean[capacity];
        ready = new boolean[capacity];
        link = new int[capacity];
        freeStack = new int[capacity];
        for (int i = capacity - 1; i >= 0; i--) {
            freeStack[freeCount++] = i;
        }
    }

    int capacity() {
        return tokens.length;
    }

    /** Requests taken and not yet freed. */
    int used() {
        return tokens.length - freeCount;
    }

    /** Whether the request is taken. */
    boolean isInUse(final int request) {
        return inUse[request];
    }

    /** Whether the request only waits for its completion to be delivered. */
    boolean isReady(final int request) {
        return ready[request];
    }

    /** A free request, or {@link #NONE}. */
    int take(final long token) {
        if (freeCount == 0) {
            return NONE;
        }
        final int request = freeStack[--freeCount];
        inUse[request] = true;
        tokens[request] = token;
        outstanding[request] = 0;
        status[request] = 0;
        blamed[request] = 0;
        return request;
    }

    /** Gives a request back, after its completion was read. */
    void free(final int request) {
        inUse[request] = false;
        ready[request] = false;
        buffers[request] = null;
        freeStack[freeCount++] = request;
    }

    /** Appends to the requests that have commands to send. */
    void appendWaiting(final int request) {
        waiting[request] = true;
        link[request] = NONE;
        if (waitingTail == NONE) {
            waitingHead = request;
        } else {
            link[waitingTail] = request;
        }
        waitingTail = request;
    }

    /** The oldest request with commands to send, or {@link #NONE}. */
    int firstWaiting() {
        return waitingHead;
    }

    /** Takes the oldest off the list. */
    void removeFirstWaiting() {
        final int request = waitingHead;
        waiting[request] = false;
        waitingHead = link[request];
        if (waitingHead == NONE) {
            waitingTail = NONE;
        }
    }

    /** Back to the beginning: all its commands are to be sent, as if none had been. Not while in a list. */
    void rewind(final int request) {
        next[request] = start[request];
        outstanding[request] = 0;
        appendWaiting(request);
    }

    /** Empties the list: nothing more is sent. */
    void clearWaiting() {
        while (waitingHead != NONE) {
            removeFirstWaiting();
        }
    }

    /** Whether all commands were sent and answered. */
    boolean isFinished(final int request) {
        return outstanding[request] == 0 && !waiting[request] && next[request] >= end[request];
    }

    /** Appends to the requests whose completion is to be delivered by the next poll. */
    void appendReady(final int request) {
        ready[request] = true;
        link[request] = NONE;
        if (readyTail == NONE) {
            readyHead = request;
        } else {
            link[readyTail] = request;
        }
        readyTail = request;
    }

    /** Takes the oldest ready request, or {@link #NONE}. */
    int pollReady() {
        final int request = readyHead;
        if (request != NONE) {
            readyHead = link[request];
            if (readyHead == NONE) {
                readyTail = NONE;
            }
        }
        return request;
    }

    /** Ends the request as far as sending goes; the first error stays. */
    void fail(final int request, final int error) {
        if (status[request] == 0) {
            status[request] = error;
        }
        next[request] = end[request];
    }
}
