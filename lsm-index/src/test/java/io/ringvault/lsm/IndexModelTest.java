package io.ringvault.lsm;

import io.ringvault.log.ObjectKind;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The whole index against a map, with random operations, tiny capacities and steps in any order. */
class IndexModelTest {
    private static final CompactionPolicy.Parameters TINY = new CompactionPolicy.Parameters(2, 2, 3, 6, 6);

    private static void operate(final IndexWorld world, final int operations) {
        for (int i = 0; i < operations; i++) {
            final long lba = world.anyLba();
            switch (world.random.nextInt(12)) {
                case 0 -> world.cover(lba, Math.min(world.lbas - lba, 1 + world.random.nextInt(12)), false);
                case 1 -> world.cover(lba, Math.min(world.lbas - lba, 65 + world.random.nextInt(300)),
                    world.random.nextInt(4) == 0);
                case 2 -> world.cover(lba, 1, true);
                case 3 -> {
                    final int run = (int) Math.min(world.lbas - lba, 1 + world.random.nextInt(40));
                    for (int j = 0; j < run; j++) {
                        world.put(lba + j);
                    }
                }
                case 4 -> world.freeze();
                case 5, 6, 7 -> world.background();
                default -> world.put(lba);
            }
            if (world.random.nextInt(4) == 0) {
                world.background();
            }
            world.check(world.anyLba());
        }
    }

    @Test
    void shouldReadWhatTheModelReadsWhenOperationsAreRandom() {
        Seeds.each(12, seed -> {
            final IndexWorld world = new IndexWorld(seed, 1500, 16, 6, TINY);
            for (int round = 0; round < 4; round++) {
                operate(world, 500);
                world.checkAll();
            }
        });
    }

    @Test
    void shouldReadWhatTheModelReadsWhenTablesHaveManyBlocks() {
        Seeds.each(4, seed -> {
            final IndexWorld world = new IndexWorld(seed, 6000, 700, 20,
                new CompactionPolicy.Parameters(2, 2, 4, 8, 8));
            operate(world, 6000);
            world.checkAll();
            world.force();
            world.checkAll();
        });
    }

    @Test
    void shouldReachOneLevelWithExactCountsWhenForced() {
        Seeds.each(8, seed -> {
            final IndexWorld world = new IndexWorld(seed, 1500, 16, 6, TINY);
            operate(world, 700);
            world.force();
            world.checkAll();
            for (int level = 0; level < world.version.levelCount() - 1; level++) {
                assertEquals(List.of(), world.version.tables(level));
            }
            final Map<Long, Long> counted = new TreeMap<>();
            world.counts.forEach(counted::put);
            assertEquals(world.liveByGeneration(), counted);
        });
    }

    @Test
    void shouldKeepLossesAndForgetTrimsWhenEverythingIsInTheLastLevel() {
        Seeds.each(4, seed -> {
            final IndexWorld world = new IndexWorld(seed, 800, 16, 6, TINY);
            operate(world, 400);
            world.cover(0, world.lbas, false);
            world.put(5);
            world.cover(300, 100, true);
            world.cover(350, 3, false);
            world.force();
            for (final Table table : List.copyOf(world.version.tables())) {
                world.begin(world.policy.rewrite(world.version, table.id()));
                while (world.merge != null) {
                    world.stepMerge();
                }
            }
            world.checkAll();
            long records = 0;
            long ranges = 0;
            for (final Table table : world.version.tables()) {
                records += table.records();
                ranges += table.ranges();
            }
            assertTrue(records <= 4, "trims are still there: " + world.version.tables());
            assertTrue(ranges >= 1 && ranges <= 2 * world.version.tables().size(), "ranges " + ranges);
        });
    }

    @Test
    void shouldNeverShowAnOlderValueWhenAnIndexBlockIsDamaged() {
        Seeds.each(8, seed -> {
            final IndexWorld world = new IndexWorld(seed, 1500, 16, 6, TINY);
            operate(world, 600);
            while (world.merge != null) {
                world.stepMerge();
            }
            final boolean[] hit = damageSome(world, 3);
            world.cache.clear();
            int errors = 0;
            for (long lba = 0; lba < world.lbas; lba++) {
                final IndexWorld.Value value = world.read(lba);
                if (value.kind() == Lookup.ERROR) {
                    errors++;
                    assertTrue(hit[(int) lba], "LBA " + lba + " is not in a damaged block's span");
                } else {
                    assertTrue(value.readsAs(world.expected(lba)), "LBA " + lba + " reads as " + value);
                }
            }
            world.force();
            assertTrue(world.lostBlocks > 0 || world.store.damagedCount() == 0);
            for (long lba = 0; lba < world.lbas; lba++) {
                final IndexWorld.Value value = world.read(lba);
                if (!value.readsAs(world.expected(lba))) {
                    assertEquals(Lookup.LOST, value.kind(), "LBA " + lba);
                    assertTrue(hit[(int) lba], "LBA " + lba + " is lost though no damaged block could hold it");
                }
            }
            assertTrue(errors > 0 || world.store.damagedCount() == 0, "the damage was never met");
        });
    }

    /** Damages record and range blocks; says which LBAs lie in their spans. */
    private static boolean[] damageSome(final IndexWorld world, final int count) {
        final boolean[] hit = new boolean[(int) world.lbas];
        final List<Table> tables = world.version.tables();
        for (int i = 0; i < count && !tables.isEmpty(); i++) {
            final Table table = tables.get(world.random.nextInt(tables.size()));
            final int ordinal = world.random.nextInt(table.recordBlocks() + table.rangeBlocks());
            world.store.damage(table.generationOf(ordinal), table.slotOf(ordinal));
            for (long lba = table.fence(ordinal); lba <= table.spanEnd(ordinal); lba++) {
                hit[(int) lba] = true;
            }
        }
        return hit;
    }

    /** Field study: errors were treated as "absent", and one damaged block rolled keys back to older values. */
    @Test
    void shouldAskForTheSameBlockAgainWhenItCouldNotBeRead() {
        final IndexWorld world = new IndexWorld(1, 100, 16, 6, TINY);
        world.put(7);
        world.freeze();
        world.flushAll();
        world.put(7);
        world.freeze();
        while (!world.version.frozen().isEmpty()) {
            world.flush = world.flush == null
                ? new FlushJob(world.version.frozen().getLast(), () -> 99, 3, new long[0]) : world.flush;
            if (world.flush.step(world.store, world.store, 5)) {
                world.version = world.version.withEdit(world.flush.edit());
            }
        }
        assertEquals(2, world.version.tables(0).size());
        for (int i = 0; i < 3; i++) {
            assertEquals(Lookup.NEED_BLOCK, world.version.find(7, world.found, world.cache));
            assertEquals(99, world.found.tableId);
            assertEquals(ObjectKind.TABLE_RECORDS, world.found.kind);
        }
    }

    /** Field study: a read over a hole found nothing at all. Here every LBA has its own answer. */
    @Test
    void shouldAnswerEachLbaWhenARangeHasHoles() {
        final IndexWorld world = new IndexWorld(3, 64, 16, 6, TINY);
        for (long lba = 0; lba < 64; lba += 5) {
            world.put(lba);
        }
        world.freeze();
        world.flushAll();
        for (long lba = 0; lba < 64; lba++) {
            assertEquals(lba % 5 == 0 ? Lookup.FOUND : Lookup.ABSENT, world.read(lba).kind());
        }
    }
}
