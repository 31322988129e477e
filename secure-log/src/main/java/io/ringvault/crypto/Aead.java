package io.ringvault.crypto;

/**
 * AES-256-GCM (NIST SP 800-38D) with a 16-byte tag over heap arrays. Owned by one thread.
 *
 * <p>The nonce is a place on the volume: generation as 8 bytes, then slot as 4 bytes, both little-endian. Whoever calls
 * {@link #seal} promises that (key, generation, slot) was never sealed before with this key; nothing here can check
 * that. Only arrays are accepted: their memory is private to this process, so nobody changes it between the check of a
 * tag and the use of the plaintext, and a device cannot make an implementation authenticate altered ciphertext.
 */
public interface Aead {
    /** Key length in bytes. */
    int KEY_BYTES = 32;
    /** Tag length in bytes. */
    int TAG_BYTES = 16;
    /** Nonce length in bytes. */
    int NONCE_BYTES = 12;

    /**
     * Imports a key; the array is copied and stays the caller's to zero.
     *
     * @param key32 32 bytes
     * @throws IllegalArgumentException for another length
     */
    AeadKey importKey(byte[] key32);

    /**
     * Encrypts {@code plain[0..plainLength)} into {@code out[0..plainLength)}, the tag behind it.
     *
     * @param aad associated data in {@code aad[0..aadLength)}
     * @param out an array other than {@code plain}, at least {@code plainLength + 16} long
     * @throws IllegalArgumentException for lengths outside the arrays
     * @throws IllegalStateException    when the key is destroyed, or where the implementation notices a repeated nonce
     */
    void seal(AeadKey key, long generation, int slot, byte[] aad, int aadLength, byte[] plain, int plainLength,
        byte[] out);

    /**
     * Checks the tag at {@code in[cipherLength..cipherLength + 16)} and decrypts {@code in[0..cipherLength)} into
     * {@code plain}.
     *
     * @param plain an array other than {@code in}, at least {@code cipherLength} long
     * @return false on a bad tag; {@code plain[0..cipherLength)} is zero then
     * @throws IllegalArgumentException for lengths outside the arrays
     * @throws IllegalStateException    when the key is destroyed
     */
    boolean open(AeadKey key, long generation, int slot, byte[] aad, int aadLength, byte[] in, int cipherLength,
        byte[] plain);

    /**
     * Overwrites what the implementation itself keeps of the keys that it was used with last. To be called when the
     * keys are destroyed; it may be used again afterwards.
     */
    void forgetKeys();
}
