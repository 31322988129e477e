package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PollClockTest {
    private long systemNs = Long.MAX_VALUE - 5;
    private int looks;
    private final PollClock clock = new PollClock(() -> {
        looks++;
        return systemNs;
    });

    private boolean tickUntilLook() {
        boolean due = false;
        for (int i = 0; i < PollClock.POLLS_PER_LOOK; i++) {
            due = clock.tick();
        }
        return due;
    }

    @Test
    void shouldAskTheSystemRarelyWhenPolledOften() {
        looks = 0;
        for (int i = 0; i < 10; i++) {
            tickUntilLook();
        }
        assertEquals(10, looks);
    }

    @Test
    void shouldAdvanceWithTheSystemClockAlsoWhenThatOverflows() {
        systemNs += 1_000_000;
        tickUntilLook();
        assertEquals(1_000_000, clock.nowNs());
    }

    @Test
    void shouldCountALongPauseOnlyAsOneStepWhenNobodyPolled() {
        systemNs += 3_600_000_000_000L;
        assertTrue(tickUntilLook());
        assertEquals(PollClock.LARGEST_STEP_NS, clock.nowNs());
    }

    @Test
    void shouldStandStillWhenTheSystemClockGoesBack() {
        systemNs -= 1_000;
        assertEquals(false, tickUntilLook());
        assertEquals(0, clock.nowNs());
    }

    @Test
    void shouldAskForACheckOncePerIntervalWhenTimePasses() {
        int checks = 0;
        for (int i = 0; i < 100; i++) {
            systemNs += PollClock.CHECK_INTERVAL_NS / 10;
            checks += tickUntilLook() ? 1 : 0;
        }
        assertEquals(10, checks);
    }
}
