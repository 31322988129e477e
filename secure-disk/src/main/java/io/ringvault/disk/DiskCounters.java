package io.ringvault.disk;

/**
 * A snapshot of a disk's counters since it was opened; approximate while the disk is busy.
 *
 * @param userBytesWritten   by clients
 * @param userBytesRead      by clients
 * @param deviceBytesWritten chunks and index blocks
 * @param deviceBytesRead    data and index blocks
 * @param deviceWrites       write requests to the device
 * @param deviceFlushes      flush requests to the device
 * @param indexBytesWritten  the part of deviceBytesWritten that is tables and checkpoints
 * @param commits            commit marks sealed
 * @param engineCommits      of them, started by the engine
 * @param checkpoints        published
 * @param compactions        merges of the index
 * @param segmentsCleaned    by the cleaner
 * @param blocksRelocated    by the cleaner
 * @param blocksLost         that became unreadable
 * @param freeSegments       now
 * @param totalSegments      of the volume
 * @param integrityErrors    blocks that did not verify
 * @param deviceResets       times that the device was reset under the disk
 * @param chunksRewritten    chunks and runs of index blocks written again because such a reset may have lost them
 * @param anchorAdvances     of the freshness anchor
 * @param anchorFailures     advances that failed; they may have landed
 * @param exposedCommits     durable commits that the anchor does not hold yet
 * @param poisonReason       why the volume is read-only; null while healthy
 */
public record DiskCounters(long userBytesWritten, long userBytesRead, long deviceBytesWritten, long deviceBytesRead,
                           long deviceWrites, long deviceFlushes, long indexBytesWritten, long commits,
                           long engineCommits,
                           long checkpoints, long compactions, long segmentsCleaned, long blocksRelocated,
                           long blocksLost,
                           long freeSegments, long totalSegments, long integrityErrors, long deviceResets,
                           long chunksRewritten, long anchorAdvances, long anchorFailures,
                           long exposedCommits, String poisonReason) {
}
