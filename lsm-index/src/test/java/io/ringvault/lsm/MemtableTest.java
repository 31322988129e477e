package io.ringvault.lsm;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MemtableTest {
    private final Map<Long, Integer> superseded = new HashMap<>();
    private final Found found = new Found();

    private Memtable memtable(final int records, final int ranges) {
        return new Memtable(records, ranges, generation -> superseded.merge(generation, 1, Integer::sum));
    }

    @Test
    void shouldReturnTheNewestPlaceWhenAnLbaIsWrittenAgain() {
        try (Memtable memtable = memtable(4, 2)) {
            memtable.put(Memtable.MAX_LBA, Memtable.MAX_GENERATION, 65_535, -1, Long.MIN_VALUE);
            assertEquals(Lookup.FOUND, memtable.find(Memtable.MAX_LBA, found));
            assertEquals(Memtable.MAX_GENERATION, found.generation);
            assertEquals(65_535, found.slot);
            assertEquals(-1, found.tag0);
            assertEquals(Long.MIN_VALUE, found.tag1);
            memtable.put(Memtable.MAX_LBA, 3, 4, 5, 6);
            assertEquals(Lookup.FOUND, memtable.find(Memtable.MAX_LBA, found));
            assertEquals(3, found.generation);
            assertEquals(4, found.slot);
            assertEquals(1, memtable.size());
            assertEquals(Map.of(Memtable.MAX_GENERATION, 1), superseded);
        }
    }

    @Test
    void shouldReportEachPresentRecordOnceWhenItIsReplaced() {
        try (Memtable memtable = memtable(200, 4)) {
            memtable.put(1, 10, 1, 0, 0);
            memtable.trim(1, 1);
            memtable.trim(1, 1);
            memtable.put(2, 11, 1, 0, 0);
            memtable.lost(0, 64);
            memtable.put(70, 12, 1, 0, 0);
            memtable.trim(0, 100);
            memtable.trim(0, 100);
            assertEquals(Map.of(10L, 1, 11L, 1, 12L, 1), superseded);
        }
    }

    @Test
    void shouldMakePointsUpTo64BlocksAndARangeBeyond() {
        try (Memtable memtable = memtable(200, 4)) {
            memtable.trim(1000, 64);
            assertEquals(64, memtable.size());
            assertEquals(0, memtable.rangeCount());
            memtable.trim(5000, 65);
            assertEquals(64, memtable.size());
            assertEquals(1, memtable.rangeCount());
            assertEquals(Lookup.TRIMMED, memtable.find(1063, found));
            assertEquals(Lookup.ABSENT, memtable.find(1064, found));
            assertEquals(Lookup.TRIMMED, memtable.find(5064, found));
            assertEquals(Lookup.ABSENT, memtable.find(5065, found));
        }
    }

    @Test
    void shouldLetAPointShowOverARangeWhenItIsNewer() {
        try (Memtable memtable = memtable(8, 4)) {
            memtable.put(50, 1, 1, 0, 0);
            memtable.lost(0, 100);
            assertEquals(Lookup.LOST, memtable.find(50, found));
            memtable.put(50, 2, 7, 0, 0);
            assertEquals(Lookup.FOUND, memtable.find(50, found));
            assertEquals(2, found.generation);
            assertEquals(1, memtable.size(), "the removed record's slot is used again");
        }
    }

    @Test
    void shouldAgreeWithAMapWhenOperationsAreRandom() {
        Seeds.each(20, seed -> {
            final Random random = new Random(seed);
            final int stride = new int[] {1, 16, 64, 1 << 20}[random.nextInt(4)];
            try (Memtable memtable = new Memtable(2000, 64, generation -> { })) {
                final Map<Long, Long> model = new HashMap<>();
                while (memtable.hasRoom(64, 1)) {
                    final long lba = (long) random.nextInt(1500) * stride;
                    final int action = random.nextInt(20);
                    if (action == 0) {
                        memtable.trim(lba, 3);
                        for (int i = 0; i < 3; i++) {
                            model.put(lba + i, -2L);
                        }
                    } else if (action == 1 && stride == 1) {
                        final int count = 65 + random.nextInt(100);
                        memtable.trim(lba, count);
                        for (int i = 0; i < count; i++) {
                            model.put(lba + i, -2L);
                        }
                    } else {
                        final long generation = random.nextInt(1 << 30);
                        memtable.put(lba, generation, 9, generation ^ lba, 4);
                        model.put(lba, generation);
                    }
                    if (memtable.size() > 1400) {
                        break;
                    }
                }
                model.forEach((lba, generation) -> {
                    assertEquals(generation == -2 ? Lookup.TRIMMED : Lookup.FOUND, memtable.find(lba, found),
                        "LBA " + lba);
                    if (generation != -2) {
                        assertEquals(generation.longValue(), found.generation);
                        assertEquals(generation ^ lba, found.tag0);
                    }
                });
                for (int i = 0; i < 1500; i++) {
                    final long lba = (long) i * stride;
                    assertEquals(model.containsKey(lba), memtable.find(lba, found) != Lookup.ABSENT);
                }
            }
        });
    }

    @Test
    void shouldRefuseChangesWhenFrozenAndForgetAllWhenCleared() {
        try (Memtable memtable = memtable(2, 2)) {
            memtable.put(1, 1, 1, 1, 1);
            memtable.trim(100, 100);
            memtable.firstSequence(9);
            memtable.freeze();
            assertThrows(IllegalStateException.class, () -> memtable.put(2, 1, 1, 1, 1));
            assertThrows(IllegalStateException.class, () -> memtable.trim(2, 1000));
            assertFalse(memtable.isEmpty());
            memtable.clear();
            assertTrue(memtable.isEmpty());
            assertEquals(0, memtable.firstSequence());
            assertEquals(Lookup.ABSENT, memtable.find(1, found));
            assertEquals(Lookup.ABSENT, memtable.find(150, found));
            memtable.put(2, 1, 1, 1, 1);
        }
    }

    @Test
    void shouldSayThatThereIsNoRoomBeforeItIsFull() {
        try (Memtable memtable = memtable(2, 2)) {
            assertTrue(memtable.hasRoom(2, 1));
            assertFalse(memtable.hasRoom(3, 0));
            assertFalse(memtable.hasRoom(0, 2));
            memtable.put(1, 1, 1, 1, 1);
            memtable.put(2, 1, 1, 1, 1);
            assertFalse(memtable.hasRoom(1, 0));
            assertThrows(IllegalStateException.class, () -> memtable.put(3, 1, 1, 1, 1));
            memtable.trim(0, 100);
            assertFalse(memtable.hasRoom(0, 1));
            assertThrows(IllegalStateException.class, () -> memtable.trim(200, 100));
        }
    }

    @Test
    void shouldRefuseWhatDoesNotFitARecord() {
        try (Memtable memtable = memtable(2, 2)) {
            assertThrows(IllegalArgumentException.class, () -> memtable.put(Memtable.MAX_LBA + 1, 1, 1, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> memtable.put(-1, 1, 1, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> memtable.put(1, Memtable.MAX_GENERATION + 1, 1, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> memtable.put(1, 1, 65_536, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> memtable.trim(5, 0));
            assertThrows(IllegalArgumentException.class, () -> memtable.trim(Memtable.MAX_LBA, 2));
        }
    }

    @Test
    void shouldKeepItsMemoryBudgetWhateverTheCapacity() {
        for (int capacity = 1 << 10; capacity <= Memtable.MAX_CAPACITY; capacity += capacity / 7) {
            assertTrue(Memtable.lengthBytes(capacity) <= 48L * capacity, "capacity " + capacity);
        }
    }

    @Test
    void shouldCountPresentRecordsOnly() {
        try (Memtable memtable = memtable(8, 2)) {
            memtable.put(1, 5, 1, 1, 1);
            memtable.put(2, 5, 2, 1, 1);
            memtable.put(3, 6, 1, 1, 1);
            memtable.trim(2, 1);
            final GenerationCounts counts = new GenerationCounts();
            memtable.countRecords(counts, -1);
            assertEquals(-1, counts.count(5));
            assertEquals(-1, counts.count(6));
        }
    }
}
