package io.ringvault.tests.crash;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.ToyDisks;
import io.ringvault.tests.harness.ToyDisks.Defect;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The explorer itself: it passes a correct toy disk and finds each way of breaking one. */
class CrashExplorerTest {
    private static final int BLOCKS = 12;

    @Test
    void shouldPassACorrectDisk() {
        final CrashExplorer explorer = new CrashExplorer(ToyDisks.kind(BLOCKS, Defect.NONE), settings());
        for (int seed = 1; seed <= 4; seed++) {
            explorer.explore(script(seed), seed);
        }
        assertTrue(explorer.examined() > 500, explorer.report());
    }

    @ParameterizedTest
    @EnumSource(value = Defect.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void shouldFindADefect(final Defect defect) {
        final CrashExplorer explorer = new CrashExplorer(ToyDisks.kind(BLOCKS, defect), settings());
        final AssertionError found = assertThrows(AssertionError.class, () -> {
            for (int seed = 1; seed <= 20; seed++) {
                explorer.explore(script(seed), seed);
            }
        }, () -> "nothing found in " + explorer.report());
        assertTrue(found.getMessage().startsWith("seed "), found.getMessage());
    }

    @Test
    void shouldShrinkAFailingScript() {
        final var kind = ToyDisks.kind(BLOCKS, Defect.PARTIAL_WRITE_CLEARS_BLOCK);
        final Script failing = script(3);
        assertThrows(AssertionError.class, () -> new CrashExplorer(kind, settings()).explore(failing, 3));
        final Script small = CrashExplorer.shrink(kind, settings(), failing, 3, TimeUnit.SECONDS.toNanos(5));
        assertTrue(small.steps().size() <= 3, small.toString());
        assertThrows(AssertionError.class, () -> new CrashExplorer(kind, settings()).explore(small, 3));
    }

    private static CrashSettings settings() {
        final CrashSettings settings = new CrashSettings();
        settings.anchored = false;
        settings.stride = 3;
        return settings;
    }

    private static Script script(final int seed) {
        return Script.random(new Random(seed), BLOCKS * Script.BLOCK_GRANULES, 14);
    }
}
