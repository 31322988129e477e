package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BlockCacheTest {
    private static byte[] block(final long table, final int ordinal) {
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        block[0] = (byte) table;
        block[1] = (byte) ordinal;
        return block;
    }

    @Test
    void shouldReturnOnlyTheRightBlocksWhenManyCompete() {
        Seeds.each(20, seed -> {
            final Random random = new Random(seed);
            final int capacity = 1 + random.nextInt(9);
            final BlockCache cache = new BlockCache(capacity);
            for (int i = 0; i < 3000; i++) {
                final long table = 1 + random.nextInt(5);
                final int ordinal = random.nextInt(6);
                if (random.nextBoolean()) {
                    cache.insert(table, ordinal, block(table, ordinal));
                    assertNotNull(cache.find(table, ordinal), "just inserted");
                } else {
                    final byte[] found = cache.find(table, ordinal);
                    if (found != null) {
                        assertEquals(table, found[0]);
                        assertEquals(ordinal, found[1]);
                    }
                }
            }
            int held = 0;
            for (int table = 1; table <= 5; table++) {
                for (int ordinal = 0; ordinal < 6; ordinal++) {
                    held += cache.find(table, ordinal) != null ? 1 : 0;
                }
            }
            assertEquals(capacity, held);
        });
    }

    @Test
    void shouldKeepTheBlockThatIsUsedWhenOthersComeAndGo() {
        final BlockCache cache = new BlockCache(8);
        cache.insert(1, 0, block(1, 0));
        int kept = 0;
        for (int i = 1; i <= 800; i++) {
            cache.insert(1, i, block(1, i));
            if (cache.find(1, 0) == null) {
                cache.insert(1, 0, block(1, 0));
            } else {
                kept++;
            }
        }
        assertTrue(kept > 700, "block 0 was there " + kept + " times of 800");
        assertEquals(kept, cache.hits());
        assertEquals(800 - kept, cache.misses());
    }

    @Test
    void shouldForgetATablesBlocksWhenItIsDropped() {
        final IndexWorld world = new IndexWorld(1, 100, 16, 6, new CompactionPolicy.Parameters(100, 2, 3, 6, 6));
        world.put(5);
        world.freeze();
        world.flushAll();
        final Table table = world.version.tables().getFirst();
        final BlockCache cache = new BlockCache(4);
        cache.insert(table.id(), 0, block(3, 0));
        cache.insert(99, 0, block(9, 0));
        cache.drop(table);
        assertNull(cache.find(table.id(), 0));
        assertNotNull(cache.find(99, 0));
        cache.clear();
        assertNull(cache.find(99, 0));
    }

    @Test
    void shouldRefuseACapacityOfNothing() {
        assertThrows(IllegalArgumentException.class, () -> new BlockCache(0));
    }
}
