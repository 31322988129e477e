package io.ringvault.cli;

import io.ringvault.disk.AdoptContext;
import io.ringvault.disk.AdoptResult;
import io.ringvault.disk.Volumes;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes a refused volume the valid one, or changes its anchor. */
@Command(name = "adopt", mixinStandardHelpOptions = true,
    description = {"Make a volume that its anchor refuses the valid one (a deliberate restore), or give a volume "
        + "another anchor.",
        "Whatever was acknowledged and is not in this image is lost; other copies of the volume are refused then."})
final class AdoptCommand implements Callable<Integer> {
    @Mixin
    private VolumeOptions volume;

    @Option(names = "--new-anchor", paramLabel = "SPEC",
        description = "The anchor required from now on; it must not exist yet. Without this the present one stays.")
    private String newAnchor;

    @Option(names = "--accept-lost-writes",
        description = "Confirm. Without this nothing is written, and what would happen is said (exit code 1).")
    private boolean acceptLostWrites;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final AdoptResult result = Volumes.adopt(new AdoptContext(volume.context()).newAnchor(newAnchor)
            .acceptLostWrites(acceptLostWrites));
        final PrintWriter out = spec.commandLine().getOut();
        if (result.refusal() != null) {
            out.println("overridden: " + result.refusal());
        }
        out.println("adopted " + volume.device + ": the image's epoch " + result.imageEpoch() + " goes on as epoch "
            + result.newEpoch() + ", anchor " + result.anchor());
        result.warnings().forEach(warning -> out.println("warning: " + warning));
        return 0;
    }
}
