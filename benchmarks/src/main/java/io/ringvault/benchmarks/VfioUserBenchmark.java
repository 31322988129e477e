package io.ringvault.benchmarks;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeBlockQueue;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.vfiouser.server.ServerLimits;
import io.ringvault.nvme.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * 4 KiB operations by vfio-user to this project's own server over an image file, both in one JVM on threads of their
 * own: rings and doorbells in memory that both map, no message and no system call of the driver on the way. The time is
 * that of the whole way, the model's file I/O included; the CPU time printed at the end is the driver's thread's, its
 * waiting included. Needs two cores that are free.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "--sun-misc-unsafe-memory-access=allow")
public class VfioUserBenchmark {
    /** Operations of one invocation, whatever the depth. */
    static final int OPERATIONS = 128;

    private static final int BLOCK_BYTES = 4096;
    private static final long DEVICE_BYTES = 64L << 20;
    private static final long STRIDE_BYTES = 4099L * BLOCK_BYTES;
    private static final int PATIENCE_MS = 10_000;

    /** Commands in flight. */
    @Param({"1", "32", "128"})
    private int depth;

    private Path folder;
    private ModelEndpoint endpoint;
    private VfioUserServer server;
    private NvmeBlockDevice device;
    private NvmeBlockQueue queue;
    private DmaBuffer buffer;
    private BlockCompletionHandler handler;
    private long position;
    private long completed;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private long cpuBefore;
    private long completedBefore;
    private double bestCpuNs = Double.MAX_VALUE;

    /** Starts a server and connects to it. */
    @Setup
    public void prepare() throws IOException {
        folder = Files.createTempDirectory("ringvault-bench");
        final DeviceUri image = DeviceUri.parse("nvme+model:" + folder.resolve("image"));
        BlockDevices.provider(image).create(image, DEVICE_BYTES);
        endpoint = ModelEndpoint.open(image, OpenMode.READ_WRITE);
        server = VfioUserServer.start(Files.createDirectory(folder.resolve("socket")), endpoint,
            new ServerLimits(PATIENCE_MS, PATIENCE_MS, true), line -> { });
        device = (NvmeBlockDevice) BlockDevices.open(server.uri(), OpenMode.READ_WRITE);
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
            bestCpuNs = Math.min(bestCpuNs,
                (threads.getCurrentThreadCpuTime() - cpuBefore) / (double) (completed - completedBefore));
        }
    }

    /** Prints the counters, disconnects and stops the server. */
    @TearDown
    public void finish() throws IOException {
        System.out.printf("%nvfio-user QD %d: %.3f polls, %.3f idle polls, %.3f doorbell writes for each of %d"
                + " operations; CPU %.0f ns at best, waiting included%n",
            depth, queue.polls() / (double) completed, queue.idlePolls() / (double) completed,
            queue.doorbellWrites() / (double) completed, completed, bestCpuNs);
        queue.close();
        device.close();
        server.close();
        endpoint.close();
        Files.deleteIfExists(folder.resolve("image"));
        Files.deleteIfExists(folder.resolve("socket"));
        Files.deleteIfExists(folder);
    }

    private long next() {
        position += STRIDE_BYTES;
        if (position >= DEVICE_BYTES) {
            position -= DEVICE_BYTES;
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
        int polled = 0;
        while (polled < depth) {
            final int now = queue.poll(handler, depth);
            polled += now;
            if (now == 0) {
                Thread.onSpinWait();
            }
        }
    }
}
