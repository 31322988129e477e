package io.ringvault.tests.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Seeds of the simulator; {@code -Dseed=N} the first one, {@code -Dsim.minutes=N} goes on for so long. */
@Timeout(value = 24, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SimulationTest {
    private static final int SEEDS = Integer.getInteger("ringvault.sim.seeds", 12);
    private static final int LIVES = 8;

    private final long first = Long.getLong("seed", 1);
    private final double minutes = Double.parseDouble(System.getProperty("sim.minutes", "0"));

    @Test
    void shouldKeepEveryPromiseUnderAnySchedule() {
        final long end = System.nanoTime() + (long) (minutes * 60e9);
        for (long seed = first; seed < first + SEEDS || System.nanoTime() < end; seed++) {
            System.out.println("simulation, " + new Simulation(seed).run(LIVES).report());
        }
    }

    @Test
    void shouldRepeatARunByteForByte() {
        final Simulation once = new Simulation(first + 77).run(4);
        final Simulation again = new Simulation(first + 77).run(4);
        assertEquals(once.trace(), again.trace());
        assertEquals(once.report(), again.report());
        assertNotEquals(once.trace(), new Simulation(first + 78).run(4).trace());
    }
}
