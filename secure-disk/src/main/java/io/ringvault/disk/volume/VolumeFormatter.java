package io.ringvault.disk.volume;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.disk.engine.SessionIdentity;
import io.ringvault.disk.engine.SpaceReserves;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.CommitId;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.KeySlot;
import io.ringvault.log.KeySlots;
import io.ringvault.log.QueueBlockStore;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SessionSalt;
import io.ringvault.log.SessionTable;
import io.ringvault.log.Superblock;
import io.ringvault.log.VolumeHeader;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Memtable;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Chooses the shape of a new volume and writes it. Control plane. */
public final class VolumeFormatter {
    private static final int SEGMENTS_WANTED = 1024;
    private static final int SEGMENT_BLOCKS_MIN = 128;
    private static final int SEGMENT_BLOCKS_MAX = 1024;
    private static final int OVER_PROVISION_PERCENT = 10;

    private VolumeFormatter() {
    }

    /**
     * A segment size that gives about a thousand segments: small volumes need small reserves, and very large
     * ones must not have more segments than a checkpoint can list.
     */
    public static int defaultSegmentBlocks(final long userBlocks) {
        final long wanted = Long.highestOneBit(Math.max(1, userBlocks / SEGMENTS_WANTED));
        int blocks = Math.clamp(wanted, SEGMENT_BLOCKS_MIN, SEGMENT_BLOCKS_MAX);
        while (userBlocks / blocks > Geometry.MAX_SEGMENTS / 2 && blocks < Geometry.MAX_SEGMENT_BLOCKS) {
            blocks *= 2;
        }
        return blocks;
    }

    /** Blocks of user data that a segment holds when its chunks are full. */
    static long dataBlocksPerSegment(final int segmentBlocks, final int chunkDataBlocks) {
        final int usable = segmentBlocks - 1;
        final int perChunk = Math.min(chunkDataBlocks, usable - 1);
        return usable - (usable + perChunk) / (perChunk + 1);
    }

    /** Bytes that a device needs for so much user data: with over-provisioning and all reserves. */
    public static long deviceBytesFor(final long userBlocks, final int segmentBlocks, final EngineConfig config) {
        final long userSegments = (userBlocks + dataBlocksPerSegment(segmentBlocks, config.chunkDataBlocks) - 1)
            / dataBlocksPerSegment(segmentBlocks, config.chunkDataBlocks);
        final long overProvision = (userSegments * OVER_PROVISION_PERCENT + 99) / 100;
        long spare = Math.max(overProvision, Geometry.MIN_SEGMENTS - userSegments);
        for (int round = 0; round < 3; round++) {
            final long volumeBlocks = Geometry.RESERVED_BLOCKS + (userSegments + spare) * segmentBlocks;
            final Geometry guess = Geometry.forDevice(volumeBlocks * Geometry.BLOCK_BYTES, segmentBlocks,
                Math.min(userBlocks, (userSegments + spare) * (segmentBlocks - 2L) - 1));
            spare = Math.max(spare, overProvision + SpaceReserves.of(guess, config).spareSegments());
        }
        return (Geometry.RESERVED_BLOCKS + (userSegments + spare) * segmentBlocks) * Geometry.BLOCK_BYTES;
    }

    /** The most user blocks that fit a device of a fixed size; 0 when it is too small for any. */
    public static long userBlocksFor(final long deviceBytes, final int segmentBlocks, final EngineConfig config) {
        long least = 0;
        long most = deviceBytes / Geometry.BLOCK_BYTES;
        while (least < most) {
            final long middle = (least + most + 1) / 2;
            if (deviceBytesFor(middle, segmentBlocks, config) <= deviceBytes) {
                least = middle;
            } else {
                most = middle - 1;
            }
        }
        return least;
    }

