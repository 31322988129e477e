package io.ringvault.disk;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.Secret;
import io.ringvault.log.KeyFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/**
 * The usual places of keys. Any thread. Copies on the heap are zeroed at once, except where the JDK keeps its own (see
 * {@code docs/keys.md}).
 */
public final class KeySources {

    private KeySources() {
    }

    /** The content of a file, 16 to 4096 bytes, as it is. */
    public static KeySource file(final Path path) {
        return () -> {
            final byte[] bytes = KeyFile.read(path);
            try {
                return KeySecret.key(bytes);
            } finally {
                Secret.zero(bytes);
            }
        };
    }

    /** A key that the caller has; the bytes are read when it is used, and stay the caller's to zero. */
    public static KeySource key(final byte[] bytes) {
        return () -> KeySecret.key(bytes);
    }

    /** A passphrase that the caller has; the characters are read when it is used, and stay the caller's to zero. */
    public static KeySource passphrase(final char[] characters) {
        return () -> KeySecret.passphrase(characters);
    }

    /**
     * The standard output of a command, as it is; see {@link KeyCommand}.
     *
     * @param timeout after which the command is killed
     */
    public static KeySource command(final String command, final Duration timeout) {
        return () -> new KeyCommand(command, timeout).run();
    }

    /**
     * The value of an environment variable, as a key in UTF-8. The JVM keeps its environment for as long as it lives,
     * and the kernel shows it to the same user: a file or a command is better.
     */
    public static KeySource environment(final String name) {
        return () -> {
            final String value = System.getenv(name);
            if (value == null) {
                throw StorageException.configuration("the environment has no variable " + name);
            }
            final byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            try {
                return KeySecret.key(bytes);
            } finally {
                Secret.zero(bytes);
            }
        };
    }

    /**
     * A passphrase from an open descriptor of this process: UTF-8 up to the end of the line or of the input. Not a byte
     * more is read, so that a pipe can hold several.
     */
    public static KeySource passphraseDescriptor(final int descriptor) {
        return () -> {
            final byte[] line = new byte[KeySecret.PASSPHRASE_BYTES_MAX + 2];
            int length = 0;
            try (InputStream in = Files.newInputStream(Path.of("/dev/fd/" + descriptor))) {
                final byte[] one = new byte[1];
                while (length < line.length && in.read(one) == 1 && one[0] != '\n') {
                    line[length++] = one[0];
                    one[0] = 0;
                }
                length -= length > 0 && line[length - 1] == '\r' ? 1 : 0;
                final byte[] bytes = Arrays.copyOf(line, length);
                try {
                    return KeySecret.passphraseUtf8(bytes);
                } finally {
                    Secret.zero(bytes);
                }
            } catch (final IOException failed) {
                throw new StorageException(StorageException.Category.CONFIGURATION, "no passphrase from descriptor "
                    + descriptor + ": " + failed.getMessage() + "; open it in the shell, for example " + descriptor
                    + "<FILE", failed);
            } finally {
                Secret.zero(line);
            }
        };
    }
}
