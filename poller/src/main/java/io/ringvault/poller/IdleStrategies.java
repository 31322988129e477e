package io.ringvault.poller;

import io.ringvault.block.StorageException;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NoOpIdleStrategy;
import org.agrona.concurrent.SleepingIdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;

/** Idle strategies by Agrona's aliases. Control plane. */
public final class IdleStrategies {
    /** Spins, then yields, then parks for up to a millisecond. */
    public static final String DEFAULT = BackoffIdleStrategy.ALIAS;

    private IdleStrategies() {
    }

    /** A new strategy, for one agent: strategies have state. */
    public static IdleStrategy create(final String alias) {
        return switch (alias) {
            case BusySpinIdleStrategy.ALIAS -> new BusySpinIdleStrategy();
            case NoOpIdleStrategy.ALIAS -> new NoOpIdleStrategy();
            case YieldingIdleStrategy.ALIAS -> new YieldingIdleStrategy();
            case BackoffIdleStrategy.ALIAS -> new BackoffIdleStrategy();
            case SleepingIdleStrategy.ALIAS -> new SleepingIdleStrategy();
            default -> throw StorageException.configuration(
                "unknown idle strategy '" + alias + "'; known: spin, noop, yield, backoff, sleep-ns");
        };
    }

    /** Whether it keeps a core busy without ever letting go. */
    public static boolean spins(final String alias) {
        return alias.equals(BusySpinIdleStrategy.ALIAS) || alias.equals(NoOpIdleStrategy.ALIAS);
    }

    /** Refuses to spin with more threads than usable cores less one. */
    static void checkCores(final String alias, final int threads, final int usableCores) {
        if (spins(alias) && threads > usableCores - 1) {
            throw StorageException.configuration("idle strategy '" + alias + "' with " + threads
                + " agent threads needs "
                + (threads + 1) + " usable cores and there are " + usableCores
                    + ": agents that spin on a shared core keep each"
                + " other and the application from running; use backoff, or the SHARED mode");
        }
    }
}
