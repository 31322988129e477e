package io.ringvault.lsm;

import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RangeSetTest {
    private static final int T = Lookup.TRIMMED;
    private static final int L = Lookup.LOST;

    @Test
    void shouldAgreeWithAnArrayWhenInsertionsAreRandom() {
        Seeds.each(50, seed -> {
            final Random random = new Random(seed);
            final RangeSet set = new RangeSet(60);
            final int[] model = new int[100];
            for (int i = 0; i < 60 && set.size() + 2 <= set.capacity(); i++) {
                final int first = random.nextInt(100);
                final int last = Math.min(99, first + random.nextInt(20));
                final int kind = random.nextBoolean() ? T : L;
                set.insert(first, last, kind);
                java.util.Arrays.fill(model, first, last + 1, kind);
                for (int lba = 0; lba < 100; lba++) {
                    assertEquals(model[lba], set.find(lba), "LBA " + lba);
                }
                for (int j = 1; j < set.size(); j++) {
                    assertTrue(set.first(j) > set.last(j - 1), "sorted and disjoint");
                    assertTrue(set.first(j) > set.last(j - 1) + 1 || set.kind(j) != set.kind(j - 1),
                        "neighbours of one kind are joined");
                }
            }
        });
    }

    @Test
    void shouldSplitWhenARangeLiesInsideAnother() {
        final RangeSet set = new RangeSet(4);
        set.insert(10, 99, T);
        set.insert(40, 49, L);
        assertEquals(3, set.size());
        assertEquals(39, set.last(0));
        assertEquals(50, set.first(2));
        set.insert(0, 200, T);
        assertEquals(1, set.size());
    }
}
