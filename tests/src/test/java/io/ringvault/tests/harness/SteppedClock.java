package io.ringvault.tests.harness;

import org.agrona.concurrent.NanoClock;

/**
 * A clock that moves when it is told to, and a little whenever it is read, so that nothing waits for ever. One
 * thread.
 */
public final class SteppedClock implements NanoClock {
    private static final long MOMENT_NS = 100;
    /** So that a loop that waits for a pause of seconds ends before it is taken for one that hangs. */
    private static final long WATCHED_MOMENT_NS = 5_000;

    private long nowNs = 1_000_000;
    private long momentNs = MOMENT_NS;
    private long readsLeft = Long.MAX_VALUE;
    private Runnable whenWatchedTooLong = () -> { };

    /** Moves on. */
    public void advance(final long ns) {
        nowNs += ns;
    }

    /** After so many readings something hangs: tells once, and fails whoever reads, so that waiting loops end. */
    public void watch(final long reads, final Runnable tooLong) {
        readsLeft = reads;
        momentNs = reads == Long.MAX_VALUE ? MOMENT_NS : WATCHED_MOMENT_NS;
        whenWatchedTooLong = tooLong;
    }

    @Override
    public long nanoTime() {
        nowNs += momentNs;
        if (--readsLeft == 0) {
            whenWatchedTooLong.run();
            throw new IllegalStateException("the clock was read too often: something hangs");
        }
        return nowNs;
    }
}