    /**
     * Writes a new, empty volume. The headers come last, so an interrupted format is no volume.
     *
     * @param secret   opens the first key slot; stays the caller's to close
     * @param kdf      when it is a passphrase
     * @param force    overwrite what is there
     * @return the volume id
     */
    public static Header format(final BlockDevice device, final KeySecret secret, final KdfParameters kdf,
        final long userBlocks,
        final int segmentBlocks,
                                final EngineConfig config, final AnchorFactory anchors, final boolean force,
                                final RandomSource random, final AeadProvider aead) {
        final Geometry geometry = Geometry.forDevice(device.sizeBytes(), segmentBlocks, userBlocks);
        final long needed = deviceBytesFor(userBlocks, segmentBlocks, config);
        if (needed > device.sizeBytes()) {
            throw StorageException.configuration("a volume of " + userBlocks * Geometry.BLOCK_BYTES
                + " bytes needs a device of "
                + needed + " bytes (segments of " + segmentBlocks
                + " blocks, over-provisioning and reserves included); "
                + device.uri() + " has " + device.sizeBytes());
        }
        try (QueueBlockStore store = QueueBlockStore.open(device);
            VolumeKey volumeKey = VolumeKey.draw(1, random)) {
            if (!force) {
                refuseContent(store, geometry, device.uri());
            }
            final byte[] volumeId = random.bytes(VolumeKey.VOLUME_ID_BYTES);
            final List<KeySlot> slots = new ArrayList<>();
            slots.add(KeySlots.create(secret, kdf, volumeKey, volumeId, random));
            while (slots.size() < Header.KEY_SLOTS) {
                slots.add(KeySlot.NOTHING);
            }
            final Header header = new Header(VolumeKey.CIPHER_AES_256_GCM, volumeId, geometry, volumeKey.number(), 1,
                volumeKey.checkValue(volumeId), slots);
            eraseHeaders(store, geometry);
            final Anchor anchor = anchors.create(volumeKey, volumeId);
            try (anchor) {
                writeState(store, header, volumeKey, anchor, config, random, aead);
            }
            VolumeHeader.store(store, header);
            store.flush();
            return header;
        }
    }

    /** Makes the anchor of a new volume. */
    public interface AnchorFactory {
        Anchor create(VolumeKey volumeKey, byte[] volumeId);
    }

    private static void writeState(final QueueBlockStore store, final Header header, final VolumeKey volumeKey,
        final Anchor anchor, final EngineConfig config, final RandomSource random, final AeadProvider aead) {
        final BlockSealer sealer = new BlockSealer(aead.create());
        final byte[] salt = SessionSalt.draw(volumeKey, 2, 0, random);
        final SessionIdentity session = new SessionIdentity(1, salt, header.volumeId());
        final SegmentTable table = new SegmentTable(header.geometry().segmentCount());
        table.markAllDirty();
        final SessionKeys keys = new SessionKeys(volumeKey, header.volumeId(), sealer.aead(), SessionTable.EMPTY);
        final Superblock.Builder slot = new Superblock.Builder(header.geometry()).volumeKeyNumber(volumeKey.number())
            .session(1, salt).closedCleanly(true).anchor(anchor.kind(), anchor.id(), anchor.kind() == Anchor.KIND_NONE
            ? ""
                : anchor.spec());
        final AnchorValue value = anchor.read();
        if (value != null) {
            slot.lastAnchored(value);
        }
        try (Memtable empty = new Memtable(1, 2, generation -> { })) {
            SessionStart.publish(store, header, volumeKey, sealer, table, keys, IndexVersion.empty(), empty, null,
                new CommitId(0, 0, 0, 0), session, 1, 1, slot, 1, new BitSet(), config,
                random);
        } finally {
            keys.destroy();
        }
    }

    private static void refuseContent(final QueueBlockStore store, final Geometry geometry, final String uri) {
        final byte[] block = new byte[Geometry.BLOCK_BYTES];
        for (int which = 0; which < 2; which++) {
            if (!store.read(geometry.headerBlock(which), 1, block, 0)) {
                throw StorageException.io(uri + ": block " + geometry.headerBlock(which) + " cannot be read: "
                    + store.lastError());
            }
            if (HeaderCodec.hasMagic(block)) {
                throw StorageException.configuration(uri + " already holds a Ringvault volume; nothing was written."
                    + " Say --force to destroy it");
            }
            for (final byte each : block) {
                if (each != 0) {
                    throw StorageException.configuration(uri + " is not empty (block " + geometry.headerBlock(which)
                        + " holds data); nothing was written. Say --force to overwrite it");
                }
            }
        }
    }

    private static void eraseHeaders(final QueueBlockStore store, final Geometry geometry) {
        final byte[] zeros = new byte[Geometry.BLOCK_BYTES];
        for (int which = 0; which < 2; which++) {
            store.write(geometry.headerBlock(which), 1, zeros, 0, false);
            store.write(geometry.slotBlock(which), 1, zeros, 0, false);
        }
        store.flush();
    }
}
