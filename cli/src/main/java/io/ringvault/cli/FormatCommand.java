package io.ringvault.cli;

import io.ringvault.block.Sizes;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.Volumes;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes a new, empty volume. */
@Command(name = "format", mixinStandardHelpOptions = true, description = "Make a new volume on a device.")
final class FormatCommand implements Callable<Integer> {
    @Mixin
    private VolumeOptions volume;

    @Mixin
    private KdfOptions kdf;

    @Option(names = "--size", required = true, paramLabel = "SIZE",
        description = "What the volume offers, for example 256M or 10G; the device holds about 10 %% more.")
    private long size;

    @Option(names = "--force", description = "Replace a volume that is there already. Its data is lost.")
    private boolean force;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Volumes.format(new FormatContext().device(volume.device()).keySource(volume.key.source(true))
            .kdf(kdf.parameters(volume.key.usesPassphrase())).sizeBytes(size)
            .anchor(volume.anchor).force(force));
        spec.commandLine().getOut().println("formatted " + volume.device + ": " + Sizes.formatRounded(size)
            + (volume.anchor == null ? "" : ", anchor " + volume.anchor));
        return 0;
    }
}
