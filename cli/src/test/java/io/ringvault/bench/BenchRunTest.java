package io.ringvault.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class BenchRunTest {
    private static final int DEPTH = 4;
    private static final long SIZE = 4 << 20;
    private static final BenchRun.Settings SETTINGS = new BenchRun.Settings(SIZE, 5_000_000, 1_000_000, DEPTH, 42);

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private static MemoryTarget target(final String name) {
        return new MemoryTarget(name, SIZE, BenchRun.slots(DEPTH), Workload.MAX_REQUEST_BYTES);
    }

    @Test
    void shouldPrintEveryRowBesideTheRawDeviceWhenBothAreMeasured() {
        final MemoryTarget secure = target("ringvault");
        final BenchRun.Results results = new BenchRun(secure, target("raw"), SETTINGS, new BenchProgress(stream, false))
            .run();
        assertEquals(9, results.secure().size());
        assertEquals(9, results.raw().size());
        assertTrue(secure.syncs >= 5, "writes end with a sync");
        bytes.reset();
        results.print(stream);
        final String table = bytes.toString(StandardCharsets.UTF_8);
        for (final Workload row : Workload.table(DEPTH)) {
            final Matcher matcher = Pattern.compile(Pattern.quote(row.title()) + " .*%").matcher(table);
            assertTrue(matcher.find(), table);
            assertEquals(row.writes(), matcher.group().contains(" 2.00 "), matcher.group());
        }
        for (final RowResult row : results.secure()) {
            assertEquals(row.requests(), row.latency().getTotalCount(), row.workload().title());
            assertEquals(row.bytes(), row.requests() * row.workload().requestBytes());
            assertTrue(row.requests() > 0);
        }
        assertTrue(results.secure().getFirst().bytes() >= SIZE, "the sequential row covers the whole region");
    }

    @Test
    void shouldHaveFiosNamesWhenWrittenAsJson() {
        final BenchRun.Results results = new BenchRun(target("ringvault"), null, SETTINGS,
            new BenchProgress(stream, true)).run();
        assertTrue(results.raw().isEmpty());
        final String json = results.json(Map.of("device", "x\"y"), 1_700_000_000_123L);
        for (final String name : List.of("\"fio version\"", "\"timestamp\": 1700000000", "\"jobname\": \"randread-4k\"",
                "\"bw_bytes\"", "\"bw\"", "\"iops\"", "\"total_ios\"", "\"lat_ns\"", "\"99.900000\"", "\"stddev\"",
                "\"x\\\"y\"")) {
            assertTrue(json.contains(name), () -> name + " not in\n" + json);
        }
        assertFalse(json.contains("NaN"));
    }

    @Test
    void shouldStopWithTheBlocksNumberWhenAReadReturnsSomethingElse() {
        final MemoryTarget target = target("ringvault");
        final BenchRegion region = new BenchRegion(new BlockPattern(1), SIZE);
        final RowRunner runner = new RowRunner(target, region, DEPTH, 1, new BenchProgress(stream, false));
        final List<Workload> table = Workload.table(DEPTH);
        runner.run(table.get(0), 0, true);
        final long at = 77 * 4096 + 4095;
        target.store.set(java.lang.foreign.ValueLayout.JAVA_BYTE, at,
            (byte) ~target.store.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at));
        final StorageException damage = assertThrows(StorageException.class, () -> runner.run(table.get(4), 0, true));
        assertEquals(StorageException.Category.INTEGRITY, damage.category());
        assertTrue(damage.getMessage().contains("block 77 should hold version 1"), damage.getMessage());
    }

    @Test
    void shouldStopWithTheReasonWhenARequestFails() {
        final MemoryTarget target = target("ringvault");
        target.failAt = 10;
        final BenchRegion region = new BenchRegion(new BlockPattern(1), SIZE);
        final RowRunner runner = new RowRunner(target, region, DEPTH, 1, new BenchProgress(stream, false));
        final StorageException failure = assertThrows(StorageException.class,
            () -> runner.run(Workload.table(DEPTH).get(0), 0, true));
        assertTrue(failure.getMessage().contains("status 9"), failure.getMessage());
    }
}
