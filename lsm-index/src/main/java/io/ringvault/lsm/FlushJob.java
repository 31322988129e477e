package io.ringvault.lsm;

import io.ringvault.log.ObjectReader;
import io.ringvault.log.ObjectSink;

import java.util.List;
import java.util.function.LongSupplier;

/**
 * Writes a frozen memtable as tables of level 0, with disjoint keys. Sorts first, in the same bounded steps. Runs on
 * the index agent's thread; the oldest frozen memtable goes first. The delta of its edit is also what the memtable
 * itself referred to.
 */
public final class FlushJob {
    private final Memtable memtable;
    private final RecordSort sort;
    private final LongSupplier tableIds;
    private final int maxTableBlocks;
    private final long[] cuts;
    private MergeJob merge;

    /**
     * @param frozen the memtable; it must stay as it is until the edit is published
     * @param tableIds gives the ids of the output tables, each once
     * @param maxTableBlocks record and range blocks after which a table ends
     * @param cuts LBAs that no table may span, rising: {@link CompactionPolicy#cutsFor}, or empty
     */
    public FlushJob(final Memtable frozen, final LongSupplier tableIds, final int maxTableBlocks, final long[] cuts) {
        if (!frozen.isFrozen()) {
            throw new IllegalArgumentException("only a frozen memtable can be flushed");
        }
        memtable = frozen;
        sort = new RecordSort(frozen);
        this.tableIds = tableIds;
        this.maxTableBlocks = maxTableBlocks;
        this.cuts = cuts.clone();
    }

    /** As {@link MergeJob#step}. */
    public boolean step(final ObjectSink sink, final ObjectReader reader, final int budgetRecords) {
        if (merge == null) {
            if (!sort.step(budgetRecords)) {
                return false;
            }
            final MergeInput[] inputs = {new MemtableInput(memtable, sort)};
            merge = new MergeJob(inputs, List.of(), memtable, 0, false, cuts, maxTableBlocks, tableIds);
        }
        return merge.step(sink, reader, budgetRecords);
    }

    /** The change to record, once {@link #step} said true; empty of tables when the memtable held nothing. */
    public IndexEdit edit() {
        if (merge == null) {
            throw new IllegalStateException("the flush has not finished");
        }
        return merge.edit();
    }
}
