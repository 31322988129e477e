package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import io.ringvault.log.Geometry;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

/** A whole index with tiny capacities beside a TreeMap that says what every LBA must read as. */
final class IndexWorld {
    /** What an LBA reads as. */
    record Value(int kind, long generation, int slot, long tag0, long tag1) {
        static final Value ABSENT = new Value(Lookup.ABSENT, 0, 0, 0, 0);
        static final Value TRIMMED = new Value(Lookup.TRIMMED, 0, 0, 0, 0);
        static final Value LOST = new Value(Lookup.LOST, 0, 0, 0, 0);

        /** Trimmed and never written read alike. */
        boolean readsAs(final Value other) {
            return equals(other) || isZeros() && other.isZeros();
        }

        boolean isZeros() {
            return kind == Lookup.ABSENT || kind == Lookup.TRIMMED;
        }
    }

    final Random random;
    final ObjectStore store;
    final long lbas;
    final CompactionPolicy policy;
    final BlockCache cache = new BlockCache(1);
    final Found found = new Found();
    final TreeMap<Long, Value> model = new TreeMap<>();
    final GenerationCounts counts = new GenerationCounts();
    final Set<Long> lostAllowed = new HashSet<>();
    private final int memtableRecords;
    private final int memtableRanges;
    Memtable active;
    long superseded;
    IndexVersion version = IndexVersion.empty();
    private final List<Memtable> frozen = new ArrayList<>();
    FlushJob flush;
    MergeJob merge;
    private long nextTableId = 1;
    private long nextPlace = 1;
    int lostBlocks;
    boolean exact = true;

    IndexWorld(final long seed, final long lbas, final int memtableRecords, final int memtableRanges,
               final CompactionPolicy.Parameters parameters) {
        random = new Random(seed);
        store = new ObjectStore(random);
        store.erratic = true;
        this.lbas = lbas;
        this.memtableRecords = memtableRecords;
        this.memtableRanges = memtableRanges;
        policy = new CompactionPolicy(parameters);
        active = newMemtable();
    }

    private Memtable newMemtable() {
        return new Memtable(memtableRecords, memtableRanges, generation -> superseded++);
    }

    long anyLba() {
        return random.nextInt((int) lbas);
    }

    void put(final long lba) {
        room(1, 0);
        nextPlace += random.nextInt(4) == 0 ? random.nextInt(50) : 1;
        final Value value = new Value(Lookup.FOUND, nextPlace / 40, (int) (nextPlace % 40), random.nextLong(),
            random.nextLong());
        active.put(lba, value.generation, value.slot, value.tag0, value.tag1);
        model.put(lba, value);
        lostAllowed.remove(lba);
    }

    void cover(final long first, final long count, final boolean lost) {
        if (count <= Memtable.MAX_POINT_TRIM_BLOCKS && count > memtableRecords) {
            return;
        }
        room(count <= Memtable.MAX_POINT_TRIM_BLOCKS ? (int) count : 0, 1);
        if (lost) {
            active.lost(first, count);
        } else {
            active.trim(first, count);
        }
        for (long lba = first; lba < first + count; lba++) {
            model.put(lba, lost ? Value.LOST : Value.TRIMMED);
            lostAllowed.remove(lba);
        }
    }

    private void room(final int records, final int ranges) {
        if (!active.hasRoom(records, ranges)) {
            freeze();
        }
    }

    void freeze() {
        if (frozen.size() == 3) {
            flushAll();
        }
        active.freeze();
        frozen.addFirst(active);
        version = version.withFrozen(active);
        active = newMemtable();
    }

    /** One bounded step of whatever is going on. */
    void background() {
        if (flush == null && !frozen.isEmpty()) {
            flush = new FlushJob(frozen.getLast(), () -> nextTableId++, policy.parameters().maxTableBlocks(),
                policy.cutsFor(version, 0));
        }
        if (flush != null && flush.step(store, store, 1 + random.nextInt(20))) {
            apply(flush.edit());
            frozen.removeLast().close();
            flush = null;
        }
        if (merge == null) {
            begin(policy.next(version));
        }
        stepMerge();
    }

    void begin(final Compaction compaction) {
        if (compaction == null) {
            return;
        }
        if (compaction.move()) {
            apply(compaction.moveEdit());
        } else {
            merge = new MergeJob(compaction, () -> nextTableId++);
        }
    }

