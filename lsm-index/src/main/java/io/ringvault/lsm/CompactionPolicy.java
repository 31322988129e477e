package io.ringvault.lsm;

import java.util.ArrayList;
import java.util.List;

/**
 * Decides what to merge next; holds no state but its parameters. Index agent's thread, control path.
 *
 * <p>Leveled: level 0 holds flushed tables that may overlap, deeper levels are disjoint and each may be {@code fanOut}
 * times as large as the one above. Every choice is bounded: at most {@code maxInputTables} tables, so that its edit
 * fits one summary. A table that overlaps too many tables below is first rewritten in place, cut at their borders.
 */
public final class CompactionPolicy {
    /** Most cut LBAs handed to one job. */
    private static final int MAX_CUTS = 40;
    /** Tables of level 0 per step of its trigger that are too many even when they do not overlap. */
    private static final int WIDTH_PER_DEPTH = 8;
    private static final long[] NO_CUTS = {};

    /**
     * Limits; each a parameter so that tests cross every boundary quickly.
     *
     * @param levelZeroTrigger overlapping tables in level 0 that start a compaction, 1 or more
     * @param fanOut size ratio of neighbouring levels, 2 or more
     * @param maxTableBlocks blocks of a table, 1 or more
     * @param levelOneBlocks target size of level 1, in blocks
     * @param maxInputTables tables of one merge, 4..48
     */
    public record Parameters(int levelZeroTrigger, int fanOut, int maxTableBlocks, long levelOneBlocks,
        int maxInputTables) {
        public Parameters {
            if (levelZeroTrigger < 1 || fanOut < 2 || maxTableBlocks < 1 || levelOneBlocks < 1 || maxInputTables < 4
                || maxInputTables > 48) {
                throw new IllegalArgumentException("no such compaction: " + levelZeroTrigger + ", " + fanOut + ", "
                    + maxTableBlocks + ", "
                    + levelOneBlocks + ", " + maxInputTables);
            }
        }

        /** 4 overlapping tables, fan-out 10, tables of 4 MiB, level 1 of 256 MiB, 40 tables. */
        public static Parameters standard() {
            return new Parameters(4, 10, 1024, 65_536, 40);
        }
    }

    private final Parameters parameters;

    public CompactionPolicy(final Parameters parameters) {
        this.parameters = parameters;
    }

    public Parameters parameters() {
        return parameters;
    }

    /** The most urgent compaction, or null when every level is within its bounds. */
    public Compaction next(final IndexVersion version) {
        double best = 1;
        int bestLevel = -1;
        for (int level = 0; level < version.levelCount(); level++) {
            final double score = score(version, level);
            if (score >= best) {
                best = score;
                bestLevel = level;
            }
        }
        return bestLevel < 0 ? null : pick(version, bestLevel);
    }

    /** How full a level is; 1 or more asks for a compaction. */
    public double score(final IndexVersion version, final int level) {
        final List<Table> tables = version.tables(level);
        if (level == 0) {
            final double depth = (double) depth(tables) / parameters.levelZeroTrigger;
            return Math.max(depth, (double) tables.size() / (parameters.levelZeroTrigger * WIDTH_PER_DEPTH));
        }
        return blocks(tables) / (parameters.levelOneBlocks * Math.pow(parameters.fanOut, level - 1));
    }

    /**
     * One step towards a single level, in which every LBA has one record and counts per generation are exact; null
     * when that is reached. For an owner that finds no victim to clean, after it flushed its memtables.
     */
    public Compaction forced(final IndexVersion version) {
        final int target = Math.max(1, version.levelCount() - 1);
        for (int level = 0; level < target; level++) {
            if (!version.tables(level).isEmpty()) {
                return pick(version, level);
            }
        }
        return null;
    }

