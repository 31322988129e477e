package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectKind;

/**
 * Recounts a table by reading all of it: recovery of edits after a checkpoint, verification. Control path; allocates
 * one block.
 */
public final class TableCounts {
    private TableCounts() {
    }

    /**
     * Adds {@code sign} for the generation of each PRESENT record of the table, and checks every record and range
     * block on the way.
     *
     * @throws StorageException of the loader, or INTEGRITY naming table and block; the counts are then incomplete
     */
    public static void count(final BlockLoader loader, final Table table, final GenerationCounts counts,
        final int sign) {
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        for (int ordinal = 0; ordinal < table.recordBlocks(); ordinal++) {
            load(loader, table, ordinal, ObjectKind.TABLE_RECORDS, block);
            require(RecordBlockCodec.check(block, table.fence(ordinal), table.spanEnd(ordinal)), table, ordinal);
            add(block, counts, sign);
        }
        for (int ordinal = table.recordBlocks(); ordinal < table.recordBlocks() + table.rangeBlocks(); ordinal++) {
            load(loader, table, ordinal, ObjectKind.TABLE_RANGES, block);
            require(RangeBlockCodec.check(block, table.fence(ordinal), table.spanEnd(ordinal)), table, ordinal);
        }
    }

    /**
     * The same for a table that an edit dropped, or for one who only reads: blocks that cannot be read or make no sense
     * are left out. The merge that dropped the table made LOST ranges of them and subtracted nothing either, so the
     * counts stay above the truth and the volume can be opened.
     */
    public static void countReadable(final BlockLoader loader, final Table table, final GenerationCounts counts,
        final int sign) {
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        for (int ordinal = 0; ordinal < table.recordBlocks(); ordinal++) {
            try {
                load(loader, table, ordinal, ObjectKind.TABLE_RECORDS, block);
                require(RecordBlockCodec.check(block, table.fence(ordinal), table.spanEnd(ordinal)), table, ordinal);
            } catch (final StorageException unreadable) {
                continue;
            }
            add(block, counts, sign);
        }
    }

    private static void add(final byte[] block, final GenerationCounts counts, final int sign) {
        for (int run = 0; run < RecordBlockCodec.runs(block); run++) {
            if (RecordBlockCodec.kind(block, run) == Lookup.FOUND) {
                counts.add(RecordBlockCodec.generation(block, run), (long) sign * RecordBlockCodec.count(block, run));
            }
        }
    }

    private static void load(final BlockLoader loader, final Table table, final int ordinal, final int kind,
        final byte[] block) {
        loader.load(kind, table.id(), ordinal, table.generationOf(ordinal), table.slotOf(ordinal), block);
    }

    private static void require(final String error, final Table table, final int ordinal) {
        if (error != null) {
            throw StorageException.integrity("index table " + table.id() + ", block " + ordinal + ": " + error
                + "; the index is damaged");
        }
    }
}
