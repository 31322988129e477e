package io.ringvault.cli;

import io.ringvault.disk.VolumeKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The group of commands about copies of a volume's header. */
@Command(name = "header", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND",
    description = "Keep and put back the header: the key slots, without which the data is lost.",
    subcommands = {HeaderCommandGroup.Backup.class, HeaderCommandGroup.Restore.class, CommandLine.HelpCommand.class})
final class HeaderCommandGroup implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }

    /** Takes a copy. */
    @Command(name = "backup", mixinStandardHelpOptions = true,
        description = "Write the header to a new file. It holds key slots only; who has it and a secret of its time "
            + "has the volume key.")
    static final class Backup implements Callable<Integer> {
        @Mixin
        private DeviceOption device;

        @Parameters(index = "1", paramLabel = "FILE", description = "A file that does not exist.")
        private Path file;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            VolumeKeys.backupHeader(device.context(), file);
            spec.commandLine().getOut().println("header written to " + file);
            return 0;
        }
    }

    /** Puts a copy back. */
    @Command(name = "restore", mixinStandardHelpOptions = true,
        description = "Put a header back. Refused for another volume, and after a key rotation. Key slots that were "
            + "removed since the backup come back to life.")
    static final class Restore implements Callable<Integer> {
        @Mixin
        private VolumeOptions volume;

        @Parameters(index = "1", paramLabel = "FILE", description = "A file of 'header backup'.")
        private Path file;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            final List<String> warnings = new ArrayList<>();
            VolumeKeys.restoreHeader(volume.context(), file, warnings);
            warnings.forEach(warning -> spec.commandLine().getErr().println("ringvault: warning: " + warning));
            spec.commandLine().getOut().println("header restored from " + file);
            return 0;
        }
    }
}
