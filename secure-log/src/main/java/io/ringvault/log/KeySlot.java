package io.ringvault.log;

import java.util.Arrays;

/**
 * One of the header's eight key slots: the volume key, wrapped under a key derived from a key or a passphrase.
 *
 * @param state       {@link #EMPTY} or {@link #ACTIVE}
 * @param kind        {@link #KIND_KEY_FILE} or {@link #KIND_PASSPHRASE}
 * @param memoryKib   memory in KiB of Argon2id; 0 for keys
 * @param iterations  passes of Argon2id; 0 for keys
 * @param parallelism lanes of Argon2id; 0 for keys
 * @param salt        32 bytes
 * @param wrapped     48 bytes: the encrypted volume key and its tag
 */
public record KeySlot(int state, int kind, int memoryKib, int iterations, int parallelism, byte[] salt,
    byte[] wrapped) {
    /** Holds nothing. */
    public static final int EMPTY = 0;
    /** Holds a wrapped key. */
    public static final int ACTIVE = 1;
    /** Derived from a key: a file's content, a command's output, a variable's value. */
    public static final int KIND_KEY_FILE = 1;
    /** Derived from a passphrase by Argon2id. */
    public static final int KIND_PASSPHRASE = 2;
    /** Length of the salt. */
    public static final int SALT_BYTES = 32;
    /** Length of the wrapped key with its tag. */
    public static final int WRAPPED_BYTES = 48;

    /** A slot that holds nothing. */
    public static final KeySlot NOTHING = new KeySlot(EMPTY, 0, 0, 0, 0, new byte[SALT_BYTES], new byte[WRAPPED_BYTES]);

    public KeySlot {
        if (salt.length != SALT_BYTES || wrapped.length != WRAPPED_BYTES) {
            throw new IllegalArgumentException("key slot with " + salt.length + " bytes of salt, " + wrapped.length
                + " wrapped");
        }
        salt = salt.clone();
        wrapped = wrapped.clone();
    }

    @Override
    public byte[] salt() {
        return salt.clone();
    }

    @Override
    public byte[] wrapped() {
        return wrapped.clone();
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof KeySlot that && state == that.state && kind == that.kind && memoryKib == that.memoryKib
            && iterations == that.iterations && parallelism == that.parallelism && Arrays.equals(salt, that.salt)
            && Arrays.equals(wrapped, that.wrapped);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(salt) * 31 + state;
    }

    @Override
    public String toString() {
        return state == ACTIVE ? "KeySlot[kind=" + kind + "]" : "KeySlot[empty]";
    }
}
