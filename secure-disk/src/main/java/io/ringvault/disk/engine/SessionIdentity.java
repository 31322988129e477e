package io.ringvault.disk.engine;

/**
 * The session that this process writes under. Nothing in it is secret; the key is derived from it and the volume key.
 *
 * @param id       session id
 * @param salt     32 bytes
 * @param volumeId 16 bytes
 */
public record SessionIdentity(long id, byte[] salt, byte[] volumeId) {
}
