package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import io.ringvault.log.ManifestEntry;
import io.ringvault.log.ObjectKind;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * One immutable state of the index below the active memtable: frozen memtables, tables of level 0 (both newest first),
 * and deeper levels, whose tables are disjoint and sorted. Published by the index agent with a release store, read by
 * the data agent.
 *
 * <p>A look-up goes from new to old and stops at the first answer. A block that is not cached stops it as well: the
 * caller loads and authenticates that block and goes on where it stopped. If it cannot be loaded, the look-up has
 * failed; nothing older may be used instead.
 */
public final class IndexVersion {
    private static final Memtable[] NO_MEMTABLES = {};

    private final long number;
    private final Memtable[] frozen;
    /** Index 0: newest first. Others: by first LBA, disjoint. */
    private final Table[][] levels;

    private IndexVersion(final long number, final Memtable[] frozen, final Table[][] levels) {
        this.number = number;
        this.frozen = frozen;
        this.levels = levels;
    }

    /** An index without any record. */
    public static IndexVersion empty() {
        return new IndexVersion(1, NO_MEMTABLES, new Table[][] {{}});
    }

    /**
     * The index that a manifest describes.
     *
     * @param tables in manifest order: by level, in level 0 newest first
     * @throws StorageException INTEGRITY when tables of one deeper level overlap or an id occurs twice
     */
    public static IndexVersion of(final List<Table> tables) {
        final int depth = tables.stream().mapToInt(Table::level).max().orElse(0) + 1;
        final List<List<Table>> lists = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            lists.add(new ArrayList<>());
        }
        tables.forEach(table -> lists.get(table.level()).add(table));
        return new IndexVersion(1, NO_MEMTABLES, sorted(lists));
    }

    /** Rises with every new version. */
    public long number() {
        return number;
    }

    /** The same index with one more frozen memtable on top. */
    public IndexVersion withFrozen(final Memtable memtable) {
        if (!memtable.isFrozen()) {
            throw new IllegalArgumentException("only a frozen memtable can become part of a version");
        }
        final Memtable[] more = new Memtable[frozen.length + 1];
        more[0] = memtable;
        System.arraycopy(frozen, 0, more, 1, frozen.length);
        return new IndexVersion(number + 1, more, levels);
    }

    /**
     * The same index after an edit. Tables added to level 0 take the place of the first level-0 table that the edit
     * drops (they hold the same records), or are the newest when it drops none (a flush).
     *
     * @throws StorageException INTEGRITY when the edit drops what is not there, adds an id twice, or makes a level
     *     overlap
     */
    public IndexVersion withEdit(final IndexEdit edit) {
        final List<List<Table>> lists = new ArrayList<>();
        for (final Table[] level : levels) {
            lists.add(new ArrayList<>(Arrays.asList(level)));
        }
        int newest = 0;
        boolean placed = false;
        for (final long id : edit.dropped()) {
            final int at = drop(lists, id);
            if (at >= 0) {
                newest = placed ? Math.min(newest, at) : at;
                placed = true;
            }
        }
        for (final Table table : edit.added()) {
            while (lists.size() <= table.level()) {
                lists.add(new ArrayList<>());
            }
            lists.get(table.level()).add(table.level() == 0 ? newest++ : lists.get(table.level()).size(), table);
        }
        while (lists.size() > 1 && lists.getLast().isEmpty()) {
            lists.removeLast();
        }
        return new IndexVersion(number + 1, withoutFlushed(edit.flushed()), sorted(lists));
    }

    /**
     * Looks an LBA up below the active memtable. Allocates nothing.
     *
     * @param lba the LBA
     * @param cursor the answer; also keeps the position after NEED_BLOCK
     * @return FOUND, TRIMMED, LOST, ABSENT, NEED_BLOCK (the cursor names the block: load, authenticate, insert, call
     * again) or ERROR
     */
    public int find(final long lba, final Found cursor, final BlockCache cache) {
        return search(lba, cursor, cache, null);
    }

    /**
     * Goes on after NEED_BLOCK with the very block that was asked for, whether or not the cache still holds it: every
     * call makes progress, however small the cache and however many look-ups share it.
     */
    public int resume(final long lba, final Found cursor, final BlockCache cache, final byte[] verifiedBlock) {
        return search(lba, cursor, cache, cursor.isAt(number, lba) ? verifiedBlock : null);
    }

    /** All tables as the manifest lists them: by level, then newest first in level 0 and by first LBA elsewhere. */
    public List<ManifestEntry> manifest() {
        final List<ManifestEntry> entries = new ArrayList<>();
        for (final Table[] level : levels) {
            for (final Table table : level) {
                entries.add(table.entry());
            }
        }
        return entries;
    }

    /** Number of levels, 1 or more; level 0 may be empty. */
    public int levelCount() {
        return levels.length;
    }

    /** Tables of a level, in manifest order. */
    public List<Table> tables(final int level) {
        return level < levels.length ? List.of(levels[level]) : List.of();
    }

    /** Every table. */
    public List<Table> tables() {
        final List<Table> all = new ArrayList<>();
        for (final Table[] level : levels) {
            all.addAll(Arrays.asList(level));
        }
        return all;
    }

    /** The table of that id, or null. */
    public Table table(final long id) {
        for (final Table[] level : levels) {
            for (final Table table : level) {
                if (table.id() == id) {
                    return table;
                }
            }
        }
        return null;
    }

    /** Frozen memtables, newest first. */
    public List<Memtable> frozen() {
        return List.of(frozen);
    }

    private int search(final long lba, final Found cursor, final BlockCache cache, final byte[] given) {
        cursor.begin(number, lba);
        for (; cursor.step < frozen.length; cursor.step++) {
            final int result = frozen[cursor.step].find(lba, cursor);
            if (result != Lookup.ABSENT) {
                return cursor.end(result);
            }
        }
        final Table[] newest = levels[0];
        byte[] block = given;
        for (; cursor.step < frozen.length + newest.length; cursor.step++) {
            final int result = searchTable(newest[cursor.step - frozen.length], lba, cursor, cache, block);
            if (result != Lookup.ABSENT) {
                return result == Lookup.NEED_BLOCK ? result : cursor.end(result);
            }
            block = cursor.tableId == 0 ? null : block;
        }
        final int base = frozen.length + newest.length - 1;
        for (; cursor.step < base + levels.length; cursor.step++) {
            final Table table = tableFor(levels[cursor.step - base], lba);
            if (table != null) {
                final int result = searchTable(table, lba, cursor, cache, block);
                if (result != Lookup.ABSENT) {
                    return result == Lookup.NEED_BLOCK ? result : cursor.end(result);
                }
                block = cursor.tableId == 0 ? null : block;
            }
        }
        return cursor.end(Lookup.ABSENT);
    }

    private static int searchTable(final Table table, final long lba, final Found cursor, final BlockCache cache,
        final byte[] given) {
        byte[] block;
        if (!cursor.pointsDone) {
            final int ordinal = table.recordOrdinal(lba);
            if (ordinal >= 0) {
                block = blockFor(table, ordinal, cursor, cache, given);
                if (block == null) {
                    return cursor.need(ObjectKind.TABLE_RECORDS, table, ordinal);
                }
                final int result = RecordBlockCodec.find(block, lba, cursor);
                if (result != Lookup.ABSENT) {
                    return result;
                }
            }
            cursor.pointsDone = true;
        }
        final int ordinal = table.rangeOrdinal(lba);
        if (ordinal >= 0) {
            block = blockFor(table, ordinal, cursor, cache, given);
            if (block == null) {
                return cursor.need(ObjectKind.TABLE_RANGES, table, ordinal);
            }
            final int result = RangeBlockCodec.find(block, lba);
            if (result != Lookup.ABSENT) {
                return result;
            }
        }
        cursor.pointsDone = false;
        return Lookup.ABSENT;
    }

    /** The block that was handed in, if it is this one; else the cache's. */
    private static byte[] blockFor(final Table table, final int ordinal, final Found cursor, final BlockCache cache,
        final byte[] given) {
        if (given != null && cursor.tableId == table.id() && cursor.ordinal == ordinal) {
            cursor.tableId = 0;
            return given;
        }
        return cache.find(table.id(), ordinal);
    }

    private static Table tableFor(final Table[] level, final long lba) {
        int low = 0;
        int high = level.length - 1;
        while (low <= high) {
            final int middle = low + high >>> 1;
            final Table table = level[middle];
            if (lba < table.firstLba()) {
                high = middle - 1;
            } else if (lba > table.lastLba()) {
                low = middle + 1;
            } else {
                return table;
            }
        }
        return null;
    }

    private Memtable[] withoutFlushed(final Memtable flushed) {
        if (flushed == null) {
            return frozen;
        }
        if (frozen.length == 0 || frozen[frozen.length - 1] != flushed) {
            throw new IllegalStateException("the oldest frozen memtable must be flushed first");
        }
        return Arrays.copyOf(frozen, frozen.length - 1);
    }

    /** Removes a table; its position when it was in level 0, else -1. */
    private static int drop(final List<List<Table>> lists, final long id) {
        for (int level = 0; level < lists.size(); level++) {
            final List<Table> list = lists.get(level);
            for (int i = 0; i < list.size(); i++) {
                if (list.get(i).id() == id) {
                    list.remove(i);
                    return level == 0 ? i : -1;
                }
            }
        }
        throw StorageException.integrity("an index edit drops table " + id
            + ", which is not part of the index; the log is damaged");
    }

    private static Table[][] sorted(final List<List<Table>> lists) {
        final Table[][] sorted = new Table[lists.size()][];
        final List<Long> ids = new ArrayList<>();
        for (int i = 0; i < sorted.length; i++) {
            final List<Table> list = lists.get(i);
            if (i > 0) {
                list.sort(Comparator.comparingLong(Table::firstLba));
            }
            for (int j = 0; j < list.size(); j++) {
                ids.add(list.get(j).id());
                if (i > 0 && j > 0 && list.get(j).firstLba() <= list.get(j - 1).lastLba()) {
                    throw StorageException.integrity("level " + i + " of the index would hold overlapping tables: "
                        + list.get(j - 1)
                        + " and " + list.get(j) + "; the index is damaged");
                }
            }
            sorted[i] = list.toArray(Table[]::new);
        }
        if (ids.stream().distinct().count() != ids.size()) {
            throw StorageException.integrity("the index would hold a table twice; the index is damaged");
        }
        return sorted;
    }
}
