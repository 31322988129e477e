package io.ringvault.cli;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.Sizes;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.VolumeClone;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Copies a volume under a new identity. */
@Command(name = "clone", mixinStandardHelpOptions = true,
    description = {"Copy a volume to another device under a new identity: new volume id, new keys, new anchor.",
        "The data is decrypted, encrypted anew and compared; the copy shares nothing with the original. A raw copy of "
            + "an image is no clone: it shares the anchor, and one of the two is refused."})
final class CloneCommand implements Callable<Integer> {
    @Mixin
    private VolumeOptions volume;

    @Parameters(index = "1", paramLabel = "TARGET", description = "The device of the copy, as a URI.")
    private String target;

    @Mixin
    private NewKeyOptions fresh;

    @Option(names = "--new-anchor", paramLabel = "SPEC", description = "The anchor of the copy: file:PATH or none.")
    private String newAnchor;

    @Option(names = "--size", paramLabel = "SIZE", description = "What the copy offers (default: as the original).")
    private long size;

    @Option(names = "--force", description = "Replace what is on the target. Its data is lost.")
    private boolean force;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final String uri = DeviceUri.parse(target).text();
        final SecureDiskContext source = volume.context();
        try (RememberedSecret key = new RememberedSecret(fresh.source(volume.key.timeoutSeconds));
            ProgressLine line = new ProgressLine(spec.commandLine().getErr())) {
            final VolumeClone.Result result = VolumeClone.copy(source, new FormatContext().device(uri).keySource(key)
                .kdf(fresh.parameters()).sizeBytes(size).anchor(newAnchor).force(force),
                new SecureDiskContext().device(uri).keySource(key).anchor(newAnchor),
                now -> line.show((now.step() == VolumeClone.Step.COPYING ? "copied " : "compared ")
                    + Sizes.formatRounded(now.bytes()) + " of " + Sizes.formatRounded(now.total())));
            spec.commandLine().getOut().println("cloned to " + target + ": " + Sizes.formatRounded(result.bytesCopied())
                + " of data, " + Sizes.formatRounded(result.bytesChecked()) + " compared");
        }
        return 0;
    }
}
