package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import io.ringvault.log.ManifestEntry;
import io.ringvault.log.ObjectKind;
import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TableLoaderTest {
    private final Tables tables = new Tables();

    private Table sample() {
        return tables.table(memtable -> {
            for (int i = 0; i < 1000; i++) {
                memtable.put(2L * i, 3, i, 1, 1);
            }
            for (int i = 0; i < 300; i++) {
                memtable.lost(10_000 + 200L * i, 100);
            }
        });
    }

    @Test
    void shouldTakeTheLevelFromTheManifest() {
        final ManifestEntry entry = sample().entry();
        final Table moved = TableLoader.load(tables.store,
            new ManifestEntry(entry.tableId(), 4, entry.headGeneration(), entry.headSlot()));
        assertEquals(4, moved.level());
        assertEquals(4, moved.entry().level());
    }

    /** Any bytes load as a table in which look-ups are safe, or are refused as damage. */
    @Test
    void shouldLoadOrRefuseWhenHeadAndFencesAreArbitrary() {
        final Table table = sample();
        final int[] refused = {0};
        Seeds.each(400, seed -> {
            final Random random = new Random(seed);
            final boolean noise = random.nextInt(10) == 0;
            final int kind = random.nextInt(4) == 0 ? ObjectKind.TABLE_FENCES : ObjectKind.TABLE_HEAD;
            final BlockLoader loader = (wanted, id, ordinal, generation, slot, target) -> {
                tables.store.load(wanted, id, ordinal, generation, slot, target);
                if (wanted == kind && noise) {
                    random.nextBytes(target);
                } else if (wanted == kind) {
                    for (int i = 0; i < 1 + random.nextInt(3); i++) {
                        final int at = random.nextInt(random.nextBoolean() ? 160 : target.length);
                        target[at] ^= (byte) (1 << random.nextInt(8));
                    }
                }
            };
            try {
                final Table loaded = TableLoader.load(loader, table.entry());
                for (int i = 0; i < 100; i++) {
                    final long lba = random.nextInt(80_000);
                    final int record = loaded.recordOrdinal(lba);
                    final int range = loaded.rangeOrdinal(lba);
                    assertTrue(record < loaded.recordBlocks());
                    if (Math.max(record, range) >= 0) {
                        assertTrue(loaded.slotOf(Math.max(record, range)) >= 0);
                    }
                }
            } catch (final StorageException e) {
                assertEquals(StorageException.Category.INTEGRITY, e.category());
                assertTrue(e.getMessage().contains("index table " + table.id())
                    || e.getMessage().startsWith("bad tag"), e.getMessage());
                refused[0]++;
            }
        });
        assertTrue(System.getProperty("seed") != null || refused[0] > 100, "only " + refused[0] + " refused");
    }

    @Test
    void shouldNameTheTableWhenItsHeadBelongsToAnother() {
        final Table table = sample();
        final Table other = sample();
        final BlockLoader swapped = (kind, id, ordinal, generation, slot, target) ->
            System.arraycopy(tables.store.plain(other.headGeneration(), other.headSlot()), 0, target, 0, target.length);
        final StorageException e = assertThrows(StorageException.class, () -> TableLoader.load(swapped, table.entry()));
        assertTrue(e.getMessage().contains("table id is " + other.id()), e.getMessage());
    }
}
