package io.ringvault.benchmarks;

import io.ringvault.block.OpenMode;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What the NVMe driver costs for one 4 KiB read or write: submit and poll, against a completion queue that a script
 * fills ({@link ScriptedController}). Every command completes between the submit and the poll, so nothing is ever
 * waited for; {@link #script} is the script's own cost, to be subtracted. Read it with {@code -prof gc}: the driver
 * allocates nothing.
 */
public class DriverBenchmark extends QueueBenchmark {
    private static final long DEVICE_BYTES = 1L << 40;
    private static final long STRIDE_BLOCKS = 999_983;

    private ScriptedController controller;

    /** Brings the driver up. */
    @Setup
    public void prepare() {
        controller = new ScriptedController(DEVICE_BYTES);
        open(NvmeBlockDevice.open("scripted", controller, OpenMode.READ_WRITE, NvmeOptions.DEFAULTS), STRIDE_BLOCKS);
    }

    /** Prints the counters and closes. */
    @TearDown
    public void finish() {
        close("scripted", "the script's");
    }

    @Override
    void answer() {
        controller.answer();
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
