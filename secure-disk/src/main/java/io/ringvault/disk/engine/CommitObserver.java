package io.ringvault.disk.engine;

/**
 * Hears of commits, on the data agent's thread, at the moment they happen. For tests and statistics; must not block.
 */
public interface CommitObserver {
    /** Hears nothing. */
    CommitObserver NONE = new CommitObserver() { };

    /**
     * A commit mark was sealed: the state at this moment is what a crash may bring back from now on.
     *
     * @param engineStarted no client asked for it
     */
    default void commitSealed(final long epoch, final long sequence, final boolean engineStarted) {
    }

    /** The commit is durable. */
    default void commitDurable(final long epoch) {
    }
}
