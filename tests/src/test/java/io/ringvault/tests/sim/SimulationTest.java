package io.ringvault.tests.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceFault;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.SimRig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@code -Dseed=N} the first seed; {@code -Dsim.minutes=N} goes on with further seeds for so long. A failure leaves its
 * script in {@code target/simulations}, shrunk: put it among the scenarios.
 */
@Timeout(value = 24, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SimulationTest {
    private static final int SEEDS = 16;
    private static final int NVME_SEEDS = 3;
    private static final int LIVES = 5;
    private static final int SHORT_STEPS = 900;
    private static final int NVME_LIVES = 3;
    private static final int GRANULES = SimScript.granulesEach(EngineKind.TINY_BLOCKS);

    private final long first = Long.getLong("seed", 1);
    private final double minutes = Double.parseDouble(System.getProperty("sim.minutes", "0"));

    @Test
    void shouldKeepEveryPromiseUnderAnySchedule() throws IOException {
        long anchorFaults = 0;
        final long end = System.nanoTime() + (long) (minutes * 60e9);
        for (long seed = first; seed < first + SEEDS || System.nanoTime() < end; seed++) {
            anchorFaults += run(SimScript.random(seed, "simulated", LIVES, GRANULES)).anchorFaults();
        }
        assertTrue(anchorFaults > 20, anchorFaults + " calls of the anchor failed");
    }

    /** The same with the driver and the controller model between the disk and its medium. */
    @Test
    void shouldKeepEveryPromiseOverAController() throws IOException {
        for (long seed = first; seed < first + NVME_SEEDS; seed++) {
            run(SimScript.random(seed, "nvme", NVME_LIVES, GRANULES));
        }
    }

    @Test
    void shouldRepeatARunByteForByte() {
        for (final String device : new String[] {"simulated", "nvme"}) {
            final SimScript script = SimScript.random(first + 77, device, 2, GRANULES);
            final Simulation once = Simulation.run(script);
            final Simulation again = Simulation.run(SimScript.parse(script.toString().lines().toList()));
            assertEquals(once.trace(), again.trace());
            assertEquals(once.report(), again.report());
            final SimScript other = SimScript.random(first + 78, device, 1, GRANULES);
            assertNotEquals(once.trace(), Simulation.run(other).trace());
        }
    }

    /** A device that forgets what it was told to keep: found, and shrunk to a script that a person can read. */
    @Test
    void shouldShrinkAFailureToAFewSteps() {
        final Consumer<SimRig> forgetful = rig -> rig.device().inject(DeviceFault.dropFlush(1).persistently());
        SimScript failing = null;
        for (long seed = first; failing == null; seed++) {
            final SimScript script = SimScript.random(seed, "simulated", 1, GRANULES);
            try {
                if (script.steps().size() < SHORT_STEPS) {
                    Simulation.run(script, forgetful);
                }
            } catch (final AssertionError found) {
                assertTrue(found.getMessage().contains("seed " + seed), found.getMessage());
                failing = script;
            }
        }
        final SimScript small = Simulation.shrink(failing, forgetful, TimeUnit.SECONDS.toNanos(12));
        System.out.println("shrunk from " + failing.steps().size() + " steps:\n" + small);
        assertTrue(small.steps().size() <= failing.steps().size() / 2, small.steps().size() + " steps are left");
        assertThrows(AssertionError.class, () -> Simulation.run(small, forgetful));
        Simulation.run(small);
    }

    private static Simulation run(final SimScript script) throws IOException {
        try {
            final Simulation simulation = Simulation.run(script);
            System.out.println("simulation, " + simulation.report());
            return simulation;
        } catch (final AssertionError found) {
            final SimScript small = Simulation.shrink(script, rig -> { }, TimeUnit.SECONDS.toNanos(60));
            final Path folder = Files.createDirectories(Path.of("target", "simulations"));
            final Path file = folder.resolve(script.device() + "-" + script.seed() + ".txt");
            Files.writeString(file, small.toString());
            throw new AssertionError(found.getMessage() + "\nsmaller, in " + file + ":\n" + small, found);
        }
    }
}