    /**
     * Writes a table's records anew in its own level, to empty the segments its blocks lie in; null when there is no
     * such table.
     */
    public Compaction rewrite(final IndexVersion version, final long tableId) {
        final Table table = version.table(tableId);
        if (table == null) {
            return null;
        }
        boolean last = !isCoveredBelow(version, table.level(), table.firstLba(), table.lastLba());
        if (table.level() == 0) {
            final List<Table> newest = version.tables(0);
            for (int i = indexOf(newest, tableId) + 1; i < newest.size(); i++) {
                last &= !newest.get(i).overlaps(table.firstLba(), table.lastLba());
            }
        }
        return new Compaction(List.of(List.of(table)), table.level(), last, NO_CUTS, false, parameters.maxTableBlocks);
    }

    /** Where tables written to a level should end, so that none overlaps too many tables of the level below. */
    public long[] cutsFor(final IndexVersion version, final int outputLevel) {
        return cuts(version.tables(outputLevel + 1));
    }

    private Compaction pick(final IndexVersion version, final int level) {
        return level == 0 ? pickNewest(version) : pickFrom(version, level);
    }

    /**
     * The oldest table of level 0 and whatever else fits: a table may come along when every older table that it
     * overlaps does. Those that overlap the chosen ones first, since they save the most.
     */
    private Compaction pickNewest(final IndexVersion version) {
        final List<Table> tables = version.tables(0);
        final boolean[] chosen = new boolean[tables.size()];
        final Table oldest = tables.getLast();
        chosen[tables.size() - 1] = true;
        int count = 1;
        long first = oldest.firstLba();
        long last = oldest.lastLba();
        if (count + overlapping(version.tables(1), first, last).size() > parameters.maxInputTables) {
            return split(version, oldest);
        }
        for (int pass = 0; pass < 2; pass++) {
            for (int i = tables.size() - 2; i >= 0; i--) {
                final Table table = tables.get(i);
                final long newFirst = Math.min(first, table.firstLba());
                final long newLast = Math.max(last, table.lastLba());
                if (!chosen[i] && (pass == 1 || table.overlaps(first, last)) && mayJoin(tables, chosen, i)
                    && count + 1 + overlapping(version.tables(1), newFirst, newLast)
                    .size() <= parameters.maxInputTables) {
                    chosen[i] = true;
                    count++;
                    first = newFirst;
                    last = newLast;
                }
            }
        }
        final List<List<Table>> runs = new ArrayList<>();
        for (int i = 0; i < tables.size(); i++) {
            if (chosen[i]) {
                runs.add(List.of(tables.get(i)));
            }
        }
        return down(version, runs, 0, first, last);
    }

    private static boolean mayJoin(final List<Table> newestFirst, final boolean[] chosen, final int candidate) {
        final Table table = newestFirst.get(candidate);
        for (int i = candidate + 1; i < newestFirst.size(); i++) {
            if (!chosen[i] && newestFirst.get(i).overlaps(table.firstLba(), table.lastLba())) {
                return false;
            }
        }
        return true;
    }

    /**
     * The table with the least to rewrite below it, one with ranges before others (they free space), and small
     * neighbours with it.
     */
    private Compaction pickFrom(final IndexVersion version, final int level) {
        final List<Table> tables = version.tables(level);
        final List<Table> below = version.tables(level + 1);
        int best = 0;
        double bestCost = Double.MAX_VALUE;
        for (int i = 0; i < tables.size(); i++) {
            final Table table = tables.get(i);
            final double overlap = blocks(overlapping(below, table.firstLba(), table.lastLba()));
            final double cost = overlap / table.blocks() - (table.ranges() > 0 && overlap > 0 ? parameters.fanOut * 2
                : 0);
            if (cost < bestCost) {
                bestCost = cost;
                best = i;
            }
        }
        final Table table = tables.get(best);
        final List<Table> run = new ArrayList<>(List.of(table));
        final long first = table.firstLba();
        long last = table.lastLba();
        if (1 + overlapping(below, first, last).size() > parameters.maxInputTables) {
            return split(version, table);
        }
        for (int i = best + 1; i < tables.size() && isSmall(tables.get(i)); i++) {
            final long newLast = tables.get(i).lastLba();
            if (run.size() + 1 + overlapping(below, first, newLast).size() > parameters.maxInputTables) {
                break;
            }
            run.add(tables.get(i));
            last = newLast;
        }
        return down(version, List.of(run), level, first, last);
    }

