package io.ringvault.disk.volume;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.KeySecret;
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
    final int keySlot;
    /** The newest volume key of the header: closes all others with it. */
    private VolumeKey root;
    /** As last written. */
    Header header;
    /** The key that the superblock slots are sealed under; holds the one before while that is needed. */
    VolumeKey volumeKey;
    /** The key to switch to: a rotation was interrupted before both slots were under it; otherwise null. */
    VolumeKey nextKey;
    final Superblocks superblocks;
    Anchor anchor = new NoAnchor();
    final BlockSealer sealer;
    final List<String> warnings;

    private VolumeAccess(final BlockDevice device, final QueueBlockStore store, final Header header,
        final KeySlots.Unlocked unlocked, final AeadProvider aead, final List<String> warnings) {
        this.device = device;
        this.store = store;
        this.header = header;
        this.root = unlocked.key();
        this.keySlot = unlocked.slot();
        this.warnings = warnings;
        this.sealer = new BlockSealer(aead.create());
        superblocks = Superblocks.load(store, header.geometry(), header, root, warnings);
        chooseKeys();
    }

    private void chooseKeys() {
        if (superblocks.current().volumeKeyNumber() == root.number()) {
            volumeKey = root;
            if (root.previous() != null) {
                root.previous().close();
            }
            root.previous(superblocks.previousKey(root, header.volumeId()));
        } else {
            volumeKey = root.previous();
            nextKey = root;
            warnings.add("a rotation of the volume key was interrupted before volume key " + root.number()
                + " was in use; opening for writing goes on with it");
            if (superblocks.current().previousKeyNumber() != 0) {
                throw StorageException.integrity("the header names volume key " + root.number() + " while the slots"
                    + " still need number " + superblocks.current().previousKeyNumber() + ": an older copy of the"
                    + " slots was put in their place");
            }
        }
    }

    /** The present volume key became the one before: what is sealed from now on is sealed under the new one. */
    void rotated(final VolumeKey newKey, final Header newHeader) {
        root = newKey;
        volumeKey = newKey;
        nextKey = null;
        header = newHeader;
    }

    /**
     * Unlocks (protocol rule 23). The device stays the caller's.
     *
     * @param secret         stays the caller's to close
     * @param anchorSpec     null: where the volume says its anchor is
     * @param anchorInstance overrides the spec when not null
     */
    public static VolumeAccess open(final BlockDevice device, final KeySecret secret, final String anchorSpec,
                                    final Anchor anchorInstance, final AeadProvider aead) {
        final VolumeAccess unlocked = openUnanchored(device, secret, aead);
        try {
            // The slots' own key decides what the anchor may be authenticated with, never the header alone.
            unlocked.anchor = unlocked.requiredAnchor(anchorSpec, anchorInstance);
            return unlocked;
        } catch (final RuntimeException failed) {
            unlocked.close();
            throw failed;
        }
    }

    /** As {@link #open}, whatever became of the anchor: only for adoption, which judges it by itself. */
    public static VolumeAccess openUnanchored(final BlockDevice device, final KeySecret secret,
        final AeadProvider aead) {
        final List<String> warnings = new ArrayList<>();
        final QueueBlockStore store = QueueBlockStore.open(device);
        KeySlots.Unlocked unlocked = null;
        try {
            final Header header = VolumeHeader.load(store, warnings);
            unlocked = KeySlots.unlock(header, secret);
            return new VolumeAccess(device, store, header, unlocked, aead, warnings);
        } catch (final RuntimeException failed) {
            if (unlocked != null) {
                unlocked.key().close();
            }
            store.close();
            throw failed;
        }
    }

    /** A key that was drawn and never used is closed with the others (it holds the present one as the one before). */
    void alsoClose(final VolumeKey newKey) {
        root = newKey;
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
            root.close();
            sealer.aead().forgetKeys();
            store.close();
        }
    }
}
