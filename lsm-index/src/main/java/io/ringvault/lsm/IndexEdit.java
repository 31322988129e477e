package io.ringvault.lsm;

import java.util.List;

/**
 * One change of the index, atomic: tables that come, tables that go, perhaps a memtable that is now in a table. Drops
 * take effect before adds. Immutable but for {@link #delta()}, which is handed over with it.
 *
 * @param added tables that are new, in key order; each needs one TABLE_ADD cell
 * @param dropped ids of tables that go; each needs one TABLE_DROP cell
 * @param flushed the frozen memtable whose records the added tables hold, or null
 * @param delta exact change of the PRESENT records per generation in tables; never below the truth when a block could
 *     not be read
 * @param lostBlocks index blocks that could not be read and became LOST ranges: to be counted and reported
 */
public record IndexEdit(List<Table> added, List<Long> dropped, Memtable flushed, GenerationCounts delta,
    int lostBlocks) {
    /** Most cells (adds and drops) of one edit, so that it fits one summary. */
    public static final int MAX_CELLS = 100;

    public IndexEdit {
        added = List.copyOf(added);
        dropped = List.copyOf(dropped);
    }

    /** An edit as recovery finds it in the chain. */
    public static IndexEdit recovered(final List<Table> added, final List<Long> dropped, final GenerationCounts delta) {
        return new IndexEdit(added, dropped, null, delta, 0);
    }

    /** Cells that this edit needs in a summary, at most {@link #MAX_CELLS}. */
    public int cells() {
        return added.size() + dropped.size();
    }

    /** Whether there is nothing to record (an empty memtable was flushed). */
    public boolean isEmpty() {
        return cells() == 0;
    }
}
