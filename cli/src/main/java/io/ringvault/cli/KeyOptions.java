package io.ringvault.cli;

import io.ringvault.block.StorageException;
import io.ringvault.disk.KeySource;
import io.ringvault.disk.KeySources;
import java.io.Console;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Where the key of a volume comes from, for every command that opens one. Never from the command line itself, which
 * others can see. Without any of these, a person at a terminal is asked for a passphrase.
 */
final class KeyOptions {
    @Option(names = "--key-file", paramLabel = "FILE",
        description = "A key: any file of 16 to 4096 bytes, for example from 'head -c 32 /dev/urandom'.")
    Path file;

    @Option(names = "--key-command", paramLabel = "CMD",
        description = "A command that prints the key (a client of a key broker or a TPM).")
    String command;

    @Option(names = "--key-command-timeout", paramLabel = "SECONDS", defaultValue = "60",
        description = "How long that command may take (default: ${DEFAULT-VALUE}).")
    int timeoutSeconds;

    @Option(names = "--key-env", paramLabel = "NAME",
        description = "An environment variable that holds the key; a file or a command is better.")
    String variable;

    @Option(names = "--passphrase", description = "Ask for a passphrase at the terminal, without echo.")
    boolean ask;

    @Option(names = "--passphrase-fd", paramLabel = "N",
        description = "Read a passphrase, one line, from an open descriptor.")
    Integer descriptor;

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    /** Whether anything was given. */
    boolean given() {
        return count() > 0;
    }

    private int count() {
        return (file != null ? 1 : 0) + (command != null ? 1 : 0) + (variable != null ? 1 : 0) + (ask ? 1 : 0)
            + (descriptor != null ? 1 : 0);
    }

    /** Whether it is a passphrase. */
    boolean usesPassphrase() {
        return file == null && command == null && variable == null;
    }

    /**
     * The source that was chosen.
     *
     * @param fresh a new volume: a typed passphrase is asked for twice
     */
    KeySource source(final boolean fresh) {
        if (count() > 1) {
            throw new ParameterException(spec.commandLine(), "give one of --key-file, --key-command, --key-env, "
                + "--passphrase and --passphrase-fd");
        }
        if (timeoutSeconds < 1) {
            throw new ParameterException(spec.commandLine(), "--key-command-timeout must be at least 1");
        }
        if (!ask && !given() && !Terminal.present()) {
            throw new ParameterException(spec.commandLine(), "no key: give one of --key-file, --key-command, "
                + "--key-env, --passphrase and --passphrase-fd");
        }
        return chosen(file, command, timeoutSeconds, variable, descriptor, "Passphrase: ", fresh);
    }

    /** The first that is there; otherwise the terminal. */
    static KeySource chosen(final Path file, final String command, final int timeoutSeconds, final String variable,
        final Integer descriptor, final String prompt, final boolean twice) {
        if (file != null) {
            return KeySources.file(file);
        }
        if (command != null) {
            return KeySources.command(command, Duration.ofSeconds(timeoutSeconds));
        }
        if (variable != null) {
            return KeySources.environment(variable);
        }
        return descriptor != null ? KeySources.passphraseDescriptor(descriptor) : () -> {
            final char[] typed = typed(prompt);
            try {
                if (twice) {
                    final char[] again = typed("The same again: ");
                    final boolean same = Arrays.equals(typed, again);
                    Arrays.fill(again, '\0');
                    if (!same) {
                        throw StorageException.configuration("the two passphrases differ; nothing was changed");
                    }
                }
                return KeySources.passphrase(typed).obtain();
            } finally {
                Arrays.fill(typed, '\0');
            }
        };
    }

    private static char[] typed(final String prompt) {
        final Console console = System.console();
        if (console == null || !console.isTerminal()) {
            throw StorageException.configuration("no terminal to ask for the passphrase; use --passphrase-fd");
        }
        final char[] typed = console.readPassword(prompt);
        if (typed == null) {
            throw StorageException.configuration("no passphrase was typed");
        }
        return typed;
    }
}