    private Compaction down(final IndexVersion version, final List<List<Table>> upper, final int level,
        final long first, final long last) {
        final List<Table> below = overlapping(version.tables(level + 1), first, last);
        long lowest = first;
        long highest = last;
        for (final Table table : below) {
            lowest = Math.min(lowest, table.firstLba());
            highest = Math.max(highest, table.lastLba());
        }
        final boolean lastLevel = !isCoveredBelow(version, level + 1, lowest, highest);
        final List<List<Table>> runs = new ArrayList<>(upper);
        if (!below.isEmpty()) {
            runs.add(below);
        }
        final boolean single = runs.size() == 1 && runs.getFirst().size() == 1;
        final boolean move = single && !isSmall(runs.getFirst().getFirst())
            && !(lastLevel && holdsTrims(runs.getFirst().getFirst()))
            && overlapping(version.tables(level + 2), first, last).size() < parameters.maxInputTables;
        return new Compaction(runs, level + 1, lastLevel, within(cuts(version.tables(level + 2)), lowest, highest),
            move,
            parameters.maxTableBlocks);
    }

    /** Rewrites a table in its place, cut where tables of the level below begin. */
    private Compaction split(final IndexVersion version, final Table table) {
        final List<Table> below = overlapping(version.tables(table.level() + 1), table.firstLba(), table.lastLba());
        return new Compaction(List.of(List.of(table)), table.level(), false, cuts(below), false,
            parameters.maxTableBlocks);
    }

    private long[] cuts(final List<Table> below) {
        final int every = Math.max(parameters.maxInputTables / 2, (below.size() + MAX_CUTS - 1) / MAX_CUTS);
        final int count = below.isEmpty() ? 0 : (below.size() - 1) / every;
        final long[] cuts = new long[count];
        for (int i = 0; i < count; i++) {
            cuts[i] = below.get((i + 1) * every).firstLba();
        }
        return cuts;
    }

    private static long[] within(final long[] cuts, final long first, final long last) {
        return java.util.Arrays.stream(cuts).filter(cut -> cut > first && cut <= last).toArray();
    }

    private boolean isSmall(final Table table) {
        return table.blocks() * 2 < parameters.maxTableBlocks;
    }

    private static boolean holdsTrims(final Table table) {
        return table.ranges() > 0 || table.presentRecords() < table.records();
    }

    private static boolean isCoveredBelow(final IndexVersion version, final int level, final long first,
        final long last) {
        for (int below = level + 1; below < version.levelCount(); below++) {
            if (!overlapping(version.tables(below), first, last).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private static List<Table> overlapping(final List<Table> tables, final long first, final long last) {
        final List<Table> overlapping = new ArrayList<>();
        for (final Table table : tables) {
            if (table.overlaps(first, last)) {
                overlapping.add(table);
            }
        }
        return overlapping;
    }

    /** Most tables over one LBA. */
    private static int depth(final List<Table> tables) {
        int depth = 0;
        for (final Table table : tables) {
            int over = 0;
            for (final Table other : tables) {
                over += other.firstLba() <= table.firstLba() && other.lastLba() >= table.firstLba() ? 1 : 0;
            }
            depth = Math.max(depth, over);
        }
        return depth;
    }

    private static long blocks(final List<Table> tables) {
        long blocks = 0;
        for (final Table table : tables) {
            blocks += table.blocks();
        }
        return blocks;
    }

    private static int indexOf(final List<Table> tables, final long id) {
        int index = 0;
        while (tables.get(index).id() != id) {
            index++;
        }
        return index;
    }
}
