package io.ringvault.nvme;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;

/**
 * Not a test: prints what the driver and the model reach. Arguments: device URI, seconds per row.
 */
final class DriverBenchmark {
    private static final long SIZE = 2L << 30;

    private final BlockQueue queue;
    private final DmaBuffer buffer;
    private final int depth;
    private final int length;
    private final long[] started;
    private final long[] latencies = new long[1 << 22];
    private final int[] free;
    private int freeCount;
    private int count;

    private DriverBenchmark(final BlockQueue queue, final DmaBuffer buffer, final int depth, final int length) {
        this.queue = queue;
        this.buffer = buffer;
        this.depth = depth;
        this.length = length;
        this.started = new long[depth];
        this.free = new int[depth];
        for (int i = 0; i < depth; i++) {
            free[freeCount++] = i;
        }
    }

    /** Runs the rows. */
    public static void main(final String[] args) {
        final DeviceUri uri = DeviceUri.parse(args[0]);
        final double seconds = Double.parseDouble(args[1]);
        for (int round = 0; round < 5; round++) {
            scripted(32);
        }
        BlockDevices.provider(uri).create(uri, SIZE);
        try (BlockDevice device = BlockDevices.open(args[0], OpenMode.READ_WRITE)) {
            final DmaBuffer buffer = device.allocate(32L * (640 << 10));
            try (BlockQueue queue = device.openQueue(32)) {
                idle(3);
                new DriverBenchmark(queue, buffer, 8, 640 << 10).fill();
                for (int warm = 0; warm < 2; warm++) {
                    new DriverBenchmark(queue, buffer, 32, 4096).run("warm-up", seconds / 2, true, false);
                    new DriverBenchmark(queue, buffer, 32, 4096).run("warm-up", seconds / 2, false, false);
                }
                row(queue, buffer, "4K write", 4096, 1, seconds, true, false);
                row(queue, buffer, "4K write", 4096, 32, seconds, true, false);
                row(queue, buffer, "4K read", 4096, 1, seconds, false, false);
                row(queue, buffer, "4K read", 4096, 32, seconds, false, false);
                row(queue, buffer, "640K write", 640 << 10, 1, seconds, true, false);
                row(queue, buffer, "640K write", 640 << 10, 32, seconds, true, false);
                row(queue, buffer, "640K read", 640 << 10, 1, seconds, false, false);
                row(queue, buffer, "640K read", 640 << 10, 32, seconds, false, false);
                row(queue, buffer, "4K write FUA", 4096, 1, seconds, true, true);
            }
        }
    }

    private static void row(final BlockQueue queue, final DmaBuffer buffer, final String name, final int length,
        final int depth,
                            final double seconds, final boolean write, final boolean fua) {
        new DriverBenchmark(queue, buffer, depth, length).run(name, seconds, write, fua);
    }

    /** What an open device costs while nobody asks anything of it. */
    private static void idle(final long seconds) {
        final var before = ProcessHandle.current().info().totalCpuDuration().orElseThrow();
        java.util.concurrent.locks.LockSupport.parkNanos(seconds * 1_000_000_000L);
        final var used = ProcessHandle.current().info().totalCpuDuration().orElseThrow().minus(before);
        System.out.printf("idle, one queue: %.1f %% of one core%n", used.toMillis() / 10.0 / seconds);
    }

    /** CPU of the rings alone: place, ring and poll against completions that are written by this very thread. */
    private static void scripted(final int depth) {
        final int entries = depth + 1;
        final Arena arena = Arena.ofShared();
        final QueueMemory memory = new QueueMemory(entries,
            DmaBuffer.contiguous(arena.allocate(8192, 4096), 1L << 32),
            DmaBuffer.contiguous(arena.allocate(4096, 4096), 1L << 33),
            DmaBuffer.contiguous(arena.allocate(4096L * depth, 4096), 1L << 34));
        final QueuePair pair = new QueuePair(1, entries, depth, memory, arena.allocate(4096, 4096), 4, () -> { });
        final MemorySegment completions = memory.completions().segment();
        final int[] batch = new int[depth];
        int tail = 0;
        int phase = 1;
        final int rounds = 200_000;
        long scripting = 0;
        final long begin = System.nanoTime();
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < depth; i++) {
                batch[i] = pair.claim();
                pair.place(batch[i], 2, 1, 1L << 35, 0, round, 0);
            }
            pair.ring();
            final long scriptBegin = System.nanoTime();
            for (int i = 0; i < depth; i++) {
                completions.set(ValueLayout.JAVA_INT, 16L * tail + 8, 1 << 16);
                completions.set(ValueLayout.JAVA_INT, 16L * tail + 12, phase << 16 | batch[i]);
                tail++;
                if (tail == entries) {
                    tail = 0;
                    phase ^= 1;
                }
            }
            scripting += System.nanoTime() - scriptBegin;
            pair.poll((tracker, status, result) -> pair.release(tracker), depth);
        }
        final double ns = (System.nanoTime() - begin - scripting) / (double) rounds / depth;
        System.out.printf("scripted QD%d: %.0f ns per command, %.2f doorbells per batch%n", depth, ns,
            pair.doorbellWrites() / (double) rounds);
        arena.close();
    }

    private void fill() {
        for (long at = 0; at + length <= SIZE; at += length) {
            while (!queue.write(0, at, length, buffer, 0, false)) {
                queue.submit();
                queue.poll((token, status) -> { }, 64);
            }
        }
        queue.submit();
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> { }, 64);
        }
    }

    private void run(final String name, final double seconds, final boolean write, final boolean fua) {
        final Random random = new Random(1);
        final com.sun.management.ThreadMXBean threads =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long begin = System.nanoTime();
        final long allocatedBefore = threads.getCurrentThreadAllocatedBytes();
        final long cpuBefore = threads.getCurrentThreadCpuTime();
        final long end = begin + (long) (seconds * 1e9);
        final io.ringvault.block.BlockCompletionHandler handler = this::completed;
        boolean more = true;
        while (more || queue.inFlight() > 0) {
            more = System.nanoTime() < end && count < latencies.length - depth;
            boolean any = false;
            while (more && freeCount > 0) {
                final int slot = free[--freeCount];
                started[slot] = System.nanoTime();
                final long at = (random.nextInt() >>> 1) % (SIZE / length) * length;
                if (write) {
                    queue.write(slot, at, length, buffer, (long) slot * length, fua);
                } else {
                    queue.read(slot, at, length, buffer, (long) slot * length);
                }
                any = true;
            }
            if (any) {
                queue.submit();
            }
            if (queue.poll(handler, 64) == 0) {
                Thread.onSpinWait();
            }
        }
        final double elapsed = (System.nanoTime() - begin) / 1e9;
        final long allocated = threads.getCurrentThreadAllocatedBytes() - allocatedBefore;
        final long cpu = threads.getCurrentThreadCpuTime() - cpuBefore;
        Arrays.sort(latencies, 0, count);
        System.out.printf("%-13s QD%-3d %9.0f IOPS %8.0f MiB/s  p50 %7.1f us  p99 %8.1f us"
            + "  alloc %.2f B/op  owner CPU %.2f us/op%n",
            name, depth, count / elapsed, count * (double) length / elapsed / (1 << 20), latencies[count / 2] / 1e3,
            latencies[(int) (count * 0.99)] / 1e3, allocated / (double) count, cpu / 1e3 / count);
    }

    private void completed(final long token, final int status) {
        if (status != BlockStatus.OK) {
            throw new IllegalStateException(BlockStatus.describe(status));
        }
        latencies[count++] = System.nanoTime() - started[(int) token];
        free[freeCount++] = (int) token;
    }
}
