package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SlotPoolTest {

    @Test
    void shouldGiveEachSlotToOneUserOnlyWhenUsedAtRandom() {
        final long seed = Long.getLong("seed", 5);
        final Random random = new Random(seed);
        final SlotPool pool = new SlotPool(10);
        final Set<Integer> held = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            if (random.nextBoolean()) {
                final int slot = pool.acquire();
                assertEquals(held.size() == 10, slot == -1, "seed " + seed);
                assertTrue(slot == -1 || held.add(slot), "seed " + seed);
            } else if (!held.isEmpty()) {
                final int slot = held.iterator().next();
                held.remove(slot);
                pool.release(slot);
                assertFalse(pool.isTaken(slot));
            }
            assertEquals(held.size(), pool.inUse());
            assertEquals(10 - held.size(), pool.available());
        }
    }

    @Test
    void shouldReuseTheWarmestSlotFirst() {
        final SlotPool pool = new SlotPool(3);
        assertEquals(0, pool.acquire());
        assertEquals(1, pool.acquire());
        pool.release(0);
        assertEquals(0, pool.acquire());
    }

    @Test
    void shouldDetectADoubleRelease() {
        final SlotPool pool = new SlotPool(2);
        final int slot = pool.acquire();
        pool.release(slot);
        assertThrows(IllegalStateException.class, () -> pool.release(slot));
        assertThrows(IllegalStateException.class, () -> pool.release(1));
        assertThrows(IndexOutOfBoundsException.class, () -> pool.release(2));
        assertThrows(IllegalArgumentException.class, () -> new SlotPool(0));
    }
}
