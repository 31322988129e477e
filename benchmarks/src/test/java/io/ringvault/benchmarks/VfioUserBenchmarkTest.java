package io.ringvault.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Server, socket and driver start under JMH and end; the figures mean nothing here. */
@Timeout(120)
class VfioUserBenchmarkTest {
    @Test
    void shouldRunWhenStartedThroughJmh() throws Exception {
        final Options options = new OptionsBuilder()
            .include(VfioUserBenchmark.class.getName() + ".read").param("depth", "32")
            .forks(0).warmupIterations(0).measurementIterations(1).measurementTime(TimeValue.milliseconds(20))
            .shouldFailOnError(true).verbosity(VerboseMode.SILENT)
            .build();
        final Collection<RunResult> results = new Runner(options).run();
        assertEquals(1, results.size());
        assertTrue(results.iterator().next().getPrimaryResult().getScore() > 0);
    }
}
