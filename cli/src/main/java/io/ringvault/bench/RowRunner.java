package io.ringvault.bench;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * Runs one row on one target, on the calling thread, which is the client: keeps the depth filled, polls, times each
 * request, checks each read.
 */
final class RowRunner {
    private static final long PROGRESS_NS = 200_000_000;
    private static final long HIGHEST_LATENCY_NS = 3_600_000_000_000L;
    private static final int POLL_LIMIT = 64;
    private static final int SPINS = 200;
    private static final int PICKS = 64;

    private final BenchTarget target;
    private final BenchRegion region;
    private final BenchProgress progress;
    private final SplittableRandom random;
    private final BenchTarget.Completion completion = this::onCompletion;
    private final MemorySegment[] buffers;
    private final long[] offsets;
    private final long[] startedNs;
    private final int[] free;
    private int freeCount;

    private Workload workload;
    private Histogram latency;
    private boolean syncing;
    private boolean syncDone;
    private long nextOffset;
    private long requests;
    private long issued;

    RowRunner(final BenchTarget target, final BenchRegion region, final int slots, final long seed,
            final BenchProgress progress) {
        this.target = target;
        this.region = region;
        this.progress = progress;
        random = new SplittableRandom(seed);
        buffers = new MemorySegment[slots];
        offsets = new long[slots];
        startedNs = new long[slots];
        free = new int[slots];
        for (int i = 0; i < slots; i++) {
            buffers[i] = target.buffer(i);
        }
    }

    /**
     * @param runtimeNs how long to issue requests
     * @param wholePass whether to go on until every block of the region has been touched (sequential rows)
     */
    RowResult run(final Workload row, final long runtimeNs, final boolean wholePass) {
        begin(row);
        final long deviceBytes = target.deviceBytesWritten();
        final long cpuNs = cpuNs();
        final long beginNs = System.nanoTime();
        final long fullBytes = wholePass ? region.sizeBytes() : 0;
        if (row.kind() == Workload.Kind.WRITE_SYNC) {
            runSynced(beginNs, runtimeNs);
        } else {
            runDeep(beginNs, runtimeNs, fullBytes);
            if (row.writes()) {
                sync();
            }
        }
        final long elapsedNs = System.nanoTime() - beginNs;
        final RowResult result = new RowResult(row, target.name(), requests, requests * row.requestBytes(), elapsedNs,
            latency, target.deviceBytesWritten() - deviceBytes, cpuNs() - cpuNs);
        progress.ended(result);
        return result;
    }

    private void begin(final Workload row) {
        workload = row;
        latency = new Histogram(HIGHEST_LATENCY_NS, 3);
        nextOffset = 0;
        requests = 0;
        issued = 0;
        freeCount = 0;
        for (int i = row.depth() - 1; i >= 0; i--) {
            free[freeCount++] = i;
        }
    }

    private void runDeep(final long beginNs, final long runtimeNs, final long fullBytes) {
        long nextProgressNs = beginNs + PROGRESS_NS;
        int idle = 0;
        boolean issuing = true;
        while (issuing || freeCount < workload.depth()) {
            int work = 0;
            while (issuing && freeCount > 0 && issue()) {
                work++;
            }
            target.submit();
            work += target.poll(completion, POLL_LIMIT);
            final long now = System.nanoTime();
            issuing = issuing && (now - beginNs < runtimeNs || issued * workload.requestBytes() < fullBytes);
            if (now - nextProgressNs >= 0) {
                progress.running(workload, target.name(), requests * workload.requestBytes(), now - beginNs);
                nextProgressNs = now + PROGRESS_NS;
            }
            idle = work > 0 ? 0 : idle + 1;
            idle(idle);
        }
    }

    private void runSynced(final long beginNs, final long runtimeNs) {
        long nextProgressNs = beginNs + PROGRESS_NS;
        long now = beginNs;
        while (now - beginNs < runtimeNs) {
            final long start = System.nanoTime();
            while (!issue()) {
                target.poll(completion, POLL_LIMIT);
            }
            target.submit();
            int idle = 0;
            while (freeCount == 0) {
                idle(target.poll(completion, POLL_LIMIT) > 0 ? 0 : ++idle);
            }
            sync();
            now = System.nanoTime();
            latency.recordValue(now - start);
            if (now - nextProgressNs >= 0) {
                progress.running(workload, target.name(), requests * workload.requestBytes(), now - beginNs);
                nextProgressNs = now + PROGRESS_NS;
            }
        }
    }

    private boolean issue() {
        final int length = workload.requestBytes();
        final long offset = pick(length);
        if (offset < 0) {
            return false;
        }
        final int slot = free[freeCount - 1];
        if (workload.writes()) {
            region.prepareWrite(buffers[slot], offset, length);
        }
        offsets[slot] = offset;
        startedNs[slot] = System.nanoTime();
        int idle = 0;
        // A refused request must be sent again as it is: its versions are already counted.
        while (!(workload.writes() ? target.write(slot, offset, length) : target.read(slot, offset, length))) {
            freeCount--;
            target.submit();
            idle = target.poll(completion, POLL_LIMIT) > 0 ? 0 : idle + 1;
            idle(idle);
            keep(slot);
        }
        freeCount--;
        issued++;
        return true;
    }

    /** Puts a slot that is being filled back on top, above those that came free meanwhile. */
    private void keep(final int slot) {
        free[freeCount++] = slot;
    }

    /** An offset that no request in flight touches, claimed; -1 when none was found. */
    private long pick(final int length) {
        final long count = region.sizeBytes() / length;
        for (int i = 0; i < PICKS; i++) {
            final long offset;
            if (workload.random()) {
                offset = random.nextLong(count) * length;
            } else {
                offset = nextOffset;
            }
            if (region.claim(offset, length)) {
                nextOffset = (offset / length + 1) % count * length;
                return offset;
            }
            if (!workload.random()) {
                return -1;
            }
        }
        return -1;
    }

    private void sync() {
        syncing = true;
        syncDone = false;
        int idle = 0;
        while (!target.sync(0)) {
            idle(target.poll(completion, POLL_LIMIT) > 0 ? 0 : ++idle);
        }
        target.submit();
        idle = 0;
        while (!syncDone) {
            idle(target.poll(completion, POLL_LIMIT) > 0 ? 0 : ++idle);
        }
        syncing = false;
    }

    private void onCompletion(final int slot, final int status) {
        if (status != 0) {
            throw target.failure(status, workload.title() + " on " + target.name() + " at offset " + offsets[slot]);
        }
        if (syncing) {
            syncDone = true;
            return;
        }
        if (workload.kind() != Workload.Kind.WRITE_SYNC) {
            latency.recordValue(System.nanoTime() - startedNs[slot]);
        }
        final int length = workload.requestBytes();
        if (!workload.writes()) {
            region.check(buffers[slot], offsets[slot], length, workload.title() + " on " + target.name());
        }
        region.release(offsets[slot], length);
        requests++;
        free[freeCount++] = slot;
    }

    private static void idle(final int count) {
        if (count > SPINS) {
            Thread.yield();
        } else if (count > 0) {
            Thread.onSpinWait();
        }
    }

    private static long cpuNs() {
        return ProcessHandle.current().info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
    }
}
