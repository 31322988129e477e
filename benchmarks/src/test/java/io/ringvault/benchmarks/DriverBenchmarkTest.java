package io.ringvault.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeBlockQueue;
import io.ringvault.nvme.NvmeOptions;
import java.util.Collection;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The benchmark is compiled for JMH and runs; its times mean nothing here, its doorbells do. */
class DriverBenchmarkTest {
    @Test
    void shouldRunWhenStartedThroughJmh() throws Exception {
        final Options options = new OptionsBuilder()
            .include(DriverBenchmark.class.getName())
            .forks(0).warmupIterations(0).measurementIterations(1).measurementTime(TimeValue.milliseconds(20))
            .shouldFailOnError(true).verbosity(VerboseMode.SILENT)
            .build();
        final Collection<RunResult> results = new Runner(options).run();
        assertEquals(9, results.size());
        results.forEach(each -> assertTrue(each.getPrimaryResult().getScore() > 0));
    }

    @Test
    void shouldRingOnceForABatchEachWay() {
        final ScriptedController controller = new ScriptedController(1L << 30);
        try (NvmeBlockDevice device = NvmeBlockDevice.open("scripted", controller, OpenMode.READ_WRITE,
            NvmeOptions.DEFAULTS)) {
            final NvmeBlockQueue queue = device.openQueue(32);
            final DmaBuffer buffer = device.allocate(32 * 4096);
            for (int round = 0; round < 100; round++) {
                for (int i = 0; i < 32; i++) {
                    assertTrue(queue.read(i, 4096L * i, 4096, buffer, 4096L * i));
                }
                queue.submit();
                assertEquals(32, controller.answer());
                assertEquals(32, queue.poll((token, status) -> assertEquals(BlockStatus.OK, status), 32));
            }
            assertEquals(200, queue.doorbellWrites(), "one for the submissions, one for the completions");
            assertEquals(100, queue.polls());
        }
    }
}
