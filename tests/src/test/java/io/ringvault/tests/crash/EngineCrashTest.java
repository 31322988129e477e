package io.ringvault.tests.crash;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.nonce.DeviceOracle;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The secure disk under the explorer: every device operation of short scripts, then some of longer random ones. The
 * budget of crash images is shared out evenly over the scripts: with little of it fewer policies are tried at each
 * point, then fewer points. {@code -Dringvault.crash.points=N} sets the budget of each test, {@code -Dseed=N} the first
 * seed, {@code -Dringvault.script="..."} runs one script alone.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineCrashTest {
    private static final List<String> SHORT = List.of(
        "w 0 8; s",
        "w 0 8; s; w 0 8; w 16 8; s; w 3 9; s",
        "w 0 64; s; t 0 16; s; w 8 8; t 0 64; s; r; w 0 8; s; r; r",
        "w 5 3; s; z 6 1; s; w 0 1; k; w 7 1; s; k; k",
        "w 0 256; w 0 256; w 0 256; s; t 0 256; w 8 8; s; i 200; r; c",
        "w 0 8; s; r; s; r; w 8 8; r; s; r",
        "s; s; w 0 8; s; s; i 50; s; k; s");

    /** Images for each one that is not taken during a recovery, about. */
    private static final double NESTED_SHARE = 2.4;

    private final long seed = Long.getLong("seed", 1);
    private final long limit = Long.getLong("ringvault.crash.points", 3000);

    @Test
    void shouldSurviveACrashAtEveryOperationOfShortScripts() {
        final CrashExplorer.Settings settings = new CrashExplorer.Settings();
        settings.limit = limit;
        final List<Script> scripts = new ArrayList<>();
        SHORT.forEach(text -> scripts.add(Script.parse(text)));
        explore("short scripts", settings, scripts);
    }

    @Test
    void shouldSurviveCrashesOfLongRandomScripts() {
        final CrashExplorer.Settings settings = new CrashExplorer.Settings();
        settings.limit = limit;
        explore("long scripts", settings, random(scripts(), 200));
    }

    @Test
    void shouldSurviveCrashesWithoutAnAnchor() {
        final CrashExplorer.Settings settings = new CrashExplorer.Settings();
        settings.limit = limit / 3;
        settings.anchored = false;
        explore("without anchor", settings, random(scripts(), 60));
    }

    /** The more images, the more scripts. */
    private int scripts() {
        return (int) Math.max(8, limit / 500);
    }

    private List<Script> random(final int count, final int steps) {
        final String only = System.getProperty("ringvault.script");
        final List<Script> scripts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            scripts.add(only != null ? Script.parse(only)
                : Script.random(new Random(seed + i), EngineKind.TINY_BLOCKS * Script.BLOCK_GRANULES, steps));
        }
        return scripts;
    }

    private void explore(final String name, final CrashExplorer.Settings settings, final List<Script> scripts) {
        final long start = System.nanoTime();
        final EngineKind kind = EngineKind.tiny(seed);
        final DeviceOracle oracle = new DeviceOracle(kind.seals(), kind.geometry());
        settings.oracle = oracle;
        final CrashExplorer explorer = new CrashExplorer(kind, settings);
        final long budget = settings.limit;
        for (int i = 0; i < scripts.size(); i++) {
            try {
                settings.limit = budget * (i + 1) / scripts.size();
                share(settings, explorer.crashPointsOf(scripts.get(i), seed + i), settings.limit - explorer.examined());
                explorer.explore(scripts.get(i), seed + i);
            } catch (final AssertionError found) {
                throw new AssertionError(found.getMessage() + "\nsmaller: "
                    + shrink(settings, scripts.get(i), seed + i), found);
            }
        }
        final double minutes = (System.nanoTime() - start) / 60e9;
        System.out.printf("crash exploration, %s, seed %d: %s; %d seals, %d device blocks; %.0f images a minute%n",
            name, seed, explorer.report(), kind.seals().seals(), oracle.blocks(), explorer.examined() / minutes);
        assertTrue(explorer.examined() > Math.min(budget, 1000) / 3, explorer.report());
        assertTrue(oracle.blocks() > 0, "the device oracle saw nothing");
    }

    /** As many policies at each point, or else as many points, as the images allow; nested ones are counted in. */
    private static void share(final CrashExplorer.Settings settings, final long points, final long images) {
        final double perPoint = images / NESTED_SHARE / Math.max(1, points);
        settings.policiesPerPoint = Math.max(1, (int) perPoint);
        settings.stride = Math.max(1, (int) Math.ceil(1 / perPoint));
    }

    private String shrink(final CrashExplorer.Settings settings, final Script script, final long scriptSeed) {
        final CrashExplorer.Settings same = new CrashExplorer.Settings();
        same.anchored = settings.anchored;
        same.policiesPerPoint = settings.policiesPerPoint;
        same.stride = settings.stride;
        return CrashExplorer.shrink(EngineKind.tiny(seed), same, script, scriptSeed,
            TimeUnit.SECONDS.toNanos(20)).toString();
    }
}
