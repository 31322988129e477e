package io.ringvault.cli;

import io.ringvault.nvme.NvmeAdmin;
import io.ringvault.nvme.spec.SmartLog;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** SMART and health information. */
@Command(name = "smart", aliases = "smart-log", mixinStandardHelpOptions = true,
    description = "Show a controller's SMART and health information. Exit code 0 also when it warns.")
final class NvmeSmartCommand implements Callable<Integer> {
    private static final int KELVIN = 273;

    @Mixin
    private AdminOptions device;

    @Mixin
    private OutputOption output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        try (NvmeAdmin admin = device.open()) {
            final SmartLog smart = admin.smart();
            final Map<String, Object> fields = new LinkedHashMap<>(smart.asMap());
            if (!output.isJson()) {
                fields.put("critical_warning", String.format("0x%02x", smart.criticalWarning()));
                fields.put("temperature", smart.temperatureKelvin() - KELVIN + " C (" + smart.temperatureKelvin()
                    + " K)");
                fields.computeIfPresent("data_units_read", (name, units) -> units + " of 512000 bytes");
                fields.computeIfPresent("data_units_written", (name, units) -> units + " of 512000 bytes");
            }
            output.print(spec.commandLine().getOut(), fields);
        }
        return 0;
    }
}
