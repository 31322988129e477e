package io.ringvault.cli;

import io.ringvault.block.StorageException;
import io.ringvault.disk.VerifyReport;
import io.ringvault.disk.Volumes;
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
        if (report.damages() > report.damaged().size()) {
            out.println("... and " + (report.damages() - report.damaged().size()) + " more");
        }
        out.println(report.blocksChecked() + " blocks checked, " + report.damages() + " damaged");
        if (report.damages() > 0) {
            throw StorageException.integrity(volume.device + ": " + report.damages()
                + " damaged, the first: " + report.damaged().getFirst()
                + "; copy off what can be read, then restore from a backup");
        }
        return 0;
    }
}
