package io.ringvault.disk.engine;

import io.ringvault.block.StorageException;
import io.ringvault.lsm.CompactionPolicy;

/**
 * Every capacity of the engine. All are parameters so that tests with tiny values cross every boundary in a few
 * operations. Control plane only; {@link #validate} is called once, before anything is allocated.
 */
public final class EngineConfig {
    /** Data blocks in a chunk at most, 1..163 (the cells of one summary). */
    public int chunkDataBlocks = 160;
    /** Chunk buffers: chunks that are filling, in flight, or completed but not yet durable. */
    public int chunkBuffers = 104;
    /** Device read buffers. */
    public int readSlots = 64;
    /** Blocks in one device read buffer. */
    public int readSlotBlocks = 32;
    /** Reads being worked on at once. */
    public int readJobs = 128;
    /** Point records of one memtable; a trim of 64 blocks with both its edges must fit. There are two. */
    public int memtableRecords = 1 << 17;
    /** Trimmed ranges of one memtable. */
    public int maxRanges = 4096;
    /** Verified index blocks kept in private memory. */
    public int blockCacheBlocks = 8192;
    /** A checkpoint is started when this many chunks lie beyond replay-from (protocol rule 12). */
    public int checkpointChunks = 16 * 1024;
    /** A checkpoint is started when this many bytes of log lie beyond replay-from. */
    public long checkpointBytes = 256L << 20;
    /** The engine commits by itself when the open epoch exceeds this; 0 = a quarter of the over-provisioned space. */
    public long epochBytes;
    /** Refuse writes beyond {@link #epochBytes} with EPOCH_TOO_LARGE instead of committing by ourselves. */
    public boolean strictEpochs;
    /** The log never runs further than this past its durable mark (W in protocol rule 21). */
    public long windowBytes = 64L << 20;
    /** Commits in flight; later syncs share the next one. */
    public int inFlightCommits = 4;
    /** Blocks of one index table at most. */
    public int tableBlocks = 1024;
    /** Tables in level 0 that start a merge. */
    public int l0Trigger = 4;
    /** Size ratio of neighbouring levels. */
    public int fanOut = 10;
    /** A chunk that no write extended for this long is sent to the device. */
    public long chunkIdleNs = 5_000_000;
    /**
     * After so long without a write, the log says once how far it is durable (S15 of the protocol: damage differs from
     * a torn tail).
     */
    public long idleMarkNs = 1_000_000_000;
    /** Blocks that one session key seals before the session is rolled (protocol rule 7). */
    public long sessionBlocksMax = 1L << 32;
    /**
     * Sessions in the session table beyond which the oldest are emptied and dropped (protocol P10). At four times as
     * many, writes wait for that.
     */
    public int sessionsMax = 4096;
    /** Depth of each device queue. */
    public int queueDepth = 256;
    /** Clients at once. */
    public int maxClients = 64;
    /** Blocks in the staging buffer of the index writer. */
    public int objectStagingBlocks = 256;
    /** Index records worked on in one duty cycle of the index agent. */
    public int indexBudgetRecords = 256;

    /** Writes that cannot go on before the freshness anchor answers wait so long for it; then they are told. */
    public long anchorPatienceNs = 1_000_000_000;
    /** When the freshness anchor follows the commits. */
    public AnchorPolicy anchorPolicy = AnchorPolicy.EVERY_SYNC;

    /** Throws CONFIGURATION naming the first value that is out of its range. */
    public EngineConfig validate() {
        range("chunkDataBlocks", chunkDataBlocks, 1, 163);
        range("chunkBuffers", chunkBuffers, 10, 4096);
        range("readSlots", readSlots, 1, 4096);
        range("readSlotBlocks", readSlotBlocks, 1, 256);
        range("readJobs", readJobs, 4, 65536);
        range("memtableRecords", memtableRecords, 66, 1 << 24);
        range("maxRanges", maxRanges, 4, 1 << 20);
        range("blockCacheBlocks", blockCacheBlocks, 1, 1 << 24);
        range("checkpointChunks", checkpointChunks, 1, 1 << 20);
        range("checkpointBytes", checkpointBytes, 4096, 1L << 40);
        range("epochBytes", epochBytes, 0, 1L << 50);
        range("windowBytes", windowBytes, 4096, 1L << 40);
        range("inFlightCommits", inFlightCommits, 1, 256);
        range("tableBlocks", tableBlocks, 1, 1 << 16);
        range("l0Trigger", l0Trigger, 1, 64);
        range("fanOut", fanOut, 2, 64);
        range("sessionBlocksMax", sessionBlocksMax, 64, 1L << 32);
        range("sessionsMax", sessionsMax, 2, 8192);
        range("queueDepth", queueDepth, 4, 4096);
        range("maxClients", maxClients, 1, 4096);
        range("objectStagingBlocks", objectStagingBlocks, 8, 4096);
        range("indexBudgetRecords", indexBudgetRecords, 1, 1 << 24);
        return this;
    }

    /** How the index is compacted. */
    public CompactionPolicy.Parameters compaction() {
        return new CompactionPolicy.Parameters(l0Trigger, fanOut, tableBlocks, (long) tableBlocks * fanOut,
            Math.max(4, Math.min(48, l0Trigger + fanOut)));
    }

    private static void range(final String name, final long value, final long least, final long most) {
        if (value < least || value > most) {
            throw StorageException.configuration(name + " is " + value + "; it must be " + least + " to " + most);
        }
    }
}
