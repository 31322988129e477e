package io.ringvault.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Results in the shape of fio's {@code --output-format=json}, so that scripts written for fio read them. */
final class FioJson {
    private static final double[] PERCENTILES = {1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95,
        99.99};

    private FioJson() {
    }

    /** The whole document. */
    static Map<String, Object> document(final Map<String, Object> environment, final List<RowResult> rows,
            final long timestampMs) {
        final Map<String, Object> document = new LinkedHashMap<>();
        document.put("fio version", "ringvault-bench");
        document.put("timestamp", timestampMs / 1000);
        document.put("timestamp_ms", timestampMs);
        document.put("global options", environment);
        final List<Object> jobs = new ArrayList<>();
        rows.forEach(row -> jobs.add(job(row)));
        document.put("jobs", jobs);
        return document;
    }

    private static Map<String, Object> job(final RowResult row) {
        final Workload workload = row.workload();
        final Map<String, Object> options = new LinkedHashMap<>();
        options.put("name", workload.jobName());
        options.put("rw", workload.fioPattern());
        options.put("bs", Integer.toString(workload.requestBytes()));
        options.put("iodepth", Integer.toString(workload.depth()));
        if (workload.kind() == Workload.Kind.WRITE_SYNC) {
            options.put("fsync", "1");
        }
        final Map<String, Object> job = new LinkedHashMap<>();
        job.put("jobname", (row.target().equals("raw") ? "raw-" : "") + workload.jobName());
        job.put("groupid", 0);
        job.put("error", 0);
        job.put("job options", options);
        job.put("read", direction(row, !workload.writes()));
        job.put("write", direction(row, workload.writes()));
        job.put("job_runtime", row.elapsedNs() / 1_000_000);
        job.put("write_amplification", row.writeAmplification());
        job.put("cpu_us_per_4k", row.cpuMicrosPerBlock());
        return job;
    }

    private static Map<String, Object> direction(final RowResult row, final boolean used) {
        final double seconds = Math.max(1, row.elapsedNs()) / 1e9;
        final long bytesPerSecond = used ? Math.round(row.bytes() / seconds) : 0;
        final Map<String, Object> direction = new LinkedHashMap<>();
        direction.put("io_bytes", used ? row.bytes() : 0L);
        direction.put("io_kbytes", used ? row.bytes() / 1024 : 0L);
        direction.put("bw_bytes", bytesPerSecond);
        direction.put("bw", bytesPerSecond / 1024);
        direction.put("iops", used ? row.requestsPerSecond() : 0.0);
        direction.put("runtime", used ? row.elapsedNs() / 1_000_000 : 0L);
        direction.put("total_ios", used ? row.requests() : 0L);
        direction.put("short_ios", 0);
        direction.put("drop_ios", 0);
        direction.put("lat_ns", latency(used ? row.latency() : new Histogram(1)));
        return direction;
    }

    private static Map<String, Object> latency(final Histogram histogram) {
        final boolean empty = histogram.getTotalCount() == 0;
        final Map<String, Object> latency = new LinkedHashMap<>();
        latency.put("min", empty ? 0L : histogram.getMinValue());
        latency.put("max", empty ? 0L : histogram.getMaxValue());
        latency.put("mean", empty ? 0.0 : histogram.getMean());
        latency.put("stddev", empty ? 0.0 : histogram.getStdDeviation());
        latency.put("N", histogram.getTotalCount());
        final Map<String, Object> percentiles = new LinkedHashMap<>();
        for (final double percentile : PERCENTILES) {
            percentiles.put(String.format(Locale.ROOT, "%.6f", percentile),
                empty ? 0L : histogram.getValueAtPercentile(percentile));
        }
        latency.put("percentile", percentiles);
        return latency;
    }
}
