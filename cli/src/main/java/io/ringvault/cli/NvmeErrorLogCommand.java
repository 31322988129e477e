package io.ringvault.cli;

import io.ringvault.nvme.NvmeAdmin;
import io.ringvault.nvme.spec.ErrorLogEntry;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The controller's error log. */
@Command(name = "error-log", mixinStandardHelpOptions = true,
    description = "Show the newest entries of a controller's error log, newest first.")
final class NvmeErrorLogCommand implements Callable<Integer> {
    private static final int MOST = 64;

    @Mixin
    private AdminOptions device;

    @Mixin
    private OutputOption output;

    @Option(names = {"-e", "--log-entries"}, paramLabel = "N", defaultValue = "64", description = "At most; 1 to 64.")
    private int entries;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (entries < 1 || entries > MOST) {
            throw new ParameterException(spec.commandLine(), "--log-entries=" + entries + " is not in 1.." + MOST);
        }
        final PrintWriter out = spec.commandLine().getOut();
        try (NvmeAdmin admin = device.open()) {
            final List<Map<String, Object>> errors = admin.errors(entries).stream().map(ErrorLogEntry::asMap).toList();
            if (output.isJson()) {
                output.print(out, Map.of("errors", errors));
            } else if (errors.isEmpty()) {
                out.println("no errors");
            } else {
                errors.forEach(each -> out.println("#" + each.get("error_count") + "  " + each.get("status_text")
                    + ", queue " + each.get("sqid") + ", command " + each.get("cmdid") + ", namespace "
                    + each.get("nsid") + ", block " + each.get("lba")));
            }
        }
        return 0;
    }
}
