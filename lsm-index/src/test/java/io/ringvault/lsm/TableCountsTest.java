package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    /** Two record blocks, one of them damaged: what the other holds counts, added as well as taken away. */
    @Test
    void shouldLeaveOutBlocksThatCannotBeReadWhenOnlyTheReadableOnesCount() {
        final Table table = tables.table(memtable -> {
            for (int lba = 0; lba < 400; lba++) {
                memtable.put(3L * lba, lba < 200 ? 5 : 6, lba % 200, 0, 0);
            }
        });
        final GenerationCounts all = new GenerationCounts();
        TableCounts.countReadable(tables.store, table, all, 1);
        assertEquals(200, all.count(5));
        assertEquals(200, all.count(6));
        tables.store.damage(table.generationOf(0), table.slotOf(0));
        final GenerationCounts rest = new GenerationCounts();
        TableCounts.countReadable(tables.store, table, rest, 1);
        final long left = rest.count(5) + rest.count(6);
        assertTrue(table.recordBlocks() > 1 && left > 0 && left < 400, table.recordBlocks() + " blocks, " + left);
        TableCounts.countReadable(tables.store, table, rest, -1);
        assertEquals(0, rest.count(5) + rest.count(6), "what was added is what is taken away");
        tables.store.plain(table.generationOf(1), table.slotOf(1))[RecordBlockCodec.TAGS_OFFSET]++;
        TableCounts.countReadable(tables.store, table, rest, 1);
        assertTrue(rest.count(5) + rest.count(6) < left, "a block that makes no sense does not count either");
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
