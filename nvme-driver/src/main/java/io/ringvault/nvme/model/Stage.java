package io.ringvault.nvme.model;

import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;

/** A thread of the model that repeats one step and backs off while the step finds nothing to do. */
final class Stage {
    private final Thread thread;
    private final IntSupplier step;
    private final java.util.function.Consumer<RuntimeException> onFailure;
    private volatile boolean running = true;

    /** Starts at once. */
    Stage(final String name, final IntSupplier step, final java.util.function.Consumer<RuntimeException> onFailure) {
        this.step = step;
        this.onFailure = onFailure;
        this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
        thread.start();
    }

    private void run() {
        final Backoff backoff = new Backoff();
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
