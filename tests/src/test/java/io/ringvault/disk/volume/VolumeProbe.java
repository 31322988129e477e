package io.ringvault.disk.volume;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.KeySecret;
import io.ringvault.disk.engine.EngineProbe;
import io.ringvault.log.Anchor;
import io.ringvault.log.Geometry;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.Superblocks;
import io.ringvault.lsm.BlockCache;
import io.ringvault.lsm.Found;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Lookup;
import io.ringvault.lsm.Memtable;
import io.ringvault.lsm.Table;
import io.ringvault.tests.oracle.VolumeView;

/** Reads the metadata of volumes, as recovery finds it and as a running engine knows it. Writes nothing. */
public final class VolumeProbe {
    private final VerifiedReader reader;
    private final BlockCache cache = new BlockCache(64);
    private final Found found = new Found();

    private VolumeProbe(final VerifiedReader reader) {
        this.reader = reader;
    }

    /** What recovery makes of the image; the device is used up. */
    public static VolumeView replayed(final BlockDevice device, final byte[] key, final Anchor anchor,
        final AeadProvider aead, final long windowBytes, final boolean readOnly) {
        return read(device, key, anchor, aead, windowBytes, readOnly, null);
    }

    /**
     * What the running engine knows.
     *
     * @param device an independent device with the same content, for the index blocks that are not in memory
     */
    public static VolumeView live(final EngineProbe engine, final BlockDevice device, final byte[] key,
        final Anchor anchor, final AeadProvider aead, final long windowBytes) {
        return read(device, key, anchor, aead, windowBytes, true, engine);
    }

    /** Both superblock slots; the device is used up. */
    public static Superblocks superblocks(final BlockDevice device, final byte[] key, final Anchor anchor,
        final AeadProvider aead) {
        try (VolumeAccess access = VolumeAccess.open(device, KeySecret.key(key.clone()),
            anchor == null ? "none" : null, anchor, aead)) {
            return access.superblocks;
        }
    }

    private static VolumeView read(final BlockDevice device, final byte[] key, final Anchor anchor,
        final AeadProvider aead, final long windowBytes, final boolean readOnly, final EngineProbe engine) {
        final VolumeAccess access = VolumeAccess.open(device, KeySecret.key(key.clone()),
            anchor == null ? "none" : null, anchor, aead);
        try {
            final VolumeState state = VolumeReplay.replay(access, readOnly, windowBytes);
            try {
                final Geometry geometry = access.header.geometry();
                final SegmentTable table = engine == null ? state.table() : engine.table();
                final VolumeProbe probe = new VolumeProbe(
                    new VerifiedReader(access.store, geometry, table, access.sealer, state.keys()));
                final VolumeView view = new VolumeView((int) geometry.userBlocks(), table.segmentCount());
                probe.segments(view, table);
                probe.blocks(view, engine == null ? state.index() : engine.version(),
                    engine == null ? state.memtable() : engine.active());
                probe.tables(view, engine == null ? state.index() : engine.version());
                if (engine == null) {
                    state.directory().forEachBlock((generation, count) -> view.checkpointBlocks.merge(generation,
                        count, Integer::sum));
                }
                return view;
            } finally {
                state.keys().destroy();
                state.memtable().close();
            }
        } finally {
            access.close();
        }
    }

    private void segments(final VolumeView view, final SegmentTable table) {
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            view.state[segment] = table.state(segment);
            view.holds[segment] = table.generation(segment);
            // The end of an index segment is known when it is finished, and nobody needs it.
            view.endSlot[segment] = table.purpose(segment) == SegmentPurpose.OBJECT ? Integer.MAX_VALUE
                : table.endSlot(segment);
            view.references[segment] = table.tableRefs(segment) + (long) table.memRefs(segment);
        }
    }

    private void blocks(final VolumeView view, final IndexVersion version, final Memtable active) {
        for (int lba = 0; lba < view.generation.length; lba++) {
            found.reset();
            int code = active.find(lba, found);
            if (code == Lookup.ABSENT) {
                found.reset();
                code = find(version, lba);
            }
            if (code == Lookup.FOUND) {
                view.generation[lba] = found.generation;
                view.slot[lba] = found.slot;
                view.tag0[lba] = found.tag0;
                view.tag1[lba] = found.tag1;
            } else if (code == Lookup.LOST) {
                view.generation[lba] = -1;
            } else if (code == Lookup.ERROR) {
                throw StorageException.integrity("LBA " + lba + " cannot be looked up");
            }
        }
    }

    private int find(final IndexVersion version, final long lba) {
        int code = version.find(lba, found, cache);
        while (code == Lookup.NEED_BLOCK) {
            final byte[] block = new byte[Geometry.SEALED_BYTES];
            reader.load(found.kind, found.tableId, found.ordinal, found.generation, found.slot, block);
            cache.insert(found.tableId, found.ordinal, block);
            code = version.resume(lba, found, cache, block);
        }
        return code;
    }

    private void tables(final VolumeView view, final IndexVersion version) {
        for (final Table each : version.tables()) {
            for (int ordinal = 0; ordinal < each.recordBlocks() + each.rangeBlocks(); ordinal++) {
                view.tableBlocks.add(new long[] {each.generationOf(ordinal), each.slotOf(ordinal)});
            }
            view.tableBlocks.add(new long[] {each.headGeneration(), each.headSlot()});
        }
    }
}
