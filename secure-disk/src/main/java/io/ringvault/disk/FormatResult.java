package io.ringvault.disk;

/**
 * A volume that was made.
 *
 * @param volumeId      as hexadecimal text
 * @param sizeBytes     that the user sees
 * @param deviceBytes   that the device has
 * @param segmentBlocks blocks of a segment
 * @param segments      of the volume
 */
public record FormatResult(String volumeId, long sizeBytes, long deviceBytes, int segmentBlocks, int segments) {
}
