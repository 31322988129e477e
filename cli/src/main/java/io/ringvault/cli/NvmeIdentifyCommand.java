package io.ringvault.cli;

import io.ringvault.nvme.NvmeAdmin;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Identify Controller or Identify Namespace, field by field. */
@Command(name = "identify", aliases = {"id-ctrl", "id-ns"}, mixinStandardHelpOptions = true,
    description = "Show what a controller, or with -n a namespace, says about itself.")
final class NvmeIdentifyCommand implements Callable<Integer> {
    @Mixin
    private AdminOptions device;

    @Mixin
    private OutputOption output;

    @Option(names = {"-n", "--namespace-id"}, paramLabel = "N", description = "The namespace.")
    private Long namespace;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        try (NvmeAdmin admin = device.open()) {
            final Map<String, Object> fields = new LinkedHashMap<>(namespace == null ? admin.controller()
                : admin.namespace(AdminOptions.namespace(namespace)));
            if (namespace == null) {
                fields.put("afi", admin.firmware().active());
                fields.put("frs", admin.firmware().revisions());
            }
            output.print(spec.commandLine().getOut(), fields);
        }
        return 0;
    }
}
