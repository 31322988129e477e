package io.ringvault.disk;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.Secret;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a command whose standard output is the key: the plug for a key broker's or a TPM's client. Its error stream goes
 * to ours; its input is empty. Blocks; any thread.
 *
 * <p>Without a shell where it can be: words are split at blanks, with single and double quotes and backslashes as in a
 * shell. Only a command with a character that a shell would act on is given to {@code /bin/sh -c}.
 *
 * <p>The key is what the command itself printed before it ended. A child that it leaves in the background with the
 * same output may run into the time limit (the JDK decides whether it is waited for), and its output never counts
 * reliably: do not print a key from there.
 */
final class KeyCommand {
    private static final String SHELL_CHARACTERS = "|&;<>()$`*?[]{}~#!\n";

    private final String command;
    private final Duration timeout;

    KeyCommand(final String command, final Duration timeout) {
        this.command = command;
        this.timeout = timeout;
    }

    KeySecret run() {
        final byte[] output = new byte[KeySecret.KEY_BYTES_MAX + 1];
        final int[] length = new int[1];
        try {
            final Process process = new ProcessBuilder(words(command)).redirectError(Redirect.INHERIT)
                .redirectInput(Redirect.from(new File("/dev/null"))).start();
            final Thread reader = Thread.ofVirtual().start(() -> length[0] = read(process, output));
            final int status = await(process, reader);
            if (status != 0 && length[0] <= KeySecret.KEY_BYTES_MAX) {
                throw StorageException.configuration("the key command ended with status " + status
                    + "; what it printed is not used");
            }
            if (length[0] < 0) {
                throw StorageException.configuration("the output of the key command could not be read");
            }
            final byte[] bytes = Arrays.copyOf(output, length[0]);
            try {
                return KeySecret.key(bytes);
            } finally {
                Secret.zero(bytes);
            }
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "the key command cannot be run: "
                + failed.getMessage(), failed);
        } finally {
            Secret.zero(output);
        }
    }

    /** Bytes read, or -1; reads one byte more than a key may have, so that longer ones are noticed. */
    private static int read(final Process process, final byte[] output) {
        try (InputStream in = process.getInputStream()) {
            return in.readNBytes(output, 0, output.length);
        } catch (final IOException failed) {
            return -1;
        }
    }

    private int await(final Process process, final Thread reader) {
        try {
            final long deadlineNs = System.nanoTime() + timeout.toNanos();
            if (!process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS)
                || !reader.join(Duration.ofNanos(Math.max(1, deadlineNs - System.nanoTime())))) {
                kill(process);
                throw StorageException.configuration("the key command did not end within " + timeout.toSeconds()
                    + " s and was stopped");
            }
            return process.exitValue();
        } catch (final InterruptedException interrupted) {
            kill(process);
            Thread.currentThread().interrupt();
            throw StorageException.configuration("interrupted while the key command ran; it was stopped");
        }
    }

    private static void kill(final Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    /** The words of a command, or a shell with the command. */
    static List<String> words(final String command) {
        final List<String> words = new ArrayList<>();
        final StringBuilder word = new StringBuilder();
        boolean inWord = false;
        char quote = 0;
        for (int i = 0; i < command.length(); i++) {
            final char c = command.charAt(i);
            if (quote == 0 && SHELL_CHARACTERS.indexOf(c) >= 0 || quote == '"' && (c == '$' || c == '`')) {
                return List.of("/bin/sh", "-c", command);
            } else if (quote != 0 && c == quote) {
                quote = 0;
            } else if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
                inWord = true;
            } else if (c == '\\' && quote != '\'' && i + 1 < command.length()) {
                word.append(command.charAt(++i));
                inWord = true;
            } else if (quote == 0 && Character.isWhitespace(c)) {
                if (inWord) {
                    words.add(word.toString());
                    word.setLength(0);
                    inWord = false;
                }
            } else {
                word.append(c);
                inWord = true;
            }
        }
        if (quote != 0) {
            throw StorageException.configuration("the key command has an open quote");
        }
        if (inWord) {
            words.add(word.toString());
        }
        if (words.isEmpty()) {
            throw StorageException.configuration("the key command is empty");
        }
        return words;
    }
}
