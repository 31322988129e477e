package io.ringvault.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BufferPoolTest {

    @Test
    void shouldNeverHandOutTheSameByteTwiceWhenUsedAtRandom() {
        final long seed = Long.getLong("seed", System.nanoTime());
        final Random random = new Random(seed);
        try (BufferPool pool = new BufferPool(64 * 4096)) {
            final boolean[] used = new boolean[64];
            final List<int[]> runs = new ArrayList<>();
            for (int i = 0; i < 20_000; i++) {
                if (random.nextBoolean() || runs.isEmpty()) {
                    final int length = 1 + random.nextInt(20 * 4096);
                    final int offset = pool.allocate(length);
                    if (offset != BufferPool.NONE) {
                        mark(used, offset, length, true, seed);
                        runs.add(new int[] {offset, length});
                    }
                } else {
                    final int[] run = runs.remove(random.nextInt(runs.size()));
                    mark(used, run[0], run[1], false, seed);
                    pool.free(run[0], run[1]);
                }
            }
            runs.forEach(run -> pool.free(run[0], run[1]));
            assertEquals(64, pool.freePages());
            assertEquals(BufferPool.NONE, pool.allocate(64 * 4096 + 1));
            assertTrue(pool.allocate(64 * 4096) >= 0, "all of it again, seed " + seed);
            assertEquals(BufferPool.NONE, pool.allocate(1));
        }
    }

    private static void mark(final boolean[] used, final int offset, final int length, final boolean value,
            final long seed) {
        for (int page = offset / 4096; page <= (offset + length - 1) / 4096; page++) {
            assertEquals(!value, used[page], "page " + page + ", seed " + seed);
            used[page] = value;
        }
    }

    @Test
    void shouldRefuseSizesWhenTheyAreNotWholePages() {
        assertThrows(IllegalArgumentException.class, () -> new BufferPool(0));
        assertThrows(IllegalArgumentException.class, () -> new BufferPool(5000));
    }
}
