package io.ringvault.benchmarks;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeBlockQueue;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * 4 KiB reads and writes at scattered places through one queue of the NVMe driver, in batches of the queue's depth:
 * submit, then poll until the batch is done. At the end polls, idle polls and doorbell writes for each operation are
 * printed, and the CPU time of this thread in the best and the last iteration: on a busy machine that is the figure, as
 * JMH's own is wall-clock time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "--sun-misc-unsafe-memory-access=allow")
public abstract class QueueBenchmark {
    /** Operations of one invocation, whatever the depth. */
    static final int OPERATIONS = 128;

    private static final int BLOCK_BYTES = 4096;

    /** Commands in flight. */
    @Param({"1", "32", "128"})
    int depth;

    private NvmeBlockDevice device;
    private NvmeBlockQueue queue;
    private DmaBuffer buffer;
    private BlockCompletionHandler handler;
    private long deviceBytes;
    private long strideBytes;
    private long position;
    private long completed;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private long cpuBefore;
    private long completedBefore;
    private double lastCpuNs;
    private double bestCpuNs = Double.MAX_VALUE;

    /** Opens a queue; {@code strideBlocks} lie between one operation and the next. */
    final void open(final NvmeBlockDevice opened, final long strideBlocks) {
        device = opened;
        queue = device.openQueue(depth);
        buffer = device.allocate((long) depth * BLOCK_BYTES);
        deviceBytes = device.sizeBytes();
        strideBytes = strideBlocks * BLOCK_BYTES;
        handler = (token, status) -> {
            if (status != BlockStatus.OK) {
                throw new IllegalStateException(BlockStatus.describe(status));
            }
            completed++;
        };
    }

    /** Notes the CPU time so far. */
    @Setup(Level.Iteration)
    public void beginIteration() {
        completedBefore = completed;
        cpuBefore = threads.getCurrentThreadCpuTime();
    }

    /** CPU time of this iteration. */
    @TearDown(Level.Iteration)
    public void endIteration() {
        if (completed > completedBefore) {
            lastCpuNs = (threads.getCurrentThreadCpuTime() - cpuBefore) / (double) (completed - completedBefore);
            bestCpuNs = Math.min(bestCpuNs, lastCpuNs);
        }
    }

    /** Prints the counters and closes the device; {@code included} is what the CPU time holds beside the driver. */
    final void close(final String title, final String included) {
        if (completed > 0) {
            System.out.printf("%n%s QD %d: %.3f polls, %.3f idle polls, %.3f doorbell writes for each of %d operations;"
                + " CPU %.0f ns at best, %.0f ns at last, %s included%n", title, depth,
                queue.polls() / (double) completed, queue.idlePolls() / (double) completed,
                queue.doorbellWrites() / (double) completed, completed, bestCpuNs, lastCpuNs, included);
        }
        queue.close();
        device.close();
    }

    private long next() {
        position += strideBytes;
        if (position >= deviceBytes) {
            position -= deviceBytes;
        }
        return position;
    }

    /** Reads. */
    @Benchmark
    @OperationsPerInvocation(OPERATIONS)
    public long read() {
        for (int done = 0; done < OPERATIONS; done += depth) {
            for (int i = 0; i < depth; i++) {
                queue.read(i, next(), BLOCK_BYTES, buffer, (long) i * BLOCK_BYTES);
            }
            finishBatch();
        }
        return completed;
    }

    /** Writes. */
    @Benchmark
    @OperationsPerInvocation(OPERATIONS)
    public long write() {
        for (int done = 0; done < OPERATIONS; done += depth) {
            for (int i = 0; i < depth; i++) {
                queue.write(i, next(), BLOCK_BYTES, buffer, (long) i * BLOCK_BYTES, false);
            }
            finishBatch();
        }
        return completed;
    }

    private void finishBatch() {
        queue.submit();
        answer();
        int polled = 0;
        while (polled < depth) {
            final int now = queue.poll(handler, depth);
            polled += now;
            if (now == 0) {
                Thread.onSpinWait();
            }
        }
    }

    /** The controller's turn, where it has no thread of its own. */
    abstract void answer();
}
