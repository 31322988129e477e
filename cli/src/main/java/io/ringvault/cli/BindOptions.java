package io.ringvault.cli;

import io.ringvault.host.DriverBinding;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What bind and unbind have in common. */
final class BindOptions {
    @Parameters(paramLabel = "BDF", description = "The PCI address, for example 0000:01:00.0.")
    String address;

    @Option(names = "--dry-run", description = "Print the exact writes and do nothing.")
    boolean dryRun;

    @Option(names = "--force", description = "Do it although somebody uses the device; the message says what is lost.")
    boolean force;

    @Option(names = "--root", hidden = true, defaultValue = "/")
    Path root;

    int run(final PrintWriter out, final DriverBinding binding, final DriverBinding.Plan plan, final String driver) {
        plan.accepted().forEach(each -> out.println("# accepted by --force: " + each));
        plan.notes().forEach(each -> out.println("# " + each));
        if (dryRun) {
            plan.writes().forEach(each -> out.println(each.shown()));
        } else {
            binding.apply(plan, driver);
            if (!plan.writes().isEmpty()) {
                out.println(address + " is bound to " + driver);
            }
        }
        return 0;
    }
}
