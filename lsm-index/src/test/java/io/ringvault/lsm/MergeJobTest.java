package io.ringvault.lsm;

import io.ringvault.log.ObjectReader;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MergeJobTest {
    private final Tables tables = new Tables();
    private final Found found = new Found();

    private Table points(final long generation, final long from, final long to, final int step) {
        return tables.table(memtable -> {
            for (long lba = from; lba < to; lba += step) {
                memtable.put(lba, generation, (int) (lba & 1023), lba, generation);
            }
        });
    }

    @Test
    void shouldRemoveOlderPointsAndClipOlderRangesUnderANewerRange() {
        final Table old = tables.table(memtable -> {
            memtable.lost(150, 100);
            memtable.put(110, 1, 1, 0, 0);
            memtable.put(160, 1, 2, 0, 0);
            memtable.put(240, 1, 3, 0, 0);
        });
        final Table young = tables.table(memtable -> {
            memtable.trim(100, 100);
            memtable.put(170, 2, 1, 0, 0);
        });
        final IndexEdit edit = tables.merge(1, false, 100, young, old);
        final IndexVersion version = Tables.version(young, old).withEdit(edit);
        assertEquals(Lookup.TRIMMED, tables.find(version, 110, found));
        assertEquals(Lookup.TRIMMED, tables.find(version, 160, found));
        assertEquals(Lookup.FOUND, tables.find(version, 170, found));
        assertEquals(Lookup.TRIMMED, tables.find(version, 199, found));
        assertEquals(Lookup.LOST, tables.find(version, 200, found));
        assertEquals(Lookup.FOUND, tables.find(version, 240, found));
        assertEquals(Lookup.LOST, tables.find(version, 249, found));
        assertEquals(Lookup.ABSENT, tables.find(version, 250, found));
        assertEquals(-2, edit.delta().count(1));
        assertEquals(0, edit.delta().count(2));
        assertEquals(2, edit.added().getFirst().ranges());
    }

    @Test
    void shouldKeepATrimmedPointOverALossWhenTheLevelIsTheLast() {
        final Table old = tables.table(memtable -> memtable.lost(100, 100));
        final Table young = tables.table(memtable -> {
            memtable.trim(150, 2);
            memtable.trim(300, 2);
        });
        final IndexVersion version = Tables.version(young, old).withEdit(tables.merge(1, true, 100, young, old));
        assertEquals(Lookup.LOST, tables.find(version, 149, found));
        assertEquals(Lookup.TRIMMED, tables.find(version, 150, found));
        assertEquals(Lookup.TRIMMED, tables.find(version, 151, found));
        assertEquals(Lookup.LOST, tables.find(version, 152, found));
        assertEquals(2, version.tables().getFirst().records());
    }

    @Test
    void shouldWriteNoTableWhenEverythingIsTrimmedAtTheLastLevel() {
        final Table old = points(7, 0, 500, 1);
        final Table young = tables.table(memtable -> memtable.trim(0, 1000));
        final IndexEdit edit = tables.merge(1, true, 100, young, old);
        assertEquals(List.of(), edit.added());
        assertEquals(List.of(young.id(), old.id()), edit.dropped());
        assertEquals(-500, edit.delta().count(7));
    }

    @Test
    void shouldMakeADamagedBlockALossThatHidesOlderValuesAndIsNotSubtracted() {
        final Table old = points(1, 0, 1000, 1);
        final Table young = points(2, 0, 1000, 2);
        assertTrue(young.recordBlocks() >= 3);
        tables.store.damage(young.generationOf(1), young.slotOf(1));
        final IndexEdit edit = tables.merge(1, true, 100, young, old);
        final IndexVersion version = Tables.version(young, old).withEdit(edit);
        assertEquals(1, edit.lostBlocks());
        long lostRecords = 0;
        for (long lba = 0; lba < 1000; lba++) {
            final int result = tables.find(version, lba, found);
            if (lba >= young.fence(1) && lba <= young.spanEnd(1)) {
                assertEquals(Lookup.LOST, result, "LBA " + lba);
                lostRecords += lba % 2 == 0 ? 1 : 0;
            } else {
                assertEquals(Lookup.FOUND, result, "LBA " + lba);
                assertEquals(lba % 2 == 0 ? 2 : 1, found.tag1);
            }
        }
        assertTrue(lostRecords > 0);
        assertEquals(0, edit.delta().count(2), "what was not read is not subtracted");
        final GenerationCounts truth = new GenerationCounts();
        edit.added().forEach(table -> TableCounts.count(tables.store, table, truth, 1));
        assertEquals(500 - lostRecords, truth.count(2));
        assertEquals(truth.count(1) - 1000, edit.delta().count(1));
    }

    @Test
    void shouldTreatABlockThatDoesNotDecodeAsDamaged() {
        final Table table = points(1, 0, 100, 1);
        final byte[] plain = tables.store.plain(table.generationOf(0), table.slotOf(0));
        plain[RecordBlockCodec.RECORDS_OFFSET]++;
        final IndexEdit edit = tables.merge(1, true, 100, table);
        assertEquals(1, edit.lostBlocks());
        assertEquals(Lookup.LOST, tables.find(Tables.version(table).withEdit(edit), 50, found));
    }

    @Test
    void shouldSplitOutputsIntoDisjointTablesThatLoseNothing() {
        final Table old = tables.table(memtable -> {
            memtable.trim(0, 5000);
            for (long lba = 0; lba < 5000; lba += 2) {
                memtable.put(lba, 1, (int) (lba & 1023), lba, 1);
            }
        });
        final IndexEdit edit = tables.merge(1, false, 2, old);
        assertTrue(edit.added().size() > 5);
        final IndexVersion version = Tables.version(old).withEdit(edit);
        for (long lba = 0; lba < 5000; lba++) {
            assertEquals(lba % 2 == 0 ? Lookup.FOUND : Lookup.TRIMMED, tables.find(version, lba, found), "LBA " + lba);
        }
        assertTrue(edit.delta().isZero());
    }

    @Test
    void shouldNeverNeedMoreThanOneSummaryForItsEdit() {
        final Table big = points(1, 0, 60_000, 2);
        final IndexEdit edit = tables.merge(1, true, 1, big);
        assertEquals(IndexEdit.MAX_CELLS, edit.cells());
        final IndexVersion version = Tables.version(big).withEdit(edit);
        assertEquals(Lookup.FOUND, tables.find(version, 59_998, found));
        assertTrue(edit.delta().isZero());
    }

    @Test
    void shouldWaitWithoutLosingAnythingWhenSinkAndReaderAreBusy() {
        Seeds.each(10, seed -> {
            final Tables slow = new Tables();
            final Random random = new Random(seed);
            final Table a = slow.table(memtable -> {
                for (int i = 0; i < 2000; i++) {
                    memtable.put(random.nextInt(5000), 1, 1, 1, 1);
                }
            });
            slow.store.erratic = true;
            final MergeJob job = new MergeJob(new Compaction(List.of(List.of(a)), 0, false, new long[0], false, 2),
                () -> slow.nextId++);
            int steps = 0;
            while (!job.step(slow.store, slow.store, 7)) {
                assertTrue(++steps < 100_000);
            }
            assertTrue(steps > 200, "a budget of 7 records is kept");
            assertTrue(job.edit().delta().isZero());
            assertEquals(0, slow.store.readsInFlight());
        });
    }

    @Test
    void shouldSayWhenNoReadIsInFlightAfterItWasGivenUp() {
        final Table table = points(1, 0, 1000, 1);
        final boolean[] arrived = {false};
        final ObjectReader slow = new ObjectReader() {
            @Override
            public int start(final int kind, final long objectId, final int ordinal, final long generation,
                             final int slot, final byte[] target4080) {
                return 1;
            }

            @Override
            public int state(final int ticket) {
                return arrived[0] ? FAILED : PENDING;
            }
        };
        final MergeJob job = new MergeJob(new Compaction(List.of(List.of(table)), 1, true, new long[0], false, 9),
            () -> 99);
        assertFalse(job.step(tables.store, slow, 100));
        assertFalse(job.drain(slow));
        arrived[0] = true;
        assertTrue(job.drain(slow));
        assertThrows(IllegalStateException.class, job::edit);
    }
}
