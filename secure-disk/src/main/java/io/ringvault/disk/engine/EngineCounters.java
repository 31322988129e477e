package io.ringvault.disk.engine;

/**
 * Plain counters of one agent, written by it alone and read racily by whoever asks: a snapshot is approximate while
 * the disk is busy and exact when it is idle.
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
    public long integrityErrors;
    public long retries;
    /** Resets of the device that the agent has noticed. */
    public long deviceResets;
    /** Chunks and runs of index blocks written again after a reset. */
    public long rewrittenChunks;
    /** Advances of the freshness anchor. */
    public long anchorAdvances;
    /** Advances that failed; they may have landed. */
    public long anchorFailures;
    /** Durable commits that the anchor does not hold yet; not a sum. */
    public long exposedCommits;
    public long sessionRolls;

    /** Adds another agent's counters to these, for a snapshot. */
    void add(final EngineCounters other) {
        userBytesWritten += other.userBytesWritten;
        userBytesRead += other.userBytesRead;
        deviceBytesWritten += other.deviceBytesWritten;
        deviceBytesRead += other.deviceBytesRead;
        deviceWrites += other.deviceWrites;
        deviceFlushes += other.deviceFlushes;
        indexBytesWritten += other.indexBytesWritten;
        indexWrites += other.indexWrites;
        indexFlushes += other.indexFlushes;
        sealedBlocks += other.sealedBlocks;
        commits += other.commits;
        engineCommits += other.engineCommits;
        checkpoints += other.checkpoints;
        compactions += other.compactions;
        memtableFlushes += other.memtableFlushes;
        segmentsCleaned += other.segmentsCleaned;
        blocksRelocated += other.blocksRelocated;
        blocksLost += other.blocksLost;
        integrityErrors += other.integrityErrors;
        retries += other.retries;
        deviceResets = Math.max(deviceResets, other.deviceResets);
        rewrittenChunks += other.rewrittenChunks;
        anchorAdvances += other.anchorAdvances;
        anchorFailures += other.anchorFailures;
        exposedCommits += other.exposedCommits;
        sessionRolls += other.sessionRolls;
    }
}
