package io.ringvault.log;

/**
 * One table of the index.
 *
 * @param tableId        48 bits, never reused
 * @param level          0..255
 * @param headGeneration place of the table's head
 * @param headSlot       place of the table's head
 */
public record ManifestEntry(long tableId, int level, long headGeneration, int headSlot) {
}
