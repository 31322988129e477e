package io.ringvault.bench;

import java.io.PrintStream;
import java.util.Locale;

/** Tells a person what is running: one line that rewrites itself on a terminal, one line per finished row elsewhere. */
public final class BenchProgress {
    private static final int WIDTH = 78;

    private final PrintStream stream;
    private final boolean terminal;
    private String prefix = "";

    public BenchProgress(final PrintStream stream, final boolean terminal) {
        this.stream = stream;
        this.terminal = terminal;
    }

    /** What comes before each line: how far the whole run is. */
    void prefix(final String text) {
        prefix = text;
    }

    void note(final String text) {
        if (terminal) {
            rewrite(prefix + text);
        }
    }

    void running(final Workload workload, final String target, final long bytes, final long elapsedNs) {
        if (terminal) {
            rewrite(line(workload, target, bytes, elapsedNs));
        }
    }

    void ended(final RowResult result) {
        final String line = line(result.workload(), result.target(), result.bytes(), result.elapsedNs());
        if (terminal) {
            rewrite(line);
        } else {
            stream.println(line);
        }
    }

    /** Wipes the line, so that the table begins on a clean one. */
    void clear() {
        if (terminal) {
            rewrite("");
            stream.print("\r");
            stream.flush();
        }
    }

    private String line(final Workload workload, final String target, final long bytes, final long elapsedNs) {
        final double seconds = Math.max(1, elapsedNs) / 1e9;
        return String.format(Locale.ROOT, "%s%-22s %-9s %8.1f MiB/s %9.0f IOPS %5.1f s", prefix, workload.title(),
            target,
            bytes / 1048576.0 / seconds, bytes / (double) workload.requestBytes() / seconds, seconds);
    }

    private void rewrite(final String text) {
        final String shown = text.length() > WIDTH ? text.substring(0, WIDTH) : text;
        stream.print("\r" + shown + " ".repeat(WIDTH - shown.length()));
        stream.flush();
    }
}
