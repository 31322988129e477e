package io.ringvault.bench;

import org.HdrHistogram.Histogram;

/**
 * What one row measured on one target.
 *
 * @param workload           the row
 * @param target             {@link BenchTarget#name}
 * @param requests           completed
 * @param bytes              moved by them
 * @param elapsedNs          from the first submission to the end of the last request, or of the final sync
 * @param latency            nanoseconds from submission to completion of each request
 * @param deviceBytesWritten that reached the device meanwhile
 * @param cpuNs              processor time of the whole process meanwhile, the client and a device model included
 */
public record RowResult(Workload workload, String target, long requests, long bytes, long elapsedNs, Histogram latency,
        long deviceBytesWritten, long cpuNs) {

    double mebibytesPerSecond() {
        return bytes / 1048576.0 / seconds();
    }

    double requestsPerSecond() {
        return requests / seconds();
    }

    double writeAmplification() {
        return bytes == 0 ? 0 : (double) deviceBytesWritten / bytes;
    }

    double cpuMicrosPerBlock() {
        return bytes == 0 ? 0 : cpuNs / 1000.0 / (bytes / 4096.0);
    }

    double percentileMicros(final double percentile) {
        return latency.getValueAtPercentile(percentile) / 1000.0;
    }

    private double seconds() {
        return Math.max(1, elapsedNs) / 1e9;
    }
}
