package io.ringvault.cli;

import io.ringvault.bench.Json;
import io.ringvault.host.Doctor;
import io.ringvault.host.Finding;
import io.ringvault.sys.SystemTree;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what this machine lacks for a device. */
@Command(name = "doctor", mixinStandardHelpOptions = true,
    description = {"Say what this machine has for polling a device, and the exact command for what is missing.",
        "Exit code 0 when the asked-for device can be opened as far as can be seen, 1 otherwise."})
final class DoctorCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "DEVICE", description = "A device URI or a PCI address; otherwise the "
        + "machine alone.")
    private String device;

    @Mixin
    private OutputOption output;

    @Option(names = "--root", hidden = true, defaultValue = "/")
    private Path root;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final Doctor.Report report = new Doctor(SystemTree.below(root)).examine(device);
        final PrintWriter out = spec.commandLine().getOut();
        if (output.isJson()) {
            out.print(Json.text(report.asMap()));
        } else {
            final int width = report.findings().stream().mapToInt(each -> each.name().length()).max().orElse(0);
            report.findings().forEach(each -> print(out, each, width));
            out.println();
            out.println("works: " + report.working().stream().map(Finding.DevicePath::text)
                .collect(Collectors.joining("  |  ")));
            if (device != null) {
                out.println(device + (report.works() ? ": nothing is missing" : ": does not work yet, see above"));
            }
        }
        return report.works() ? 0 : 1;
    }

    private static void print(final PrintWriter out, final Finding finding, final int width) {
        out.printf("%-8s %-" + width + "s  %s%n", finding.state().name().toLowerCase(Locale.ROOT), finding.name(),
            finding.text());
        if (!finding.fix().isEmpty()) {
            out.println(" ".repeat(9) + " ".repeat(width) + "  -> " + finding.fix());
        }
    }
}
