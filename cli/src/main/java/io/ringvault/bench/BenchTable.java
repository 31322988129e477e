package io.ringvault.bench;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** The table that a run ends with: each row on the secure disk, on the raw device, and how they compare. */
final class BenchTable {
    private static final String HEAD = "%-22s %3s | %8s %8s %8s %8s %8s %5s %6s | %8s %8s %8s %8s %6s | %6s%n";
    private static final String LEFT = "%-22s %3d | %8.1f %8.0f %8.1f %8.1f %8.1f %5s %6.2f | ";
    private static final String RIGHT = "%8.1f %8.0f %8.1f %8.1f %6.2f | %5.0f%%%n";

    private BenchTable() {
    }

    /** Prints; {@code raw} is empty, or has the same rows as {@code secure}. */
    static void print(final PrintStream out, final List<RowResult> secure, final List<RowResult> raw) {
        out.printf(Locale.ROOT, "%-22s %3s | %-57s | %-42s |%n", "", "", "ringvault", raw.isEmpty() ? ""
            : "raw device");
        out.printf(Locale.ROOT, HEAD, "", "QD", "MiB/s", "IOPS", "p50 us", "p99 us", "p99.9 us", "WA", "us/4K",
            "MiB/s", "IOPS", "p50 us", "p99 us", "us/4K", "of raw");
        for (int i = 0; i < secure.size(); i++) {
            final RowResult row = secure.get(i);
            out.printf(Locale.ROOT, LEFT, row.workload().title(), row.workload().depth(), row.mebibytesPerSecond(),
                row.requestsPerSecond(), row.percentileMicros(50), row.percentileMicros(99),
                row.percentileMicros(99.9), amplification(row), row.cpuMicrosPerBlock());
            if (i < raw.size()) {
                final RowResult other = raw.get(i);
                out.printf(Locale.ROOT, RIGHT, other.mebibytesPerSecond(), other.requestsPerSecond(),
                    other.percentileMicros(50), other.percentileMicros(99), other.cpuMicrosPerBlock(),
                    100 * row.mebibytesPerSecond() / Math.max(1e-9, other.mebibytesPerSecond()));
            } else {
                out.println();
            }
        }
        out.println("WA: bytes written to the device for each byte written by the client. us/4K: processor time of the "
            + "whole process,");
        out.println("client, checks and device model included, for each 4 KiB. Writes include the final sync; every "
            + "read was checked.");
    }

    private static String amplification(final RowResult row) {
        return row.workload().writes() ? String.format(Locale.ROOT, "%.2f", row.writeAmplification()) : "-";
    }
}