    void stepMerge() {
        if (merge != null && merge.step(store, store, 1 + random.nextInt(40))) {
            final IndexEdit edit = merge.edit();
            merge = null;
            apply(edit);
        }
    }

    void flushAll() {
        while (!frozen.isEmpty()) {
            background();
        }
    }

    /** Runs until one level holds everything. */
    void force() {
        freeze();
        flushAll();
        while (merge != null) {
            stepMerge();
        }
        for (int i = 0; ; i++) {
            assertTrue(i < 10_000, "forced compaction does not end: " + version.tables());
            final Compaction compaction = policy.forced(version);
            if (compaction == null) {
                return;
            }
            begin(compaction);
            while (merge != null) {
                stepMerge();
            }
        }
    }

    void apply(final IndexEdit edit) {
        assertTrue(edit.cells() <= IndexEdit.MAX_CELLS, "an edit of " + edit.cells() + " cells");
        counts.addAll(edit.delta(), 1);
        lostBlocks += edit.lostBlocks();
        if (edit.lostBlocks() > 0) {
            exact = false;
        }
        version = version.withEdit(edit);
        checkTables(edit);
        checkCounts();
    }

    /** What was written is what a restart would load. */
    private void checkTables(final IndexEdit edit) {
        for (final Table table : edit.added()) {
            final Table loaded = TableLoader.load(store, table.entry());
            assertEquals(table.toString(), loaded.toString());
            for (int ordinal = 0; ordinal < table.blocks() - 1; ordinal++) {
                assertEquals(table.generationOf(ordinal), loaded.generationOf(ordinal));
                assertEquals(table.slotOf(ordinal), loaded.slotOf(ordinal));
            }
            for (int ordinal = 0; ordinal < table.recordBlocks() + table.rangeBlocks(); ordinal++) {
                assertEquals(table.fence(ordinal), loaded.fence(ordinal));
            }
        }
    }

    /** The sum of all deltas is the truth; with unreadable blocks it may be above, never below. */
    void checkCounts() {
        final GenerationCounts truth = new GenerationCounts();
        long unread = 0;
        for (final Table table : version.tables()) {
            try {
                TableCounts.count(store, table, truth, 1);
            } catch (final StorageException e) {
                unread++;
            }
        }
        if (exact && unread == 0) {
            counts.forEach((generation, count) -> assertEquals(truth.count(generation), count,
                "generation " + generation));
            truth.forEach((generation, count) -> assertEquals(count, counts.count(generation),
                "generation " + generation));
        } else {
            truth.forEach((generation, count) -> assertTrue(counts.count(generation) >= count,
                "generation " + generation + " is too low"));
        }
    }

    /** Looks up as the data agent does. ERROR when a block cannot be loaded. */
    Value read(final long lba) {
        int result = active.find(lba, found);
        if (result == Lookup.ABSENT) {
            result = version.find(lba, found, cache);
            final byte[] block = new byte[Geometry.SEALED_BYTES];
            for (int i = 0; result == Lookup.NEED_BLOCK; i++) {
                assertTrue(i < 1000, "a look-up that never ends");
                try {
                    store.load(found.kind, found.tableId, found.ordinal, found.generation, found.slot, block);
                } catch (final StorageException e) {
                    found.reset();
                    return new Value(Lookup.ERROR, 0, 0, 0, 0);
                }
                if (random.nextBoolean()) {
                    cache.insert(found.tableId, found.ordinal, block);
                    result = version.find(lba, found, cache);
                } else {
                    result = version.resume(lba, found, cache, block);
                }
            }
        }
        return result == Lookup.FOUND ? new Value(result, found.generation, found.slot, found.tag0, found.tag1)
            : new Value(result, 0, 0, 0, 0);
    }

    Value expected(final long lba) {
        return model.getOrDefault(lba, Value.ABSENT);
    }

    void check(final long lba) {
        final Value value = read(lba);
        final Value expected = expected(lba);
        if (!value.readsAs(expected)) {
            fail("LBA " + lba + " reads as " + value + " instead of " + expected + "; " + version.tables());
        }
    }

    void checkAll() {
        for (long lba = 0; lba < lbas; lba++) {
            check(lba);
        }
    }

    /** PRESENT records that the model holds, per generation. */
    Map<Long, Long> liveByGeneration() {
        final Map<Long, Long> live = new TreeMap<>();
        for (final Value value : model.values()) {
            if (value.kind == Lookup.FOUND) {
                live.merge(value.generation, 1L, Long::sum);
            }
        }
        return live;
    }
}
