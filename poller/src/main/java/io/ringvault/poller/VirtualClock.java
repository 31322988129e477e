package io.ringvault.poller;

import org.agrona.concurrent.NanoClock;

/** A clock that moves only when told to. One thread. */
public final class VirtualClock implements NanoClock {
    private long nowNs;

    @Override
    public long nanoTime() {
        return nowNs;
    }

    /** Moves forward. */
    public void advanceNs(final long deltaNs) {
        if (deltaNs < 0) {
            throw new IllegalArgumentException("time does not go back: " + deltaNs);
        }
        nowNs += deltaNs;
    }
}
