package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class IndexVersionTest {
    private final Tables tables = new Tables();
    private final Found found = new Found();

    private Table at(final long... lbas) {
        return tables.table(memtable -> {
            for (final long lba : lbas) {
                memtable.put(lba, tables.nextId, 1, tables.nextId, 0);
            }
        });
    }

    private static IndexEdit edit(final List<Table> added, final List<Long> dropped) {
        return IndexEdit.recovered(added, dropped, new GenerationCounts());
    }

    @Test
    void shouldPutRewrittenTablesWhereTheOldOneWasAndFlushedOnesFirst() {
        final Table old = at(1, 100);
        final Table middle = at(1, 100);
        final Table young = at(1, 100);
        IndexVersion version = IndexVersion.empty();
        for (final Table table : List.of(old, middle, young)) {
            version = version.withEdit(edit(List.of(table), List.of()));
        }
        assertEquals(List.of(young, middle, old), version.tables(0));
        final Table left = at(1);
        final Table right = at(100);
        version = version.withEdit(edit(List.of(left, right), List.of(middle.id())));
        assertEquals(List.of(young, left, right, old), version.tables(0));
        assertEquals(Lookup.FOUND, tables.find(version, 100, found));
        assertEquals(young.id(), found.tag0);
        version = version.withEdit(edit(List.of(), List.of(young.id())));
        assertEquals(Lookup.FOUND, tables.find(version, 100, found));
        assertEquals(right.id(), found.tag0);
    }

    @Test
    void shouldListTheManifestSoThatItLoadsTheSameIndex() {
        final Table a = at(1, 50);
        final Table b = at(20, 90);
        final Table deep = at(60, 80).atLevel(2);
        final Table deeper = at(10, 20).atLevel(2);
        final IndexVersion version = Tables.version(b, a, deep, deeper);
        assertEquals(List.of(deeper, deep), version.tables(2));
        final IndexVersion loaded = IndexVersion.of(version.manifest().stream()
            .map(e -> TableLoader.load(tables.store, e)).toList());
        assertEquals(version.manifest(), loaded.manifest());
        for (long lba = 0; lba < 100; lba++) {
            assertEquals(tables.find(version, lba, found), tables.find(loaded, lba, found));
        }
    }

    @Test
    void shouldRefuseAnEditThatDoesNotFit() {
        final Table a = at(1, 50).atLevel(1);
        final Table b = at(50, 90).atLevel(1);
        final IndexVersion version = Tables.version(a);
        assertThrows(StorageException.class, () -> version.withEdit(edit(List.of(b), List.of())));
        assertThrows(StorageException.class, () -> version.withEdit(edit(List.of(), List.of(b.id()))));
        assertThrows(StorageException.class, () -> version.withEdit(edit(List.of(a.atLevel(0)), List.of())));
        assertThrows(StorageException.class, () -> Tables.version(a, b));
        assertEquals(List.of(a), version.tables());
    }

    @Test
    void shouldMoveATableWhenAnEditDropsAndAddsIt() {
        final Table a = at(1, 50).atLevel(1);
        final IndexVersion version = Tables.version(a).withEdit(edit(List.of(a.atLevel(3)), List.of(a.id())));
        assertEquals(4, version.levelCount());
        assertEquals(3, version.table(a.id()).level());
        assertEquals(Lookup.FOUND, tables.find(version, 50, found));
    }

    @Test
    void shouldFlushOldestMemtableFirst() {
        final Memtable first = new Memtable(2, 2, generation -> { });
        final Memtable second = new Memtable(2, 2, generation -> { });
        assertThrows(IllegalArgumentException.class, () -> IndexVersion.empty().withFrozen(first));
        first.put(1, 1, 1, 1, 1);
        first.freeze();
        second.put(1, 2, 1, 1, 1);
        second.freeze();
        final IndexVersion version = IndexVersion.empty().withFrozen(first).withFrozen(second);
        assertEquals(3, version.number());
        assertEquals(Lookup.FOUND, version.find(1, found, new BlockCache(1)));
        assertEquals(2, found.generation);
        assertThrows(IllegalStateException.class,
            () -> version.withEdit(new IndexEdit(List.of(), List.of(), second, new GenerationCounts(), 0)));
        assertEquals(List.of(second),
            version.withEdit(new IndexEdit(List.of(), List.of(), first, new GenerationCounts(), 0)).frozen());
    }

    /** A cache of one block and two look-ups that take turns: each still ends. */
    @Test
    void shouldMakeProgressWhenTheCacheForgetsEverything() {
        final Table[] all = new Table[6];
        for (int i = 0; i < all.length; i++) {
            all[i] = at(i == all.length - 1 ? 4 : 3, 6);
        }
        final IndexVersion version = Tables.version(all);
        final BlockCache cache = new BlockCache(1);
        final Found other = new Found();
        final byte[] block = new byte[4080];
        int calls = 0;
        int result = version.find(4, found, cache);
        while (result == Lookup.NEED_BLOCK) {
            assertTrue(++calls <= all.length, "no progress");
            tables.store.load(found.kind, found.tableId, found.ordinal, found.generation, found.slot, block);
            cache.insert(1000 + calls, 0, block);
            other.reset();
            version.find(6, other, cache);
            result = version.resume(4, found, cache, block);
        }
        assertEquals(Lookup.FOUND, result);
        assertEquals(all.length, calls);
    }

    @Test
    void shouldAnswerErrorAndNothingOlderWhenABlockDoesNotDecode() {
        final Table old = at(5);
        final Table young = at(5);
        final IndexVersion version = Tables.version(young, old);
        final BlockCache cache = new BlockCache(4);
        cache.insert(young.id(), 0, new byte[4080]);
        cache.insert(old.id(), 0, tables.store.plain(old.generationOf(0), old.slotOf(0)));
        assertEquals(Lookup.ERROR, version.find(5, found, cache));
    }
}
