package io.ringvault.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The group of commands about controllers rather than volumes; the names are those of nvme-cli where it has them. */
@Command(name = "nvme", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND",
    description = "Look at and prepare NVMe controllers.",
    subcommands = {
        NvmeListCommand.class, NvmeIdentifyCommand.class, NvmeSmartCommand.class, NvmeErrorLogCommand.class,
        NvmeNamespacesCommand.class, NvmeFormatCommand.class, NvmeBindCommand.class, NvmeUnbindCommand.class,
        NvmeServeModelCommand.class, CommandLine.HelpCommand.class})
final class NvmeCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }
}
