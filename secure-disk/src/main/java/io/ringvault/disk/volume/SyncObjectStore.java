package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import io.ringvault.disk.engine.SessionIdentity;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.BlockStore;
import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectReader;
import io.ringvault.log.ObjectSink;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;

/**
 * Writes objects while a volume is being opened or formatted, before any agent runs: one block after the other, into
 * FREE segments; reads the blocks of tables for merges. Control plane.
 */
final class SyncObjectStore implements ObjectSink, ObjectReader {
    private final BlockStore store;
    private final Geometry geometry;
    private final SegmentTable table;
    private final BlockSealer sealer;
    private final AeadKey sessionKey;
    private final SessionIdentity session;
    private final byte[] sealed = new byte[Geometry.BLOCK_BYTES];
    private int segment = -1;
    private long generation;
    private int slot;
    private long nextGeneration;
    private final VerifiedReader reader;
    private int lastSlot;

    SyncObjectStore(final BlockStore store, final Geometry geometry, final SegmentTable table, final BlockSealer sealer,
                    final AeadKey sessionKey, final SessionKeys keys, final SessionIdentity session,
                    final long nextGeneration) {
        this.store = store;
        this.geometry = geometry;
        this.table = table;
        this.sealer = sealer;
        this.sessionKey = sessionKey;
        this.session = session;
        this.nextGeneration = nextGeneration;
        this.reader = new VerifiedReader(store, geometry, table, sealer, keys);
    }

    long nextGeneration() {
        return nextGeneration;
    }

    /** Opens a segment of the given purpose; it stays ANNOUNCED. */
    int announce(final int purpose) {
        final int free = table.nextFree();
        if (free < 0) {
            throw new StorageException(StorageException.Category.OUT_OF_SPACE,
                "no free segment is left to open the volume: "
                + table.count(SegmentState.QUARANTINED) + " are quarantined, " + table.count(SegmentState.CLOSED)
                + " in use of " + table.segmentCount() + "; open it read-only and copy the data to a larger volume");
        }
        if (nextGeneration > SegmentTable.MAX_GENERATION) {
            throw StorageException.integrity("the checkpoint says that all " + SegmentTable.MAX_GENERATION
                + " generations of segments are used up, which no volume lives to see; open it read-only and copy the"
                + " data to a new volume");
        }
        table.announce(free, nextGeneration++, session.id(), purpose);
        return free;
    }

    /** Closes the segment that is being written. */
    void close() {
        if (segment >= 0) {
            table.advance(segment, slot, 0);
            table.close(segment);
            segment = -1;
        }
    }

    @Override
    public int available() {
        return geometry.segmentBlocks() - 1;
    }

    @Override
    public void append(final int kind, final long objectId, final int ordinal, final byte[] plain4080) {
        if (segment < 0 || slot == geometry.segmentBlocks()) {
            close();
            segment = announce(SegmentPurpose.OBJECT);
            table.open(segment);
            generation = table.generation(segment);
            new PrefaceCodec().encode(generation, session.id(), session.salt(), session.volumeId(),
                SegmentPurpose.OBJECT, sealed, 0);
            store.write(geometry.blockOf(segment, 0), 1, sealed, 0, false);
            slot = 1;
        }
        sealer.sealBlock(sessionKey, kind, objectId, ordinal, generation, slot, plain4080, sealed);
        store.write(geometry.blockOf(segment, slot), 1, sealed, 0, false);
        lastSlot = slot++;
    }

    @Override
    public long lastGeneration() {
        return generation;
    }

    @Override
    public int lastSlot() {
        return lastSlot;
    }

    @Override
    public int lastSegment() {
        return segment;
    }

    @Override
    public long lastSession() {
        return session.id();
    }

    /** Reads at once; throws IO or INTEGRITY when the block cannot be had. */
    @Override
    public int start(final int kind, final long objectId, final int ordinal, final long fromGeneration,
        final int fromSlot, final byte[] target4080) {
        reader.load(kind, objectId, ordinal, fromGeneration, fromSlot, target4080);
        return 0;
    }

    @Override
    public int state(final int ticket) {
        return READY;
    }
}
