package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CompletionRingTest {

    @Test
    void shouldHoldExactlyItsCapacityOnEveryLap() {
        for (final int capacity : new int[] {1, 2, 8}) {
            final CompletionRing ring = new CompletionRing(capacity);
            for (int lap = 0; lap < 20; lap++) {
                for (int i = 0; i < capacity; i++) {
                    assertTrue(ring.offer(i, lap, -1L - i));
                }
                assertFalse(ring.offer(99, 0, 0));
                assertEquals(capacity, ring.size());
                final List<String> seen = new ArrayList<>();
                assertEquals(capacity, ring.drain((slot, status, detail) -> seen.add(slot + "/" + status + "/"
                    + detail), 100));
                for (int i = 0; i < capacity; i++) {
                    assertEquals(i + "/" + lap + "/" + (-1L - i), seen.get(i));
                }
                assertEquals(0, ring.drain((slot, status, detail) -> seen.add("no"), 100));
            }
        }
    }

    @Test
    void shouldHaveRoomForTheNextRecordFromWithinAHandler() {
        final CompletionRing ring = new CompletionRing(2);
        ring.offer(0, 0, 0);
        ring.offer(1, 0, 0);
        final int delivered = ring.drain((slot, status, detail) -> {
            if (slot < 10) {
                assertTrue(ring.offer(slot + 2, 0, 0));
            }
        }, 12);
        assertEquals(12, delivered);
        assertEquals(0, ring.size());
    }

    @Test
    void shouldDeliverEverythingBetweenTwoThreads() throws Exception {
        final CompletionRing ring = new CompletionRing(16);
        final int count = 100_000;
        final Thread producer = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < count; i++) {
                while (!ring.offer(i, ~i, (long) i * i)) {
                    Thread.yield();
                }
            }
        });
        final int[] next = new int[1];
        while (next[0] < count) {
            if (ring.drain((slot, status, detail) -> {
                assertEquals(next[0]++, slot);
                assertEquals(~slot, status);
                assertEquals((long) slot * slot, detail);
            }, 7) == 0) {
                Thread.yield();
            }
        }
        producer.join();
    }

    @Test
    void shouldRefuseCapacitiesThatAreNoPowerOfTwo() {
        assertThrows(IllegalArgumentException.class, () -> new CompletionRing(3));
        assertThrows(IllegalArgumentException.class, () -> new CompletionRing(0));
    }
}
