package io.ringvault.lsm;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class GenerationCountsTest {
    @Test
    void shouldAgreeWithAMapWhenItGrows() {
        Seeds.each(20, seed -> {
            final Random random = new Random(seed);
            final GenerationCounts counts = new GenerationCounts();
            final Map<Long, Long> model = new HashMap<>();
            for (int i = 0; i < 3000; i++) {
                final long generation = random.nextBoolean() ? random.nextInt(50)
                    : random.nextLong() & Memtable.MAX_GENERATION;
                final int delta = random.nextInt(5) - 2;
                counts.add(generation, delta);
                model.merge(generation, (long) delta, Long::sum);
            }
            model.forEach((generation, count) -> assertEquals(count, counts.count(generation)));
            final Map<Long, Long> visited = new HashMap<>();
            counts.forEach(visited::put);
            model.values().removeIf(count -> count == 0);
            assertEquals(model, visited);
            counts.addAll(counts, -1);
            assertTrue(counts.isZero());
        });
    }

    @Test
    void shouldBeZeroWhenCleared() {
        final GenerationCounts counts = new GenerationCounts();
        counts.add(0, 5);
        assertFalse(counts.isZero());
        counts.clear();
        assertTrue(counts.isZero());
        assertEquals(0, counts.count(0));
        counts.add(0, 1);
        assertEquals(1, counts.count(0));
    }
}
