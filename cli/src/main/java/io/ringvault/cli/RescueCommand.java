package io.ringvault.cli;

import io.ringvault.disk.RescueReport;
import io.ringvault.disk.Volumes;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Exports what is found of a volume that does not open any more; writes nothing to it. */
@Command(name = "rescue", mixinStandardHelpOptions = true,
    description = "Export what is found on a volume that cannot be opened any more. Writes nothing to it. What comes"
        + " out is authentic, but that it is the newest state is not proven.")
final class RescueCommand implements Callable<Integer> {
    @Mixin
    private VolumeOptions volume;

    @Option(names = "--output", required = true, paramLabel = "IMAGE", description = "A new file for the export.")
    private Path output;

    @Option(names = "--force", description = "Also when the volume opens in good order.")
    private boolean force;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final PrintWriter out = spec.commandLine().getOut();
        final RescueReport result = Volumes.rescue(volume.context().readOnly(true), output, force);
        spec.commandLine().getErr().println("ringvault: warning: FRESHNESS IS NOT PROVEN: an older state may have been"
            + " put in this volume's place, and blocks that were trimmed may show what they held. Check the content");
        out.println(result.exported() + " of " + result.userBlocks() + " blocks exported to " + output + ", "
            + result.lost() + " lost (zeros), from " + result.sessions() + " sessions, the newest commit: session "
            + result.session() + " epoch " + result.epoch());
        return 0;
    }
}
