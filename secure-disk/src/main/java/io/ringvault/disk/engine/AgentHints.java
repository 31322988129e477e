package io.ringvault.disk.engine;

/**
 * Facts that one agent lets the other know without a message, because being a moment late does no harm: they steer
 * when space is used, never what is true. Each has one writer.
 */
final class AgentHints {
    /** Data agent: free segments now. */
    volatile int freeSegments;
    /** Index agent: a merge has begun and not ended; the cleaner leaves it its segments. */
    volatile boolean mergeUnderWay;
    /** Index agent: a merge is due and there is no room to begin it; the cleaner leaves it what becomes free. */
    volatile boolean mergeWaits;
    /** Data agent: no segment that is empty waits to become free, so whatever is to make space must begin now. */
    volatile boolean nothingInLimbo;
    /** Index agent: tables that shall be written anew to empty their segments. */
    volatile int rewrites;
    /** Data agent: segments that still hold blocks under the volume key before; -1 when there is no such key. */
    volatile int oldSegments = -1;
    /** Data agent: nothing that could empty them is left to do. */
    volatile boolean rotationStalled;
}
