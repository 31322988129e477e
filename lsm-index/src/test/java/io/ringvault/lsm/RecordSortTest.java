package io.ringvault.lsm;

import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RecordSortTest {
    @Test
    void shouldSortByLbaWhateverTheSpreadAndTheSteps() {
        Seeds.each(30, seed -> {
            final Random random = new Random(seed);
            final int bits = random.nextInt(41);
            final int size = random.nextInt(3000);
            try (Memtable memtable = new Memtable(3000, 4, generation -> { })) {
                final java.util.TreeSet<Long> lbas = new java.util.TreeSet<>();
                for (int i = 0; i < size; i++) {
                    final long lba = random.nextLong() & (1L << bits) - 1;
                    memtable.put(lba, 1, 1, lba, 0);
                    lbas.add(lba);
                }
                if (bits > 8 && size > 0) {
                    memtable.trim(lbas.first(), 100);
                    final long first = lbas.first();
                    lbas.removeIf(lba -> lba < first + 100);
                }
                memtable.freeze();
                final RecordSort sort = new RecordSort(memtable);
                for (int steps = 0; !sort.step(1 + random.nextInt(500)); steps++) {
                    assertTrue(steps < 100_000);
                }
                assertEquals(lbas.size(), sort.count());
                int i = 0;
                for (final long lba : lbas) {
                    assertEquals(lba, memtable.lba(sort.record(i++)));
                }
            }
        });
    }
}
