package io.ringvault.disk.engine;

/**
 * When to try again something that fails: after a first pause that doubles with every try, up to a longest one. Its
 * owner's thread only.
 */
final class RetryPace {
    private final long firstNs;
    private final long mostNs;
    private boolean failing;
    private long failingSinceNs;
    private long triedNs;
    private long pauseNs;

    /**
     * @param firstNs the pause before the first retry
     * @param mostNs  the longest pause
     */
    RetryPace(final long firstNs, final long mostNs) {
        this.firstNs = firstNs;
        this.mostNs = mostNs;
    }

    /** The try failed, or nothing was tried since. */
    void failed(final long nowNs) {
        if (!failing) {
            failing = true;
            failingSinceNs = nowNs;
            triedNs = nowNs;
            pauseNs = firstNs;
        }
    }

    /** Whether to try again now. */
    boolean due(final long nowNs) {
        return failing && nowNs - triedNs >= pauseNs;
    }

    /** It is being tried again: the next pause is longer. */
    void tried(final long nowNs) {
        triedNs = nowNs;
        pauseNs = Math.min(mostNs, 2 * pauseNs);
    }

    /** How long it has been failing; 0 when it is not. */
    long failingNs(final long nowNs) {
        return failing ? nowNs - failingSinceNs : 0;
    }

    /** It went well. */
    void succeeded() {
        failing = false;
    }
}
