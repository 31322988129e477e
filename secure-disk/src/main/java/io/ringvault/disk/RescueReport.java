package io.ringvault.disk;

/**
 * What a rescue found.
 *
 * @param userBlocks blocks of the volume
 * @param exported   blocks that were written to the image; all others are zeros there
 * @param lost       blocks whose newest version is damaged or was lost before; zeros in the image
 * @param sessions   sessions that blocks came from
 * @param session    the newest of them, 0 when nothing was found
 * @param epoch      the epoch of its newest commit
 */
public record RescueReport(long userBlocks, long exported, long lost, int sessions, long session, long epoch) {
}
