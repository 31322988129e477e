package io.ringvault.lsm;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CompactionPolicyTest {
    private final Tables tables = new Tables();
    private final CompactionPolicy policy = new CompactionPolicy(new CompactionPolicy.Parameters(2, 2, 3, 100, 6));

    private Table at(final long... lbas) {
        return tables.table(memtable -> {
            for (final long lba : lbas) {
                memtable.put(lba, 1, 1, 1, 1);
            }
        });
    }

    @Test
    void shouldDoNothingWhenEveryLevelIsWithinItsBounds() {
        assertNull(policy.next(IndexVersion.empty()));
        assertNull(policy.next(Tables.version(at(1), at(5), at(9))));
        assertNull(policy.forced(IndexVersion.empty()));
    }

    @Test
    void shouldTakeEveryOlderTableAlongWhenTablesOfLevelZeroOverlap() {
        final Table oldest = at(1, 10);
        final Table middle = at(5, 20);
        final Table young = at(15, 30);
        final Compaction compaction = policy.next(Tables.version(young, middle, oldest));
        assertEquals(List.of(young, middle, oldest), compaction.inputs());
        assertEquals(1, compaction.outputLevel());
        assertTrue(compaction.lastLevel());
    }

    @Test
    void shouldTakeEveryTableBelowTheInputsKeysAlong() {
        final Table upper = at(10, 40);
        final Table upper2 = at(10, 40);
        final Table left = at(0, 12).atLevel(1);
        final Table inside = at(20, 21).atLevel(1);
        final Table right = at(50, 60).atLevel(1);
        final Table deep = at(11, 12).atLevel(2);
        final Compaction compaction = policy.next(Tables.version(upper2, upper, left, inside, right, deep));
        assertEquals(List.of(upper2, upper, left, inside), compaction.inputs());
        assertFalse(compaction.lastLevel(), "level 2 has older records");
    }

    @Test
    void shouldNotLetANewerTablePassAnOlderOneThatStays() {
        final CompactionPolicy narrow = new CompactionPolicy(new CompactionPolicy.Parameters(1, 2, 3, 8, 4));
        final List<Table> list = new ArrayList<>();
        final Table oldest = at(0, 5);
        final Table wide = at(4, 100);
        final Table young = at(3, 50);
        list.addAll(List.of(young, wide, oldest));
        for (int i = 0; i < 4; i++) {
            list.add(at(60 + 10 * i, 62 + 10 * i).atLevel(1));
        }
        final Compaction compaction = narrow.next(IndexVersion.of(list));
        assertEquals(List.of(oldest), compaction.inputs());
    }

    @Test
    void shouldCutATableInPlaceWhenItOverlapsTooMany() {
        final List<Table> list = new ArrayList<>();
        final Table sparse = tables.table(memtable -> {
            for (int i = 0; i < 30; i++) {
                memtable.put(100L * i, 9, 1, 1, 1);
            }
            memtable.trim(500, 1500);
        });
        list.add(sparse);
        for (int i = 0; i < 30; i++) {
            list.add(at(100L * i, 100L * i + 50).atLevel(1));
        }
        IndexVersion version = IndexVersion.of(list);
        final Compaction split = policy.forced(version);
        assertEquals(0, split.outputLevel());
        assertEquals(List.of(sparse), split.inputs());
        assertArrayEquals(new long[] {300, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700}, split.cuts());
        final IndexEdit edit = tables.run(split);
        assertTrue(edit.delta().isZero());
        version = version.withEdit(edit);
        assertEquals(10, version.tables(0).size());
        int rounds = 0;
        for (Compaction next = policy.forced(version); next != null; next = policy.forced(version)) {
            assertTrue(next.inputs().size() <= 6 && ++rounds < 100);
            version = version.withEdit(next.move() ? next.moveEdit() : tables.run(next));
        }
        assertEquals(List.of(), version.tables(0));
        final Found found = new Found();
        assertEquals(Lookup.ABSENT, tables.find(version, 550, found));
        assertEquals(Lookup.FOUND, tables.find(version, 2550, found));
        assertEquals(Lookup.FOUND, tables.find(version, 2500, found));
        assertEquals(9, found.generation);
    }

    @Test
    void shouldMoveATableWithoutWritingWhenNothingOverlaps() {
        final CompactionPolicy.Parameters one = new CompactionPolicy.Parameters(1, 2, 3, 1, 6);
        final Table table = at(1, 10);
        final int appended = tables.store.appended;
        final Compaction compaction = new CompactionPolicy(one).next(Tables.version(table));
        assertTrue(compaction.move());
        final IndexVersion version = Tables.version(table).withEdit(compaction.moveEdit());
        assertEquals(1, version.table(table.id()).level());
        assertEquals(appended, tables.store.appended);
        assertThrows(IllegalArgumentException.class, () -> new MergeJob(compaction, () -> 5));
    }

    @Test
    void shouldRewriteATableInItsOwnLevelAndAge() {
        final Table old = tables.table(memtable -> {
            memtable.put(1, 1, 1, 1, 1);
            memtable.trim(2, 5);
        });
        final Table young = at(1);
        IndexVersion version = Tables.version(young, old);
        assertNull(policy.rewrite(version, 999));
        assertFalse(policy.rewrite(version, young.id()).lastLevel());
        final Compaction compaction = policy.rewrite(version, old.id());
        assertTrue(compaction.lastLevel());
        version = version.withEdit(tables.run(compaction));
        assertEquals(young, version.tables(0).getFirst());
        assertEquals(1, version.tables(0).getLast().records());
    }

    @Test
    void shouldRefuseParametersOutOfRange() {
        assertThrows(IllegalArgumentException.class, () -> new CompactionPolicy.Parameters(0, 2, 3, 8, 6));
        assertThrows(IllegalArgumentException.class, () -> new CompactionPolicy.Parameters(1, 1, 3, 8, 6));
        assertThrows(IllegalArgumentException.class, () -> new CompactionPolicy.Parameters(1, 2, 3, 8, 49));
        assertEquals(40, CompactionPolicy.Parameters.standard().maxInputTables());
    }
}
