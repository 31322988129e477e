package io.ringvault.cli;

import io.ringvault.bench.Json;
import io.ringvault.disk.Volumes;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says what is on a device; writes nothing. */
@Command(name = "info", mixinStandardHelpOptions = true, description = "Say what is on a device. Writes nothing to it.")
final class InfoCommand implements Callable<Integer> {
    @Mixin
    private VolumeOptions volume;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final Map<String, Object> map = Volumes.info(volume.context().readOnly(true)).asMap();
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.print(Json.text(map));
        } else {
            final int width = map.keySet().stream().mapToInt(String::length).max().orElse(0);
            map.forEach((name, value) -> print(out, name + " ".repeat(width - name.length()), value));
        }
        return 0;
    }

    private static void print(final PrintWriter out, final String name, final Object value) {
        if (value instanceof final Collection<?> values) {
            values.forEach(one -> print(out, name, one));
        } else {
            out.println(name + "  " + (value == null ? "-" : value));
        }
    }
}
