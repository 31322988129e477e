package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.BlockSource;
import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.lsm.BlockLoader;

/** Loads and authenticates object blocks synchronously, for opening, verifying and info. Control plane. */
final class VerifiedReader implements BlockLoader {
    private final BlockSource source;
    private final Geometry geometry;
    private final SegmentTable table;
    private final BlockSealer sealer;
    private final SessionKeys keys;
    private final byte[] sealed = new byte[Geometry.BLOCK_BYTES];

    VerifiedReader(final BlockSource source, final Geometry geometry, final SegmentTable table,
        final BlockSealer sealer,
                   final SessionKeys keys) {
        this.source = source;
        this.geometry = geometry;
        this.table = table;
        this.sealer = sealer;
        this.keys = keys;
    }

    @Override
    public void load(final int kind, final long objectId, final int ordinal, final long generation, final int slot,
                     final byte[] target4080) {
        final int segment = table.segmentOf(generation);
        final String what = ObjectKind.describe(kind) + " " + objectId + " block " + ordinal;
        if (segment < 0 || !geometry.contains(segment, slot)) {
            throw StorageException.integrity(what + " is said to be at generation " + generation + " slot " + slot
                + ", which is no place of this volume");
        }
        final String place = " (segment " + segment + " slot " + slot + ", block " + geometry.blockOf(segment, slot)
            + ")";
        if (!source.read(geometry.blockOf(segment, slot), 1, sealed, 0)) {
            throw StorageException.io(what + place + " cannot be read: " + source.lastError());
        }
        final AeadKey key = keys.key(table.session(segment));
        if (key == null || !sealer.openBlock(key, kind, objectId, ordinal, generation, slot, sealed, target4080)) {
            throw StorageException.integrity(what + place + " does not verify: it is damaged or was tampered with");
        }
    }
}
