package io.ringvault.nvme.model;

import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/** A thread of the model that repeats one step and backs off while the step finds nothing to do. */
final class Stage {
    private final Thread thread;
    private final IntSupplier step;
    private final Consumer<RuntimeException> onFailure;
    private final long longestParkNs;
    private volatile boolean running = true;

    /** Starts at once; {@code longestParkNs} bounds how late work is noticed after a long idle time. */
    Stage(final String name, final long longestParkNs, final IntSupplier step,
          final Consumer<RuntimeException> onFailure) {
        this.longestParkNs = longestParkNs;
        this.step = step;
        this.onFailure = onFailure;
        this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
        thread.start();
    }

    private void run() {
        final Backoff backoff = new Backoff(longestParkNs);
        try {
            while (running) {
                if (step.getAsInt() > 0) {
                    backoff.reset();
                } else {
                    backoff.idle();
                }
            }
        } catch (final RuntimeException failed) {
            onFailure.accept(failed);
        } catch (final InternalError fault) {
            // What the JVM makes of SIGBUS: the host shrank memory that it had handed over.
            onFailure.accept(new IllegalStateException("the host's memory has gone: " + fault.getMessage(), fault));
        }
    }

    /** Cuts a park short. */
    void wake() {
        LockSupport.unpark(thread);
    }

    /** Asks the thread to end and waits until it has; an interrupt of the caller is kept for later. */
    void stop() {
        running = false;
        wake();
        boolean interrupted = false;
        while (thread.isAlive() && thread != Thread.currentThread()) {
            try {
                thread.join();
            } catch (final InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
