package io.ringvault.poller;

import io.ringvault.block.StorageException;
import io.ringvault.sys.Cpus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.Agent;

/**
 * The agents of one disk and the threads they run on. Started and closed by the control plane; in {@code INVOKER}
 * mode stepped by
 * one caller through {@link #invoke()}.
 */
public final class AgentGroup implements AutoCloseable {

    /**
     * How to run.
     *
     * @param mode           threads or none
     * @param idleAlias      see {@link IdleStrategies}
     * @param errors         told of everything that agents throw
     * @param cores          to pin the threads to, in order; empty for no pinning
     * @param closeTimeoutNs how long {@link AgentGroup#close()} waits
     */
    public record Options(ThreadingMode mode, String idleAlias, AgentErrorHandler errors, List<Integer> cores,
        long closeTimeoutNs) {

        public Options {
            cores = List.copyOf(cores);
        }

        /** Default idle strategy, no pinning, ten seconds to close. */
        public static Options of(final ThreadingMode mode, final AgentErrorHandler errors) {
            return new Options(mode, IdleStrategies.DEFAULT, errors, List.of(), AgentThread.seconds(10));
        }
    }

    private final Options options;
    private final List<Agent> agents;
    private final List<AgentThread> threads = new ArrayList<>();
    private boolean closed;

    private AgentGroup(final Options options, final List<Agent> agents) {
        this.options = options;
        this.agents = List.copyOf(agents);
    }

    /**
     * Starts the agents. In INVOKER mode their {@code onStart} runs here.
     *
     * @throws StorageException CONFIGURATION for an unknown idle strategy, or one that spins without enough cores
     */
    public static AgentGroup start(final Options options, final List<? extends Agent> agents) {
        return start(options, agents, options.mode() == ThreadingMode.INVOKER ? 0 : usableCores());
    }

    static AgentGroup start(final Options options, final List<? extends Agent> agents, final int usableCores) {
        final AgentGroup group = new AgentGroup(options, List.copyOf(agents));
        final int threadCount = switch (options.mode()) {
            case INVOKER -> 0;
            case SHARED -> 1;
            case DEDICATED -> agents.size();
        };
        IdleStrategies.create(options.idleAlias());
        if (threadCount > 0) {
            IdleStrategies.checkCores(options.idleAlias(), threadCount, usableCores);
        }
        if (!options.cores().isEmpty() && options.cores().size() < threadCount) {
            throw StorageException.configuration("cores " + options.cores() + " are named for " + threadCount
                + " agent threads; name one for each, or none");
        }
        switch (options.mode()) {
            case INVOKER -> agents.forEach(Agent::onStart);
            case SHARED -> group.startThread(new SharedAgent(group.agents, options.errors()));
            case DEDICATED -> group.agents.forEach(group::startThread);
        }
        return group;
    }

    private static int usableCores() {
        try {
            return Cpus.usable().length;
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "the usable cores are unknown: " + failed, failed);
        }
    }

    private void startThread(final Agent agent) {
        final int core = options.cores().isEmpty() ? -1 : options.cores().get(threads.size());
        threads.add(new AgentThread(agent, IdleStrategies.create(options.idleAlias()), options.errors(), core));
    }

    /** INVOKER mode: one duty cycle of every agent, in order. Returns the work done. */
    public int invoke() {
        if (options.mode() != ThreadingMode.INVOKER || closed) {
            throw new IllegalStateException(closed ? "the agents are closed" : "agents in mode " + options.mode()
                + " have threads; only INVOKER mode is stepped by its caller");
        }
        return SharedAgent.cycle(agents, options.errors());
    }

    /** How the agents run. */
    public ThreadingMode mode() {
        return options.mode();
    }

    /** Whether every agent still runs. */
    public boolean isRunning() {
        return !closed && threads.stream().allMatch(AgentThread::isRunning);
    }

    /**
     * Ends the agents in the order they were given, each after its current duty cycle, and waits. Idempotent.
     *
     * @throws StorageException IO naming the agents that did not end in time; their threads are left running
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (options.mode() == ThreadingMode.INVOKER) {
            SharedAgent.closeAll(agents, options.errors());
            return;
        }
        final long deadline = System.nanoTime() + options.closeTimeoutNs();
        final List<String> late = new ArrayList<>();
        for (final AgentThread thread : threads) {
            thread.stop();
            if (!thread.join(deadline - System.nanoTime())) {
                late.add(thread.roleName());
            }
        }
        if (!late.isEmpty()) {
            throw StorageException.io("agents " + late + " did not end within "
                + options.closeTimeoutNs() / 1_000_000 + " ms");
        }
    }
}
