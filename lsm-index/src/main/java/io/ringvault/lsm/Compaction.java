package io.ringvault.lsm;

import java.util.ArrayList;
import java.util.List;

/**
 * What to merge, as {@link CompactionPolicy} decided. Immutable.
 *
 * @param runs inputs, newest first; the tables of one run are disjoint and in key order
 * @param outputLevel where the result goes
 * @param lastLevel whether nothing older lies below the inputs' keys, so that trims vanish
 * @param cuts LBAs that no output table may span, rising
 * @param move whether the one input goes to the output level as it is, without a block being written
 * @param maxTableBlocks blocks after which an output table is finished
 */
public record Compaction(List<List<Table>> runs, int outputLevel, boolean lastLevel, long[] cuts, boolean move,
    int maxTableBlocks) {
    public Compaction {
        runs = runs.stream().map(List::copyOf).toList();
        cuts = cuts.clone();
    }

    /** All input tables, newest first. */
    public List<Table> inputs() {
        final List<Table> inputs = new ArrayList<>();
        runs.forEach(inputs::addAll);
        return inputs;
    }

    /** The edit of a {@link #move}: the table is dropped and added again in its new level; no count changes. */
    public IndexEdit moveEdit() {
        if (!move) {
            throw new IllegalStateException("this compaction needs a MergeJob");
        }
        final Table table = runs.getFirst().getFirst();
        return new IndexEdit(List.of(table.atLevel(outputLevel)), List.of(table.id()), null, new GenerationCounts(), 0);
    }
}
