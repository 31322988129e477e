package io.ringvault.cli;

import io.ringvault.crypto.KdfParameters;
import io.ringvault.disk.KeySource;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a further or new key of a volume comes from. Never from the command line itself. */
final class NewKeyOptions {
    @Option(names = "--new-key-file", paramLabel = "FILE", description = "The new key: a file.")
    Path file;

    @Option(names = "--new-key-command", paramLabel = "CMD", description = "The new key: the output of a command.")
    String command;

    @Option(names = "--new-key-env", paramLabel = "NAME", description = "The new key: an environment variable.")
    String variable;

    @Option(names = "--new-passphrase", description = "Ask twice for a new passphrase at the terminal.")
    boolean ask;

    @Option(names = "--new-passphrase-fd", paramLabel = "N",
        description = "Read the new passphrase, one line, from an open descriptor.")
    Integer descriptor;

    @Mixin
    KdfOptions kdf;

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    /** The source that was chosen; the terminal when none was. */
    KeySource source(final int timeoutSeconds) {
        final int count = (file != null ? 1 : 0) + (command != null ? 1 : 0) + (variable != null ? 1 : 0)
            + (ask ? 1 : 0) + (descriptor != null ? 1 : 0);
        if (count > 1 || count == 0 && !Terminal.present()) {
            throw new ParameterException(spec.commandLine(), (count > 1 ? "" : "no new key: ")
                + "give one of --new-key-file, --new-key-command, --new-key-env, --new-passphrase and "
                + "--new-passphrase-fd");
        }
        return KeyOptions.chosen(file, command, timeoutSeconds, variable, descriptor, "New passphrase: ", true);
    }

    /** The cost of a new passphrase. */
    KdfParameters parameters() {
        return kdf.parameters(ask || descriptor != null || file == null && command == null && variable == null);
    }
}
