package io.ringvault.nvme;

import java.util.Arrays;

/** How many resets a minute a controller is granted before it is given up. Control plane; one thread at a time. */
final class ResetBudget {
    /** The window over which resets are counted, in ns. */
    static final long WINDOW_NS = 60_000_000_000L;

    private final long[] times;
    private int taken;

    /** @param perMinute 0 or more */
    ResetBudget(final int perMinute) {
        times = new long[perMinute];
    }

    /** Takes one reset; false when that many were taken within the last minute. */
    boolean take(final long nowNs) {
        if (times.length == 0) {
            return false;
        }
        final int oldest = taken % times.length;
        if (taken >= times.length && nowNs - times[oldest] < WINDOW_NS) {
            return false;
        }
        times[oldest] = nowNs;
        taken++;
        return true;
    }

    @Override
    public String toString() {
        return "ResetBudget" + Arrays.toString(times);
    }
}
