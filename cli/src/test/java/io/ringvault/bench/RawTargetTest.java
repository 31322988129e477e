package io.ringvault.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.OpenMode;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class RawTargetTest {

    @Test
    void shouldRunEveryRowWhenTheDeviceIsMemory() {
        final BenchProgress silent = new BenchProgress(new PrintStream(PrintStream.nullOutputStream()), false);
        try (RawTarget raw = new RawTarget(BlockDevices.open("mem:8M", OpenMode.READ_WRITE), 8,
                Workload.MAX_REQUEST_BYTES)) {
            final RowRunner runner = new RowRunner(raw, new BenchRegion(new BlockPattern(3), 8 << 20), 8, 3, silent);
            for (final Workload row : Workload.table(8)) {
                final RowResult result = runner.run(row, 2_000_000, row.writes() && !row.random());
                assertTrue(result.requests() > 0, row.title());
                assertEquals(row.writes() ? 1.0 : 0.0, result.writeAmplification(), row.title());
            }
        }
    }
}
