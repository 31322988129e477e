package io.ringvault.cli;

import io.ringvault.block.StorageException;
import io.ringvault.disk.Volumes;
import io.ringvault.disk.Volumes.VerifyReport;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Reads and authenticates everything; writes nothing. */
@Command(name = "verify", mixinStandardHelpOptions = true,
    description = "Read and authenticate every live block. Writes nothing. Exit code 3 when something is damaged.")
final class VerifyCommand implements Callable<Integer> {
    private static final long PROGRESS_NS = 200_000_000;

    @Mixin
    private VolumeOptions volume;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final PrintWriter out = spec.commandLine().getOut();
        final PrintWriter err = spec.commandLine().getErr();
        final boolean terminal = Terminal.present();
        final long[] nextNs = {System.nanoTime()};
        final VerifyReport report = Volumes.verify(volume.context().readOnly(true), blocks -> {
            final long now = System.nanoTime();
            if (terminal && now - nextNs[0] >= 0) {
                nextNs[0] = now + PROGRESS_NS;
                err.print("\r" + blocks + " blocks checked");
                err.flush();
            }
        });
        if (terminal) {
            err.print("\r" + " ".repeat(40) + "\r");
            err.flush();
        }
        report.warnings().forEach(warning -> err.println("ringvault: warning: " + warning));
        report.damaged().forEach(place -> out.println("damaged: " + place));
        out.println(report.blocksChecked() + " blocks checked, " + report.damaged().size() + " damaged");
        if (!report.damaged().isEmpty()) {
            throw StorageException.integrity(volume.device + ": " + report.damaged().size()
                + " damaged, the first: " + report.damaged().getFirst()
                + "; copy off what can be read, then restore from a backup");
        }
        return 0;
    }
}
