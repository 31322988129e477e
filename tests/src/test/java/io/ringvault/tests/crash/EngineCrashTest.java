package io.ringvault.tests.crash;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Script;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The secure disk under the explorer: every subset of what may be lost at every device operation of short scripts, and
 * some of it for longer random ones. Each script is an exploration of its own, so that the two threads do not matter.
 *
 * <p>{@code -Dseed=N} the first seed; {@code -Dsim.minutes=N} goes on with further seeds for so long;
 * {@code -Dringvault.crash.points=N} at least so many distinct images; {@code -Dringvault.script="..."} one script
 * alone.
 */
@Timeout(value = 24, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineCrashTest {
    /** Three or four operations each: explored as a whole. */
    private static final List<String> SHORT = List.of(
        "w 0 8; s; w 0 8; s",
        "w 0 8; w 16 8; s; w 3 9",
        "w 0 64; s; t 0 16; s",
        "w 5 3; s; z 6 1; s",
        "w 0 8; s; r; w 8 8",
        "w 0 8; s; k; s",
        "s; w 0 120; s; k",
        "w 0 256; w 128 256; s",
        "w 0 200; t 0 256; w 8 8; s",
        "w 0 40; s; v; w 8 8; s",
        "w 0 8; l; w 8 8; s");
    /** Longer ones that go through flushes, merges, checkpoints, cleaning, and openings in a row. */
    private static final List<String> MIDDLE = List.of(
        "w 0 64; s; t 0 16; s; w 8 8; t 0 64; s; r; w 0 8; s; r; r",
        "w 5 3; s; z 6 1; s; w 0 1; k; w 7 1; s; k; k",
        "w 0 256; w 0 256; w 0 256; s; t 0 256; w 8 8; s; i 200; r; c",
        "w 0 8; s; r; s; r; w 8 8; r; s; r",
        "s; s; w 0 8; s; s; i 50; s; k; s",
        "w 0 120; s; v; i 300; w 40 80; s; i 500; r; i 300; v; i 100; k; s; i 900; r; c",
        "w 0 64; l; w 0 64; s; l; l; k; w 3 9; l; s; r");
    /** Longer than a slot's read and write together take without any: what is not waited for is overtaken. */
    private static final int DELAY_POLLS = 24;
    private static final int GRANULES = EngineKind.TINY_BLOCKS * Script.BLOCK_GRANULES;

    private final long seed = Long.getLong("seed", 1);
    private final long wanted = Long.getLong("ringvault.crash.points", 20_000);
    private final String only = System.getProperty("ringvault.script");
    private final double minutes = Double.parseDouble(System.getProperty("sim.minutes", "0"));
    private final Map<String, Long> counts = new TreeMap<>();
    private long examined;

    @Test
    void shouldSurviveCrashesWhereverTheyStrike() throws Exception {
        final long start = System.nanoTime();
        final long end = start + (long) (minutes * 60e9);
        final ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (int round = 0; round == 0 || System.nanoTime() < end && only == null; round++) {
                run(plan(seed + 1000L * round, round == 0 ? Long.MAX_VALUE : end), threads);
            }
        } finally {
            threads.shutdownNow();
        }
        System.out.printf("crash exploration: %d distinct crash images in %.1f s, by kind %s%n", examined,
            (System.nanoTime() - start) / 1e9, counts);
        assertTrue(only != null || examined >= wanted, "only " + examined + " distinct images");
        assertTrue(only != null || counts.size() >= 9, "kinds of crash without any image: " + counts);
    }

    /** Everything that one round explores; alike whenever it is made. */
    private List<EngineExploration> plan(final long first, final long endNs) {
        final List<EngineExploration> plan = new ArrayList<>();
        if (only != null) {
            plan.add(new EngineExploration("one script", Script.parse(only), first, exhaustive(endNs), 0));
            return plan;
        }
        final long sampled = Math.max(100, wanted / 32);
        for (int i = 0; i < SHORT.size(); i++) {
            plan.add(new EngineExploration("short", Script.parse(SHORT.get(i)), first + i, exhaustive(endNs), 0));
        }
        for (int i = 0; i < MIDDLE.size(); i++) {
            plan.add(new EngineExploration("middle", Script.parse(MIDDLE.get(i)), first + i, sampled(endNs, true),
                sampled));
        }
        for (int i = 0; i < 13; i++) {
            final Script script = Script.random(new Random(first + i), GRANULES, 200);
            final CrashSettings settings = sampled(endNs, true);
            settings.maxDelayPolls = i % 2 * DELAY_POLLS;
            plan.add(new EngineExploration("long", script, first + i, settings, sampled));
        }
        for (int i = 0; i < 3; i++) {
            final Script script = Script.random(new Random(first + 50 + i), GRANULES, 200);
            final CrashSettings settings = sampled(endNs, i > 0);
            settings.strictBlocks = 48 + 24 * i;
            plan.add(new EngineExploration("strict", script, first + i, settings, sampled));
        }
        for (int i = 0; i < 4; i++) {
            final Script script = Script.random(new Random(first + 100 + i), GRANULES, 60);
            plan.add(new EngineExploration("no anchor", script, first + i, sampled(endNs, false), sampled));
        }
        return plan;
    }

    private static CrashSettings exhaustive(final long endNs) {
        final CrashSettings settings = new CrashSettings();
        settings.subsetsUpTo = 10;
        settings.tornImages = 24;
        settings.nestedEvery = 6;
        settings.followUpEvery = 4;
        settings.lateEvery = 4;
        settings.endNs = endNs;
        return settings;
    }

    private static CrashSettings sampled(final long endNs, final boolean anchored) {
        final CrashSettings settings = new CrashSettings();
        settings.anchored = anchored;
        settings.tornImages = 2;
        settings.endNs = endNs;
        return settings;
    }

    private void run(final List<EngineExploration> plan, final ExecutorService threads) throws Exception {
        final List<Future<String>> reports = new ArrayList<>();
        for (final EngineExploration each : plan) {
            reports.add(threads.submit(each));
        }
        for (int i = 0; i < plan.size(); i++) {
            try {
                System.out.println("crash exploration, " + reports.get(i).get());
            } catch (final ExecutionException failed) {
                throw new AssertionError(failed.getCause().getMessage(), failed.getCause());
            }
            examined += plan.get(i).examined();
            plan.get(i).counts().forEach((kind, count) -> counts.merge(kind, count, Long::sum));
        }
    }
}
