package io.ringvault.lsm;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes tables for tests, through the real flush and merge. */
final class Tables {
    final ObjectStore store = new ObjectStore(new Random(1));
    long nextId = 1;

    /** Fills a memtable. */
    interface Content {
        void fill(Memtable memtable);
    }

    IndexEdit flush(final int maxTableBlocks, final long[] cuts, final Content content) {
        final Memtable memtable = new Memtable(100_000, 2000, generation -> { });
        content.fill(memtable);
        memtable.freeze();
        final FlushJob job = new FlushJob(memtable, () -> nextId++, maxTableBlocks, cuts);
        while (!job.step(store, store, 1000)) {
            Thread.onSpinWait();
        }
        return job.edit();
    }

    /** One table of level 0. */
    Table table(final Content content) {
        return flush(10_000, new long[0], content).added().getFirst();
    }

    IndexEdit merge(final int outputLevel, final boolean lastLevel, final int maxTableBlocks,
        final Table... newestFirst) {
        final List<List<Table>> runs = new ArrayList<>();
        for (final Table table : newestFirst) {
            runs.add(List.of(table));
        }
        return run(new Compaction(runs, outputLevel, lastLevel, new long[0], false, maxTableBlocks));
    }

    IndexEdit run(final Compaction compaction) {
        final MergeJob job = new MergeJob(compaction, () -> nextId++);
        while (!job.step(store, store, 1000)) {
            Thread.onSpinWait();
        }
        return job.edit();
    }

    /** Result code of a look-up through a large cache. */
    int find(final IndexVersion version, final long lba, final Found found) {
        final BlockCache cache = new BlockCache(4);
        final byte[] block = new byte[4080];
        int result = version.find(lba, found, cache);
        while (result == Lookup.NEED_BLOCK) {
            store.load(found.kind, found.tableId, found.ordinal, found.generation, found.slot, block);
            result = version.resume(lba, found, cache, block);
        }
        return result;
    }

    static IndexVersion version(final Table... tables) {
        return IndexVersion.of(List.of(tables));
    }
}
