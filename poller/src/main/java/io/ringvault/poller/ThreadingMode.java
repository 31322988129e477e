package io.ringvault.poller;

/** How agents get threads. */
public enum ThreadingMode {
    /** No thread: the caller steps all agents. Makes simulation deterministic. */
    INVOKER,
    /** All agents take turns on one thread. */
    SHARED,
    /** Each agent has a thread of its own. */
    DEDICATED;

    /** The mode for a machine with so many usable cores: dedicated from four on. */
    public static ThreadingMode defaultFor(final int usableCores) {
        return usableCores < 4 ? SHARED : DEDICATED;
    }
}
