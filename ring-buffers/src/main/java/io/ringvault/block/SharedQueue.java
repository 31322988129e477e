package io.ringvault.block;

/**
 * Several queues over one, for devices that have fewer queues than a volume has owners. All of them must be driven by
 * one thread. Requests keep their own tokens; what another queue's poll brings waits until its own.
 *
 * <p>Resets: each queue notices by itself, when it has delivered what completed before; the device is told that a reset
 * is acknowledged once all have said so, and until then a queue that has said so takes no flush.
 *
 * <p>Allocates nothing after construction.
 */
public final class SharedQueue {
    private static final int MOST_REQUESTS = 4096;

    private final BlockQueue queue;
    private final View[] views;
    private final View[] owners;
    private final long[] tokens;
    private final int[] freeStack;
    private final BlockCompletionHandler router = this::route;
    private int freeCount;
    private View polling;
    private BlockCompletionHandler handler;
    private int delivered;
    private int open;

    private SharedQueue(final BlockQueue queue, final int depth, final int count) {
        this.queue = queue;
        this.views = new View[count];
        this.open = count;
        final int requests = depth * count;
        this.owners = new View[requests];
        this.tokens = new long[requests];
        this.freeStack = new int[requests];
        while (freeCount < requests) {
            freeStack[freeCount] = freeCount;
            freeCount++;
        }
        for (int i = 0; i < count; i++) {
            views[i] = new View(depth);
        }
    }

    /**
     * Opens one queue of the device and shares it.
     *
     * @param depth requests that each may have in flight; all together at most 4096
     * @param count queues to make of it, 1 or more
     */
    public static BlockQueue[] open(final BlockDevice device, final int depth, final int count) {
        final int each = Math.min(depth, MOST_REQUESTS / count);
        return new SharedQueue(device.openQueue(each * count), each, count).views.clone();
    }

    private void route(final long request, final int status) {
        final View owner = owners[(int) request];
        final long token = tokens[(int) request];
        freeStack[freeCount++] = (int) request;
        owner.used--;
        if (owner == polling) {
            delivered++;
            handler.onCompletion(token, status);
        } else if (!owner.closed) {
            owner.keep(token, status);
        }
    }

    private boolean allAcknowledged() {
        for (final View view : views) {
            if (!view.closed && view.acknowledged != queue.resets()) {
                return false;
            }
        }
        return true;
    }

    private final class View implements BlockQueue {
        private final int depth;
        private final long[] keptTokens;
        private final int[] keptStatus;
        private int keptFirst;
        private int kept;
        private int used;
        private long seen;
        private long acknowledged;
        private boolean closed;

        View(final int depth) {
            this.depth = depth;
            this.keptTokens = new long[depth];
            this.keptStatus = new int[depth];
            this.seen = queue.resets();
            this.acknowledged = seen;
        }

        private void keep(final long token, final int status) {
            final int at = (keptFirst + kept) % depth;
            keptTokens[at] = token;
            keptStatus[at] = status;
            kept++;
        }

        @Override
        public int depth() {
            return depth;
        }

        @Override
        public int inFlight() {
            return used + kept;
        }

        private boolean full() {
            return used + kept == depth;
        }

        /** The number of the next request; it becomes one only if the queue takes it. */
        private int candidate(final long token) {
            final int request = freeStack[freeCount - 1];
            owners[request] = this;
            tokens[request] = token;
            return request;
        }

        private boolean taken(final boolean accepted) {
            if (accepted) {
                freeCount--;
                used++;
            }
            return accepted;
        }

        @Override
        public boolean read(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
                            final long bufferOffsetBytes) {
            return !full() && taken(queue.read(candidate(token), offsetBytes, lengthBytes, buffer, bufferOffsetBytes));
        }

        @Override
        public boolean write(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
                             final long bufferOffsetBytes, final boolean fua) {
            return !full()
                && taken(queue.write(candidate(token), offsetBytes, lengthBytes, buffer, bufferOffsetBytes, fua));
        }

        @Override
        public boolean flush(final long token) {
            final boolean early = acknowledged == queue.resets() && !allAcknowledged();
            return !full() && !early && taken(queue.flush(candidate(token)));
        }

        @Override
        public boolean deallocate(final long token, final long offsetBytes, final long lengthBytes) {
            return !full() && taken(queue.deallocate(candidate(token), offsetBytes, lengthBytes));
        }

        @Override
        public boolean writeZeroes(final long token, final long offsetBytes, final long lengthBytes) {
            return !full() && taken(queue.writeZeroes(candidate(token), offsetBytes, lengthBytes));
        }

        @Override
        public void submit() {
            queue.submit();
        }

        @Override
        public int poll(final BlockCompletionHandler completionHandler, final int limit) {
            if (kept > 0) {
                return deliverKept(completionHandler, limit);
            }
            if (seen == queue.resets()) {
                polling = this;
                handler = completionHandler;
                delivered = 0;
                queue.poll(router, limit);
                polling = null;
                if (delivered > 0) {
                    return delivered;
                }
            }
            seen = queue.resets();
            return 0;
        }

        private int deliverKept(final BlockCompletionHandler completionHandler, final int limit) {
            int count = 0;
            while (kept > 0 && count < limit) {
                final int at = keptFirst;
                keptFirst = (keptFirst + 1) % depth;
                kept--;
                count++;
                completionHandler.onCompletion(keptTokens[at], keptStatus[at]);
            }
            return count;
        }

        @Override
        public long resets() {
            return seen;
        }

        @Override
        public void acknowledgeReset() {
            acknowledged = seen;
            if (allAcknowledged()) {
                queue.acknowledgeReset();
            }
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                kept = 0;
                open--;
                if (open == 0) {
                    queue.close();
                } else if (allAcknowledged()) {
                    queue.acknowledgeReset();
                }
            }
        }
    }
}
