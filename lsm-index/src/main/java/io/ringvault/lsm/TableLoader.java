package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import io.ringvault.log.Geometry;
import io.ringvault.log.ManifestEntry;
import io.ringvault.log.ObjectKind;

/**
 * Brings a table's description back into memory: its head and its fences. Control path (opening a volume); allocates.
 */
public final class TableLoader {
    private TableLoader() {
    }

    /**
     * Loads the head and the fence blocks.
     *
     * @throws StorageException IO or INTEGRITY of the loader; INTEGRITY naming the table when what is stored is out of
     *     range
     */
    public static Table load(final BlockLoader loader, final ManifestEntry entry) {
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        final long id = entry.tableId();
        loader.load(ObjectKind.TABLE_HEAD, id, TableHeadCodec.HEAD_ORDINAL, entry.headGeneration(), entry.headSlot(),
            block);
        final Table.Shape shape = TableHeadCodec.decode(block, id);
        shape.headGeneration = entry.headGeneration();
        shape.headSlot = entry.headSlot();
        shape.level = entry.level();
        final Table table = new Table(shape);
        final int firstFenceBlock = shape.recordBlocks + shape.rangeBlocks;
        for (int i = 0; i < table.fenceBlocks(); i++) {
            final int ordinal = firstFenceBlock + i;
            loader.load(ObjectKind.TABLE_FENCES, id, ordinal, table.generationOf(ordinal), table.slotOf(ordinal),
                block);
            final String error = FenceBlockCodec.decode(block, i, shape.fences);
            if (error != null) {
                throw damaged(id, "fence block " + ordinal, error);
            }
        }
        checkFences(shape);
        return table;
    }

    private static void checkFences(final Table.Shape shape) {
        checkRising(shape, 0, shape.recordBlocks, shape.lastPoint);
        checkRising(shape, shape.recordBlocks, shape.fences.length, shape.lastRange);
        final long firstPoint = shape.recordBlocks == 0 ? Long.MAX_VALUE : shape.fences[0];
        final long firstRange = shape.rangeBlocks == 0 ? Long.MAX_VALUE : shape.fences[shape.recordBlocks];
        if (Math.min(firstPoint, firstRange) != shape.firstLba) {
            throw damaged(shape.id, "fences", "they begin elsewhere than at LBA " + shape.firstLba);
        }
    }

    private static void checkRising(final Table.Shape shape, final int from, final int to, final long last) {
        for (int i = from; i < to; i++) {
            if (i > from && shape.fences[i] <= shape.fences[i - 1] || shape.fences[i] > last) {
                throw damaged(shape.id, "fence " + i, "LBA " + shape.fences[i] + " is out of order");
            }
        }
    }

    private static StorageException damaged(final long id, final String what, final String error) {
        return StorageException.integrity("index table " + id + ", " + what + ": " + error + "; the index is damaged");
    }
}
