package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class TableCountsTest {
    private final Tables tables = new Tables();

    private Table sample() {
        return tables.table(memtable -> {
            memtable.put(1, 5, 1, 0, 0);
            memtable.put(2, 5, 2, 0, 0);
            memtable.put(9, 6, 2, 0, 0);
            memtable.trim(20, 3);
            memtable.trim(100, 100);
        });
    }

    @Test
    void shouldCountPresentRecordsAndBlocks() {
        final Table table = sample();
        final GenerationCounts counts = new GenerationCounts();
        TableCounts.count(tables.store, table, counts, 1);
        assertEquals(2, counts.count(5));
        assertEquals(1, counts.count(6));
        TableCounts.count(tables.store, table, counts, -1);
        assertEquals(0, counts.count(5));
        table.countBlocks(counts, 1);
        assertEquals(table.blocks(), counts.count(table.headGeneration()));
    }

    @Test
    void shouldThrowWhenABlockCannotBeReadOrIsNotSound() {
        final Table unreadable = sample();
        tables.store.damage(unreadable.generationOf(1), unreadable.slotOf(1));
        assertThrows(StorageException.class,
            () -> TableCounts.count(tables.store, unreadable, new GenerationCounts(), 1));
        final Table unsound = sample();
        tables.store.plain(unsound.generationOf(0), unsound.slotOf(0))[RecordBlockCodec.TAGS_OFFSET]++;
        assertThrows(StorageException.class, () -> TableCounts.count(tables.store, unsound, new GenerationCounts(), 1));
    }
}
