package io.ringvault.benchmarks;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeBlockQueue;
import io.ringvault.nvme.NvmeOptions;
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
 * What the NVMe driver costs for one 4 KiB read or write: submit and poll, against a completion queue that a script
 * fills ({@link ScriptedController}). Every command completes between the submit and the poll, so nothing is ever
 * waited for; {@link #script} is the script's own cost, to be subtracted. Read it with {@code -prof gc}: the driver
 * allocates nothing. At the end polls, idle polls and doorbell writes for each operation are printed, and the CPU time
 * of the best and of the last iteration: on a busy machine that is the figure, as JMH's own is wall-clock time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "--sun-misc-unsafe-memory-access=allow")
public class DriverBenchmark {
    /** Operations of one invocation, whatever the depth. */
    static final int OPERATIONS = 128;

    private static final int BLOCK_BYTES = 4096;
    private static final long DEVICE_BYTES = 1L << 40;
    private static final long STRIDE_BYTES = 999_983L * BLOCK_BYTES;

    /** Commands in flight. */
    @Param({"1", "32", "128"})
    private int depth;

    private ScriptedController controller;
    private NvmeBlockDevice device;
    private NvmeBlockQueue queue;
    private DmaBuffer buffer;
    private BlockCompletionHandler handler;
    private long position;
    private long completed;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private long cpuBefore;
    private long completedBefore;
    private double lastCpuNs;
    private double bestCpuNs = Double.MAX_VALUE;

    /** Brings the driver up. */
    @Setup
    public void prepare() {
        controller = new ScriptedController(DEVICE_BYTES);
        device = NvmeBlockDevice.open("scripted", controller, OpenMode.READ_WRITE, NvmeOptions.DEFAULTS);
        queue = device.openQueue(depth);
        buffer = device.allocate((long) depth * BLOCK_BYTES);
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

    /** Prints the counters and closes. */
    @TearDown
    public void finish() {
        if (completed > 0) {
            System.out.printf("%nQD %d: %.3f polls, %.3f idle polls, %.3f doorbell writes for each of %d operations;"
                + " CPU %.0f ns at best, %.0f ns at last, the script's included%n",
                depth, queue.polls() / (double) completed, queue.idlePolls() / (double) completed,
                queue.doorbellWrites() / (double) completed, completed, bestCpuNs, lastCpuNs);
        }
        queue.close();
        device.close();
    }

    private long next() {
        position += STRIDE_BYTES;
        if (position >= DEVICE_BYTES) {
            position -= DEVICE_BYTES;
        }
        return position;
    }

    /** Random reads. */
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

    /** Random writes. */
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
        controller.answer();
        int polled = 0;
        while (polled < depth) {
            polled += queue.poll(handler, depth);
        }
    }

    /** The script without a driver: subtract it from the others. */
    @Benchmark
    @OperationsPerInvocation(OPERATIONS)
    public long script() {
        long sum = 0;
        for (int done = 0; done < OPERATIONS; done += depth) {
            sum += controller.answerAgain(depth);
        }
        return sum;
    }
}
