package io.ringvault.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A whole run: a short warm-up, then each row on the secure disk and, right after it, on the raw device, so that both
 * meet the same noise; then the table. Everything on the calling thread. Closes nothing.
 */
public final class BenchRun {
    private static final long WARM_UP_BYTES = 16 << 20;

    private final BenchTarget secure;
    private final BenchTarget raw;
    private final Settings settings;
    private final BenchProgress progress;

    /**
     * How to run.
     *
     * @param sizeBytes    the region that rows touch, a multiple of 1 MiB
     * @param runtimeNs    for each row on each target
     * @param warmUpNs     for each kind of request on each target
     * @param depth        requests in flight
     * @param seed         of data and offsets
     */
    public record Settings(long sizeBytes, long runtimeNs, long warmUpNs, int depth, long seed) {
    }

    /**
     * Rows of both targets in the order of the table.
     *
     * @param secure on the secure disk
     * @param raw    on the raw device; empty when there was none
     */
    public record Results(List<RowResult> secure, List<RowResult> raw) {

        /** Prints the table. */
        public void print(final PrintStream out) {
            BenchTable.print(out, secure, raw);
        }

        /** The document in fio's shape; {@code environment} becomes its global options. */
        public String json(final Map<String, Object> environment, final long timestampMs) {
            final List<RowResult> all = new ArrayList<>(secure);
            all.addAll(raw);
            return Json.text(FioJson.document(environment, all, timestampMs));
        }
    }

    /** @param raw may be null: no comparison then */
    public BenchRun(final BenchTarget secure, final BenchTarget raw, final Settings settings,
            final BenchProgress progress) {
        this.secure = secure;
        this.raw = raw;
        this.settings = settings;
        this.progress = progress;
    }

    /** Slots that a target must have for this depth. */
    public static int slots(final int depth) {
        return depth;
    }

    /** Runs everything; throws INTEGRITY when a read does not return what was written, IO when a request fails. */
    public Results run() {
        final BlockPattern pattern = new BlockPattern(settings.seed());
        final List<Workload> table = Workload.table(settings.depth());
        warmUp(secure, pattern);
        final RowRunner secureRunner = runner(secure, pattern, settings.sizeBytes());
        RowRunner rawRunner = null;
        if (raw != null) {
            warmUp(raw, pattern);
            rawRunner = runner(raw, pattern, settings.sizeBytes());
        }
        final List<RowResult> secureRows = new ArrayList<>();
        final List<RowResult> rawRows = new ArrayList<>();
        for (final Workload row : table) {
            progress.prefix("[" + (secureRows.size() + 1) + "/" + table.size() + "] ");
            final boolean wholePass = row.kind() == Workload.Kind.WRITE && !row.random();
            secureRows.add(secureRunner.run(row, settings.runtimeNs(), wholePass));
            if (rawRunner != null) {
                rawRows.add(rawRunner.run(row, settings.runtimeNs(), wholePass));
            }
        }
        progress.clear();
        return new Results(List.copyOf(secureRows), List.copyOf(rawRows));
    }

    /** Lets the compiler see every path, cipher above all, before anything is measured. */
    private void warmUp(final BenchTarget target, final BlockPattern pattern) {
        if (settings.warmUpNs() == 0) {
            return;
        }
        progress.prefix("");
        progress.note("warming up " + target.name() + " ...");
        final BenchProgress silent = new BenchProgress(new PrintStream(PrintStream.nullOutputStream()), true);
        final long bytes = Math.min(WARM_UP_BYTES, settings.sizeBytes());
        final RowRunner runner = new RowRunner(target, new BenchRegion(pattern, bytes), slots(settings.depth()),
            settings.seed() ^ 1, silent);
        for (final Workload row : Workload.table(settings.depth())) {
            if (row.requestBytes() != 32 << 10) {
                runner.run(row, settings.warmUpNs(), row.writes() && !row.random());
            }
        }
    }

    private RowRunner runner(final BenchTarget target, final BlockPattern pattern, final long sizeBytes) {
        return new RowRunner(target, new BenchRegion(pattern, sizeBytes), slots(settings.depth()), settings.seed(),
            progress);
    }
}
