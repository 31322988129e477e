/**
 * Authenticated encryption, key derivation and the randomness behind them.
 *
 * <p>{@link io.ringvault.crypto.Aead} seals and opens one block at a time on heap arrays, one instance per thread (data
 * core, index core, seal workers); heap arrays are private memory, so memory that a device reaches cannot be passed by
 * mistake. {@link io.ringvault.crypto.VolumeKey} and {@link io.ringvault.crypto.Hkdf} belong to the control plane:
 * opening, closing and writing superblock slots.
 *
 * <p>Nothing here chooses a nonce, reads a device, logs, or shows key material in a message or a {@code toString}.
 */
package io.ringvault.crypto;
