package io.ringvault.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class VirtualClockTest {

    @Test
    void shouldMoveOnlyForwardAndOnlyWhenTold() {
        final VirtualClock clock = new VirtualClock();
        assertEquals(0, clock.nanoTime());
        clock.advanceNs(5);
        clock.advanceNs(7);
        assertEquals(12, clock.nanoTime());
        assertThrows(IllegalArgumentException.class, () -> clock.advanceNs(-1));
    }
}
