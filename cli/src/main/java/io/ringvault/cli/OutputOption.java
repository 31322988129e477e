package io.ringvault.cli;

import io.ringvault.bench.Json;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.Map;
import picocli.CommandLine.Option;

/** {@code -o json}, as nvme-cli has it. */
final class OutputOption {
    /** Forms of output. */
    enum Format { TEXT, JSON }

    @Option(names = {"-o", "--output-format"}, paramLabel = "FORMAT", defaultValue = "TEXT",
        description = "text or json.")
    private Format format;

    boolean isJson() {
        return format == Format.JSON;
    }

    /** Prints a structure as JSON or as names and values. */
    void print(final PrintWriter out, final Map<String, ?> values) {
        if (isJson()) {
            out.print(Json.text(values));
        } else {
            final int width = values.keySet().stream().mapToInt(String::length).max().orElse(0);
            values.forEach((name, value) -> line(out, name + " ".repeat(width - name.length()), value));
        }
    }

    private static void line(final PrintWriter out, final String name, final Object value) {
        if (value instanceof final Collection<?> all) {
            int index = 0;
            for (final Object one : all) {
                out.println(name + " : [" + index++ + "] " + one);
            }
        } else {
            out.println(name + " : " + (value == null ? "-" : value));
        }
    }
}
