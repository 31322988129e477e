package io.ringvault.lsm;

import io.ringvault.log.ObjectKind;
import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TableBuilderTest {
    private final Tables tables = new Tables();
    private final Found found = new Found();

    /** Field study 2.2(7): logs of some lengths were unreadable. Here: every length around the block boundaries. */
    @Test
    void shouldReadBackWhenTheLengthIsAroundABlockBoundary() {
        final int perBlock = recordsPerBlock();
        for (int blocks = 0; blocks <= 4; blocks++) {
            for (int records = Math.max(1, blocks * perBlock - 3); records <= blocks * perBlock + 3; records++) {
                final int count = records;
                final Table table = tables.table(memtable -> {
                    for (int i = 0; i < count; i++) {
                        memtable.put(3L * i, 7, i % 200, i, -i);
                    }
                });
                assertEquals((count + perBlock - 1) / perBlock, table.recordBlocks(), count + " records");
                assertEquals(count, table.records());
                final IndexVersion version = Tables.version(TableLoader.load(tables.store, table.entry()));
                for (int i = 0; i < count; i += Math.max(1, Math.min(perBlock, count) / 9)) {
                    assertEquals(Lookup.FOUND, tables.find(version, 3L * i, found));
                    assertEquals(i, found.tag0);
                    assertEquals(Lookup.ABSENT, tables.find(version, 3L * i + 1, found));
                }
                assertEquals(Lookup.FOUND, tables.find(version, 3L * (count - 1), found));
                assertEquals(Lookup.ABSENT, tables.find(version, 3L * count, found));
            }
        }
    }

    private int recordsPerBlock() {
        final RecordBlockBuilder builder = new RecordBlockBuilder();
        int count = 0;
        while (builder.add(3L * count, Lookup.FOUND, 7, count % 200, 1, 1)) {
            count++;
        }
        return count;
    }

    @Test
    void shouldReadBackWhenTheNumberOfRangesIsAroundABlockBoundary() {
        final int per = RangeBlockCodec.MAX_ENTRIES;
        for (final int count : new int[] {1, per - 1, per, per + 1, 2 * per - 1, 2 * per, 2 * per + 1}) {
            final Table table = tables.table(memtable -> {
                for (int i = 0; i < count; i++) {
                    memtable.trim(200L * i, 100);
                }
                memtable.put(50, 1, 1, 1, 1);
            });
            assertEquals(count, table.ranges());
            assertEquals((count + per - 1) / per, table.rangeBlocks());
            final IndexVersion version = Tables.version(TableLoader.load(tables.store, table.entry()));
            for (int i = 0; i < count; i++) {
                assertEquals(Lookup.TRIMMED, tables.find(version, 200L * i + 99, found));
                assertEquals(Lookup.ABSENT, tables.find(version, 200L * i + 100, found));
            }
            assertEquals(Lookup.FOUND, tables.find(version, 50, found));
        }
    }

    @Test
    void shouldEndATableBeforeItsExtentsOutgrowTheHead() {
        final ObjectStore scattered = tables.store;
        scattered.erratic = false;
        final TableBuilder builder = new TableBuilder(() -> tables.nextId++, 0, 10_000);
        long lba = 0;
        while (!builder.isFull(true)) {
            while (builder.add(lba, Lookup.FOUND, 7, 1, 1, 1)) {
                lba += 2;
            }
            builder.appendRecords(scattered);
            scattered.append(ObjectKind.CHECKPOINT_ROOT, 0, 0, new byte[4080]);
        }
        while (!builder.finish(scattered)) {
            Thread.onSpinWait();
        }
        final Table table = builder.take();
        assertTrue(table.extentCount() <= TableHeadCodec.MAX_EXTENTS);
        assertTrue(table.extentCount() > 200, "only " + table.extentCount() + " extents");
        final Table loaded = TableLoader.load(scattered, table.entry());
        for (int i = 0; i < table.blocks() - 1; i++) {
            assertEquals(table.slotOf(i), loaded.slotOf(i));
            assertEquals(table.generationOf(i), loaded.generationOf(i));
        }
    }

    @Test
    void shouldNotSpanACutWhenRangesDo() {
        final IndexEdit edit = tables.flush(100, new long[] {0, 500, 1000, 5000}, memtable -> {
            memtable.trim(400, 700);
            memtable.put(450, 1, 1, 1, 1);
            memtable.put(999, 1, 2, 1, 1);
        });
        final List<Table> added = edit.added();
        assertEquals(3, added.size());
        assertEquals(499, added.get(0).lastLba());
        assertEquals(500, added.get(1).firstLba());
        assertEquals(999, added.get(1).lastLba());
        assertEquals(1099, added.get(2).lastLba());
    }
}
