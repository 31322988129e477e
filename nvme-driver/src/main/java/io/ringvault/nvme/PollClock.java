package io.ringvault.nvme;

import java.util.function.LongSupplier;

/**
 * Time as a poller sees it: the system clock is asked on every 64th poll only, and each look advances this clock by at
 * most
 * 100 ms. Time during which nobody polled (a paused process, a suspended machine, an idle caller) hardly counts
 * against a device's time limit. Owned by the polling thread.
 */
final class PollClock {
    /** Polls between two looks at the system clock. */
    static final int POLLS_PER_LOOK = 64;
    /** The most that one look advances the clock. */
    static final long LARGEST_STEP_NS = 100_000_000;
    /** How often commands are checked for being overdue. */
    static final long CHECK_INTERVAL_NS = 50_000_000;

    private final LongSupplier nanoTime;
    private int pollsUntilLook = POLLS_PER_LOOK;
    private long lastLookNs;
    private long nowNs;
    private long nextCheckNs = CHECK_INTERVAL_NS;

    PollClock(final LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.lastLookNs = nanoTime.getAsLong();
    }

    /** The time of the last look, from 0 at construction. */
    long nowNs() {
        return nowNs;
    }

    /** Counts one poll; true when it is time to look for overdue commands. */
    boolean tick() {
        if (--pollsUntilLook > 0) {
            return false;
        }
        pollsUntilLook = POLLS_PER_LOOK;
        final long looked = nanoTime.getAsLong();
        nowNs += Math.min(Math.max(0, looked - lastLookNs), LARGEST_STEP_NS);
        lastLookNs = looked;
        if (nowNs < nextCheckNs) {
            return false;
        }
        nextCheckNs = nowNs + CHECK_INTERVAL_NS;
        return true;
    }
}
