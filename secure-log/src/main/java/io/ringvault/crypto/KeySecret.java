package io.ringvault.crypto;

import io.ringvault.block.StorageException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;

/**
 * What opens a key slot: a key (the content of a file, the output of a command, the value of a variable), or a
 * passphrase. Outside the heap; the owner closes it. Control plane, any thread.
 *
 * <p>A key is taken byte by byte, a trailing newline included, and must be hard to guess: it is not stretched. A
 * passphrase is UTF-8 in Unicode normalisation form C, as RFC 8265 (OpaqueString) has it, so that the same characters
 * typed on another system give the same bytes; nothing else is changed (no case folding, no trimming, no NFKC, which
 * would make different passphrases equal). It is stretched by Argon2id.
 */
public final class KeySecret implements AutoCloseable {
    /** Shortest key in bytes. */
    public static final int KEY_BYTES_MIN = 16;
    /** Longest key in bytes. */
    public static final int KEY_BYTES_MAX = 4096;
    /** Longest passphrase in bytes of UTF-8. */
    public static final int PASSPHRASE_BYTES_MAX = 1024;
    /** Shortest passphrase that a new slot is made for, in bytes of UTF-8. */
    public static final int NEW_PASSPHRASE_BYTES_MIN = 8;

    private final boolean passphrase;
    private final Secret secret;

    private KeySecret(final boolean passphrase, final byte[] bytes) {
        this.passphrase = passphrase;
        this.secret = Secret.of(bytes);
    }

    /**
     * A key; the bytes are copied and stay the caller's to zero.
     *
     * @throws StorageException CONFIGURATION for a length outside 16..4096
     */
    public static KeySecret key(final byte[] bytes) {
        if (bytes.length < KEY_BYTES_MIN || bytes.length > KEY_BYTES_MAX) {
            throw StorageException.configuration("key of " + bytes.length + " bytes; allowed are " + KEY_BYTES_MIN
                + " to " + KEY_BYTES_MAX);
        }
        return new KeySecret(false, bytes);
    }

    /**
     * A passphrase as typed; the characters stay the caller's to zero.
     *
     * @throws StorageException CONFIGURATION when it is empty, too long or no Unicode text
     */
    public static KeySecret passphrase(final char[] characters) {
        final byte[] utf8 = encode(CharBuffer.wrap(characters));
        try {
            return passphraseUtf8(utf8);
        } finally {
            Arrays.fill(utf8, (byte) 0);
        }
    }

    /**
     * A passphrase in UTF-8; the bytes stay the caller's to zero.
     *
     * @throws StorageException CONFIGURATION when it is empty, too long or not UTF-8
     */
    public static KeySecret passphraseUtf8(final byte[] utf8) {
        final byte[] normal = normalized(utf8);
        try {
            if (normal.length < 1 || normal.length > PASSPHRASE_BYTES_MAX) {
                throw StorageException.configuration(normal.length < 1 ? "the passphrase is empty"
                    : "the passphrase has more than " + PASSPHRASE_BYTES_MAX + " bytes");
            }
            return new KeySecret(true, normal);
        } finally {
            Arrays.fill(normal, (byte) 0);
        }
    }

    /** ASCII is its own normal form; anything else passes through a String, which lasts until it is collected. */
    private static byte[] normalized(final byte[] utf8) {
        boolean ascii = true;
        for (final byte each : utf8) {
            ascii &= each >= 0;
        }
        if (ascii) {
            return utf8.clone();
        }
        final CharBuffer text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT).decode(ByteBuffer.wrap(utf8));
        } catch (final CharacterCodingException malformed) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "the passphrase is not UTF-8 text",
                null);
        }
        final byte[] result = encode(CharBuffer.wrap(Normalizer.normalize(text, Normalizer.Form.NFC)));
        if (text.hasArray()) {
            Arrays.fill(text.array(), '\0');
        }
        return result;
    }

    private static byte[] encode(final CharBuffer text) {
        try {
            final ByteBuffer buffer = StandardCharsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPORT)
                .encode(text);
            final byte[] bytes = Arrays.copyOf(buffer.array(), buffer.limit());
            Arrays.fill(buffer.array(), (byte) 0);
            return bytes;
        } catch (final CharacterCodingException malformed) {
            throw new StorageException(StorageException.Category.CONFIGURATION,
                "the passphrase holds half of a surrogate pair", null);
        }
    }

    /** Whether this is a passphrase, to be stretched; otherwise it is a key. */
    public boolean isPassphrase() {
        return passphrase;
    }

    /** Length in bytes. */
    public int length() {
        return secret.length();
    }

    /** The bytes; the caller zeroes the copy at once. */
    public byte[] copy() {
        return secret.copy();
    }

    /** What kind it is, for messages; nothing about its content. */
    @Override
    public String toString() {
        return passphrase ? "passphrase" : "key";
    }

    /** Zeroes it. Idempotent. */
    @Override
    public void close() {
        secret.close();
    }
}
