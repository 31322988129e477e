package io.ringvault.tests.crash;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.tests.nonce.DeviceOracle;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The secure disk under the explorer: every device operation of short scripts, then longer random ones, until the
 * budget of crash
 * images is used up. {@code -Dringvault.crash.points=N} sets the budget of each test, {@code -Dseed=N} the first seed,
 * {@code -Dringvault.script="..."} runs one script alone.
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

    private final long seed = Long.getLong("seed", 1);
    private final long limit = Long.getLong("ringvault.crash.points", 6000);

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
        settings.stride = 23;
        settings.policies = List.copyOf(EnumSet.of(Keep.NONE, Keep.SUBSET, Keep.NOISE));
        explore("long scripts", settings, random(400, 200));
    }

    @Test
    void shouldSurviveCrashesWithoutAnAnchor() {
        final CrashExplorer.Settings settings = new CrashExplorer.Settings();
        settings.limit = limit / 3;
        settings.anchored = false;
        settings.stride = 11;
        explore("without anchor", settings, random(400, 60));
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
        for (int i = 0; i < scripts.size() && !explorer.done(); i++) {
            try {
                explorer.explore(scripts.get(i), seed + i);
            } catch (final AssertionError found) {
                throw new AssertionError(found.getMessage() + "\nsmaller: "
                    + shrink(settings, scripts.get(i), seed + i), found);
            }
        }
        final double minutes = (System.nanoTime() - start) / 60e9;
        System.out.printf("crash exploration, %s, seed %d: %s; %d seals, %d device blocks; %.0f images a minute%n",
            name, seed, explorer.report(), kind.seals().seals(), oracle.blocks(), explorer.examined() / minutes);
        assertTrue(explorer.examined() > settings.limit / 2, explorer.report());
        assertTrue(oracle.blocks() > 0, "the device oracle saw nothing");
    }

    private String shrink(final CrashExplorer.Settings settings, final Script script, final long scriptSeed) {
        final CrashExplorer.Settings same = new CrashExplorer.Settings();
        same.anchored = settings.anchored;
        same.policies = settings.policies;
        same.stride = settings.stride;
        return CrashExplorer.shrink(EngineKind.tiny(seed), same, script, scriptSeed,
            TimeUnit.SECONDS.toNanos(20)).toString();
    }
}
