package io.ringvault.disk.engine;

/**
 * Two facts that one agent lets the other know without a message, because being a moment late does no harm: they steer
 * when space is used, never what is true. Each has one writer.
 */
final class AgentHints {
    /** Data agent: free segments now. */
    volatile int freeSegments;
    /** Index agent: a merge has begun and not ended; the cleaner leaves it its segments. */
    volatile boolean mergeUnderWay;
}
