package io.ringvault.tests.harness;

import org.agrona.concurrent.NanoClock;

/**
 * A clock that moves when it is told to, and a little whenever it is read, so that nothing waits for ever. One
 * thread.
 */
public final class SteppedClock implements NanoClock {
    private long nowNs = 1_000_000;

    /** Moves on. */
    public void advance(final long ns) {
        nowNs += ns;
    }

    @Override
    public long nanoTime() {
        nowNs += 100;
        return nowNs;
    }
}
