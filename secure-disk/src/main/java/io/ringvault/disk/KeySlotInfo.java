package io.ringvault.disk;

/**
 * A key slot in use, as anybody can read it in the header.
 *
 * @param slot        0..7
 * @param kind        {@code key} or {@code passphrase}
 * @param memoryKib   of Argon2id; 0 for a key
 * @param iterations  of Argon2id; 0 for a key
 * @param parallelism of Argon2id; 0 for a key
 */
public record KeySlotInfo(int slot, String kind, int memoryKib, int iterations, int parallelism) {
}
