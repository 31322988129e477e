package io.ringvault.poller;

import io.ringvault.ring.OneToOneQueue;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs what blocks (anchors, file syncs) for one agent, and hands the outcome back on that agent's thread. {@link
 * #submit},
 * {@link #poll} belong to the agent. Tasks run one after the other in order of submission.
 */
public abstract sealed class BlockingWorker implements AutoCloseable {

    /** Something that blocks. */
    public interface Task {
        /** On the worker's thread. */
        void run() throws Exception;

        /**
         * On the agent's thread, from {@link BlockingWorker#poll}; {@code failure} is what {@link #run} threw, or null.
         */
        void onDone(Throwable failure);
    }

    private static final class Entry {
        private Task task;
        private Throwable failure;

        private void execute() {
            try {
                task.run();
            } catch (final Throwable thrown) {
                failure = thrown;
            }
        }
    }

    private final OneToOneQueue<Entry> free;
    final OneToOneQueue<Entry> done;
    private boolean closed;

    private BlockingWorker(final int capacity) {
        free = new OneToOneQueue<>(capacity);
        done = new OneToOneQueue<>(capacity);
        for (int i = 0; i < capacity; i++) {
            free.offer(new Entry());
        }
    }

    /** A worker with a parked daemon thread. {@code capacity} tasks may be submitted and not yet delivered. */
    public static BlockingWorker threaded(final String name, final int capacity) {
        return new Threaded(name, capacity);
    }

    /**
     * A worker without a thread, for INVOKER mode: tasks run inside {@link #submit}, outcomes still come from {@link
     * #poll}.
     */
    public static BlockingWorker inline(final int capacity) {
        return new Inline(capacity);
    }

    /** As {@link #inline(int)}, with room for 64. */
    public static BlockingWorker inline() {
        return new Inline(64);
    }

    /** Agent: accepts a task, or returns false when too many are under way. */
    public final boolean submit(final Task task) {
        if (closed) {
            throw new IllegalStateException("the worker is closed");
        }
        final Entry entry = free.poll();
        if (entry == null) {
            return false;
        }
        entry.task = task;
        entry.failure = null;
        accept(entry);
        return true;
    }

    abstract void accept(Entry entry);

    /** Agent: delivers the outcomes that have come in. Returns how many. Allowed after {@link #close()}. */
    public final int poll() {
        int delivered = 0;
        for (Entry entry = done.poll(); entry != null; entry = done.poll()) {
            final Task task = entry.task;
            final Throwable failure = entry.failure;
            entry.task = null;
            entry.failure = null;
            free.offer(entry);
            delivered++;
            task.onDone(failure);
        }
        return delivered;
    }

    /** Agent: tasks submitted whose outcome was not delivered. */
    public final int pending() {
        return free.capacity() - free.size();
    }

    /** Runs what was accepted, then ends; waits up to ten seconds. Idempotent. */
    @Override
    public final void close() {
        if (!closed) {
            closed = true;
            end();
        }
    }

    abstract void end();

    private static final class Inline extends BlockingWorker {
        private Inline(final int capacity) {
            super(capacity);
        }

        @Override
        void accept(final Entry entry) {
            entry.execute();
            done.offer(entry);
        }

        @Override
        void end() {
            // Nothing runs.
        }
    }

    private static final class Threaded extends BlockingWorker {
        private final OneToOneQueue<Entry> tasks;
        private final Thread thread;
        private volatile boolean idle;
        private volatile boolean stopping;

        private Threaded(final String name, final int capacity) {
            super(capacity);
            tasks = new OneToOneQueue<>(capacity);
            thread = Thread.ofPlatform().daemon().name("ringvault-" + name).start(this::work);
        }

        @Override
        void accept(final Entry entry) {
            tasks.offer(entry); // There are as many entries as places.
            VarHandle.fullFence(); // Between the store into the queue and the look at the flag; see work().
            if (idle) {
                LockSupport.unpark(thread);
            }
        }

        private void work() {
            while (true) {
                final Entry entry = tasks.poll();
                if (entry != null) {
                    entry.execute();
                    done.offer(entry);
                } else if (stopping) {
                    if (tasks.isEmpty()) { // Looked at after the flag: what was accepted before close() is run.
                        return;
                    }
                } else {
                    idle = true;
                    VarHandle.fullFence();
                    if (tasks.isEmpty() && !stopping) {
                        LockSupport.park(this);
                    }
                    idle = false;
                }
            }
        }

        @Override
        void end() {
            stopping = true;
            LockSupport.unpark(thread);
            try {
                if (!thread.join(Duration.ofSeconds(10))) {
                    throw new IllegalStateException(thread.getName() + " did not end within 10 s");
                }
            } catch (final InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
