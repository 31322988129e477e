package io.ringvault.disk.engine;

/**
 * Plain counters, written by the agent that owns the event and read racily by whoever asks: a snapshot is approximate
 * while the disk is busy and exact when it is idle.
 */
public final class EngineCounters {
    public long userBytesWritten;
    public long userBytesRead;
    public long deviceBytesWritten;
    public long deviceBytesRead;
    public long deviceWrites;
    public long deviceFlushes;
    public long indexBytesWritten;
    public long indexWrites;
    public long indexFlushes;
    public long sealedBlocks;
    public long commits;
    public long engineCommits;
    public long checkpoints;
    public long compactions;
    public long memtableFlushes;
    public long segmentsCleaned;
    public long blocksRelocated;
    public long blocksLost;
    public long freeSegments;
    public long totalSegments;
    public long integrityErrors;
    public long retries;
    /** Whether a merge has begun and not ended: the cleaner leaves it its segments. A hint between the agents. */
    public volatile boolean mergeUnderWay;
}
