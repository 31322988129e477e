package io.ringvault.poller;

import io.ringvault.sys.Cpus;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.IdleStrategy;

/**
 * One agent on one platform thread: start, duty cycles until told to stop, close, all on that thread. What a duty
 * cycle throws goes to the error handler and the agent goes on; {@link AgentTerminationException} ends it. The same
 * holds for what is thrown while it idles: the JVM reports a fault of mapped memory (a device's registers that are
 * gone) on the thread that met it, but later. An interrupt does not stop an agent (it would die silently); only
 * {@link #stop} does.
 */
public final class AgentThread {
    private final Agent agent;
    private final IdleStrategy idle;
    private final AgentErrorHandler errors;
    private final int core;
    private final Thread thread;
    private volatile boolean stopping;

    /**
     * Starts the thread.
     *
     * @param core to pin the thread to, or -1
     */
    public AgentThread(final Agent agent, final IdleStrategy idle, final AgentErrorHandler errors, final int core) {
        this.agent = Objects.requireNonNull(agent);
        this.idle = Objects.requireNonNull(idle);
        this.errors = Objects.requireNonNull(errors);
        this.core = core;
        this.thread = Thread.ofPlatform().daemon().name("ringvault-" + agent.roleName()).start(this::run);
    }

    private void run() {
        if (core >= 0) {
            guarded(() -> Cpus.pin(core));
        }
        try {
            boolean running = guarded(agent::onStart);
            while (running) {
                running = cycles();
            }
        } finally {
            guarded(agent::onClose);
        }
    }

    /** Duty cycles until told to stop; true when one threw and others are to follow. */
    private boolean cycles() {
        try {
            while (!stopping) {
                rest(agent.doWork());
            }
            return false;
        } catch (final AgentTerminationException ended) {
            errors.onError(agent.roleName(), ended);
            return false;
        } catch (final Throwable thrown) {
            errors.onError(agent.roleName(), thrown);
        }
        guarded(() -> rest(0));
        return true;
    }

    private void rest(final int work) {
        idle.idle(work);
        if (work == 0) {
            Thread.interrupted(); // Left set, it would turn every park into a spin.
        }
    }

    @FunctionalInterface
    private interface Step {
        void run() throws Exception;
    }

    private boolean guarded(final Step step) {
        try {
            step.run();
            return true;
        } catch (final Throwable thrown) {
            errors.onError(agent.roleName(), thrown);
            return false;
        }
    }

    /** Asks the agent to end after its current duty cycle. */
    public void stop() {
        stopping = true;
        LockSupport.unpark(thread);
    }

    /** Waits for the end; false when the time ran out, or on an interrupt (which stays set). */
    public boolean join(final long timeoutNs) {
        try {
            return thread.join(java.time.Duration.ofNanos(Math.max(1, timeoutNs)));
        } catch (final InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return !thread.isAlive();
        }
    }

    /** Whether the agent still runs. */
    public boolean isRunning() {
        return thread.isAlive();
    }

    /** The agent's role, for messages. */
    public String roleName() {
        return agent.roleName();
    }

    static long seconds(final long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }
}
