package io.ringvault.nvme.model;

import java.util.concurrent.locks.LockSupport;

/**
 * What a model thread does while it has nothing to do: doorbells are plain memory, so nobody can wake it. It spins
 * briefly, then yields, then parks for longer and longer: about 20 µs at first, 1 ms after a tenth of a second without
 * work.
 */
final class Backoff {
    private static final int SPINS = 100;
    private static final int YIELDS = 400;
    private static final long SHORTEST_PARK_NS = 20_000;
    private static final long LONGEST_PARK_NS = 1_000_000;
    private static final int GROWTH_SHIFT = 6;

    private int idled;
    private long parkNs = SHORTEST_PARK_NS;

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
            parkNs = Math.min(LONGEST_PARK_NS, parkNs + (parkNs >>> GROWTH_SHIFT));
        }
    }
}
