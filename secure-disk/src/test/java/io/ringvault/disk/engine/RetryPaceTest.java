package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RetryPaceTest {
    private final RetryPace pace = new RetryPace(10, 35);

    @Test
    void shouldDoubleItsPausesUpToTheLongest() {
        long now = Long.MAX_VALUE - 50;
        pace.failed(now);
        for (final int pause : new int[] {10, 20, 35, 35}) {
            pace.failed(now);
            assertFalse(pace.due(now + pause - 1), "pause " + pause);
            now += pause;
            assertTrue(pace.due(now), "pause " + pause);
            pace.tried(now);
        }
        assertEquals(100, pace.failingNs(now));
    }

    @Test
    void shouldBeginAnewAfterASuccess() {
        assertFalse(pace.due(1000));
        pace.failed(1000);
        pace.tried(1010);
        pace.succeeded();
        assertFalse(pace.due(5000));
        assertEquals(0, pace.failingNs(5000));
        pace.failed(6000);
        assertFalse(pace.due(6009));
        assertTrue(pace.due(6010));
    }
}
