package io.ringvault.nvme.model;

import java.util.concurrent.locks.LockSupport;

/**
 * What a model thread does while it has nothing to do: doorbells are plain memory, so nobody can wake it. It spins
 * briefly, then yields, then parks for longer and longer: about 20 µs at first, a chosen longest time after
 * a tenth of a second without work.
 */
final class Backoff {
    private static final int SPINS = 100;
    private static final int YIELDS = 400;
    private static final long SHORTEST_PARK_NS = 20_000;
    private static final int GROWTH_SHIFT = 6;

    private final long longestParkNs;
    private int idled;
    private long parkNs = SHORTEST_PARK_NS;

    /** @param longestParkNs how late work may be noticed after a long idle time */
    Backoff(final long longestParkNs) {
        this.longestParkNs = longestParkNs;
    }

    /** There was work. */
    void reset() {
        idled = 0;
        parkNs = SHORTEST_PARK_NS;
    }

    /** There was none: waits a little. */
    void idle() {
        if (idled < SPINS) {
            idled++;
            Thread.onSpinWait();
        } else if (idled < SPINS + YIELDS) {
            idled++;
            Thread.yield();
        } else {
            LockSupport.parkNanos(parkNs);
            parkNs = Math.min(longestParkNs, parkNs + (parkNs >>> GROWTH_SHIFT));
        }
    }
}
