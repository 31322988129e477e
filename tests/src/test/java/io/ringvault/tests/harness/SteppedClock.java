package io.ringvault.tests.harness;

import org.agrona.concurrent.NanoClock;

/**
 * A clock that moves when it is told to, and a little whenever it is read, so that nothing waits for ever. One
 * thread.
 */
public final class SteppedClock implements NanoClock {
    private long nowNs = 1_000_000;
    private long readsLeft = Long.MAX_VALUE;
    private Runnable whenWatchedTooLong = () -> { };

    /** Moves on. */
    public void advance(final long ns) {
        nowNs += ns;
    }

    /** After so many readings something hangs: tells once, and fails whoever reads, so that waiting loops end. */
    public void watch(final long reads, final Runnable tooLong) {
        readsLeft = reads;
        whenWatchedTooLong = tooLong;
    }

    @Override
    public long nanoTime() {
        nowNs += 100;
        if (--readsLeft == 0) {
            whenWatchedTooLong.run();
            throw new IllegalStateException("the clock was read too often: something hangs");
        }
        return nowNs;
    }
}
