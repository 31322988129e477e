package io.ringvault.disk.volume;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.Anchors;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Header;
import io.ringvault.log.KeySlots;
import io.ringvault.log.NoAnchor;
import io.ringvault.log.QueueBlockStore;
import io.ringvault.log.Superblock;
import io.ringvault.log.Superblocks;
import io.ringvault.log.VolumeHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A volume that was unlocked but not yet recovered: header, volume key, superblock slots, anchor. Reads only. Control
 * plane.
 */
public final class VolumeAccess implements AutoCloseable {
    final BlockDevice device;
    final QueueBlockStore store;
    final Header header;
    final VolumeKey volumeKey;
    final Superblocks superblocks;
    final Anchor anchor;
    final BlockSealer sealer;
    final List<String> warnings;

    private VolumeAccess(final BlockDevice device, final QueueBlockStore store, final Header header,
        final VolumeKey volumeKey,
                         final Superblocks superblocks, final Anchor anchor, final BlockSealer sealer,
                         final List<String> warnings) {
        this.device = device;
        this.store = store;
        this.header = header;
        this.volumeKey = volumeKey;
        this.superblocks = superblocks;
        this.anchor = anchor;
        this.sealer = sealer;
        this.warnings = warnings;
    }

    /**
     * Unlocks (protocol rule 23). The device stays the caller's.
     *
     * @param keyBytes       stay the caller's to zero
     * @param anchorSpec     null: where the volume says its anchor is
     * @param anchorInstance overrides the spec when not null
     */
    public static VolumeAccess open(final BlockDevice device, final byte[] keyBytes, final String anchorSpec,
                                    final Anchor anchorInstance, final AeadProvider aead) {
        final VolumeAccess unlocked = openUnanchored(device, keyBytes, aead);
        try {
            return new VolumeAccess(device, unlocked.store, unlocked.header, unlocked.volumeKey, unlocked.superblocks,
                unlocked.requiredAnchor(anchorSpec, anchorInstance), unlocked.sealer, unlocked.warnings);
        } catch (final RuntimeException failed) {
            unlocked.close();
            throw failed;
        }
    }

    /** As {@link #open}, whatever became of the anchor: only for adoption, which judges it by itself. */
    public static VolumeAccess openUnanchored(final BlockDevice device, final byte[] keyBytes,
        final AeadProvider aead) {
        final List<String> warnings = new ArrayList<>();
        final QueueBlockStore store = QueueBlockStore.open(device);
        VolumeKey key = null;
        try {
            final Header header = VolumeHeader.load(store, warnings);
            key = KeySlots.unlock(header, keyBytes);
            final Superblocks superblocks = Superblocks.load(store, header.geometry(), header, key, warnings);
            return new VolumeAccess(device, store, header, key, superblocks, new NoAnchor(),
                new BlockSealer(aead.create()), warnings);
        } catch (final RuntimeException failed) {
            if (key != null) {
                key.close();
            }
            store.close();
            throw failed;
        }
    }

    /** Nothing more is read or written this way: gives the queue back, which a device may have only one of. */
    public void closeStore() {
        store.close();
    }

    /**
     * The anchor that the current slot requires, and no other.
     *
     * @throws StorageException FRESHNESS when it is missing, damaged or another one; IO when it cannot be reached
     */
    Anchor requiredAnchor(final String anchorSpec, final Anchor anchorInstance) {
        final Superblock current = superblocks.current();
        if (anchorInstance == null) {
            final String spec = anchorSpec != null ? anchorSpec : current.anchorSpec();
            return Anchors.open(spec, volumeKey, header.volumeId(), current.anchorId());
        }
        if (anchorInstance.kind() != current.anchorKind() || !Arrays.equals(anchorInstance.id(), current.anchorId())) {
            throw StorageException.freshness("the anchor that was given (" + anchorInstance.spec()
                + ") is not the one that the volume requires: " + Anchors.kindText(current.anchorKind()) + " "
                + current.anchorSpec());
        }
        return anchorInstance;
    }

    @Override
    public void close() {
        try {
            anchor.close();
        } finally {
            volumeKey.close();
            store.close();
        }
    }
}
