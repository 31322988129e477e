package io.ringvault.disk.volume;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.RandomSource;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.KeySlot;
import io.ringvault.log.KeySlots;
import io.ringvault.log.QueueBlockStore;
import io.ringvault.log.Superblocks;
import io.ringvault.log.VolumeHeader;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes key slots, and takes and puts back copies of the header, on a volume that nobody has open (the device was
 * opened for writing, which holds its lock). Control plane.
 *
 * <p>Crash: a change is one header with a rising serial, written to copy B, durable, then to copy A: after a crash
 * anywhere the header is the one before or the new one, and opens. A slot under the volume key is checked first, so
 * that no edit is based on a header that does not belong to the volume.
 */
public final class HeaderEditor implements AutoCloseable {
    private final QueueBlockStore store;
    private final List<String> warnings = new ArrayList<>();
    private Header header;

    public HeaderEditor(final BlockDevice device) {
        store = QueueBlockStore.open(device);
    }

    /** What was noticed. */
    public List<String> warnings() {
        return warnings;
    }

    /** The header, read anew. */
    public Header load() {
        header = VolumeHeader.load(store, warnings);
        return header;
    }

    /** A slot for a further secret; its number. */
    public int add(final KeySecret present, final KeySecret fresh, final KdfParameters kdf, final RandomSource random) {
        try (KeySlotsKey unlocked = unlock(present)) {
            for (int i = 0; i < Header.KEY_SLOTS; i++) {
                if (header.keySlots().get(i).state() == KeySlot.EMPTY) {
                    refuseDuplicate(fresh, -1);
                    write(header.withKeySlot(i, slot(unlocked, fresh, kdf, random)));
                    return i;
                }
            }
            throw StorageException.configuration("all " + Header.KEY_SLOTS
                + " key slots are in use; remove one first ('ringvault key list' shows them)");
        }
    }

    /** Replaces the secret of the slot that {@code present} opens; its number. */
    public int change(final KeySecret present, final KeySecret fresh, final KdfParameters kdf,
        final RandomSource random) {
        try (KeySlotsKey unlocked = unlock(present)) {
            refuseDuplicate(fresh, unlocked.slot);
            write(header.withKeySlot(unlocked.slot, slot(unlocked, fresh, kdf, random)));
            return unlocked.slot;
        }
    }

    /**
     * Empties a slot.
     *
     * @param force allows to empty the last one, or the one that {@code present} opens
     */
    public void remove(final KeySecret present, final int slot, final boolean force) {
        try (KeySlotsKey unlocked = unlock(present)) {
            if (slot < 0 || slot >= Header.KEY_SLOTS || header.keySlots().get(slot).state() == KeySlot.EMPTY) {
                throw StorageException.configuration("key slot " + slot + " is not in use");
            }
            if (header.activeSlots() == 1 && !force) {
                throw StorageException.configuration("key slot " + slot + " is the last one in use: without it the"
                    + " data is lost for ever. Nothing was changed; say --force if that is what you want");
            }
            if (unlocked.slot == slot && !force) {
                throw StorageException.configuration("key slot " + slot + " is the one that the given secret opens."
                    + " Nothing was changed; give the secret of another slot, to show that it works, or say --force");
            }
            write(header.withKeySlot(slot, KeySlot.NOTHING));
        }
    }

    /** The header for a backup: key slots and geometry, never superblock slots. */
    public byte[] backup() {
        load();
        if (header.previousKey() != null) {
            throw StorageException.configuration("a rotation of the volume key was interrupted; open the volume for"
                + " writing once ('ringvault key rotate'), then take the backup");
        }
        return HeaderCodec.encode(header);
    }

    /**
     * Puts a header back in both copies, with a serial above what is there.
     *
     * @param secret must open the backup, and the superblock slots must verify under its key
     */
    public Header restore(final byte[] bytes, final KeySecret secret) {
        final Header backup = HeaderCodec.decode(bytes);
        final Geometry geometry = backup.geometry();
        if (geometry.volumeBlocks() > store.blocks()) {
            throw StorageException.integrity("the backup is of a volume of " + geometry.volumeBlocks()
                + " blocks, the device has " + store.blocks() + ". Nothing was written");
        }
        long serial = backup.serial();
        for (int which = 0; which < 2; which++) {
            final Header there = present(geometry.headerBlock(which));
            if (there != null && !there.volumeIdText().equals(backup.volumeIdText())) {
                throw StorageException.configuration("the backup is of volume " + backup.volumeIdText()
                    + ", the device holds volume " + there.volumeIdText() + ". Nothing was written");
            }
            serial = there == null || there.serial() == Long.MAX_VALUE ? serial : Math.max(serial, there.serial());
        }
        final KeySlots.Unlocked unlocked = KeySlots.unlock(backup, secret);
        try {
            Superblocks.load(store, geometry, backup, unlocked.key(), warnings);
        } catch (final StorageException refused) {
            throw new StorageException(refused.category(), "the backup does not belong to this volume as it is now"
                + " (another volume, or a backup from before the volume key was rotated): " + refused.getMessage(),
                refused);
        } finally {
            unlocked.key().close();
        }
        write(backup.withSerial(nextSerial(serial)));
        return header;
    }

    private Header present(final long block) {
        final byte[] bytes = new byte[Geometry.BLOCK_BYTES];
        if (!store.read(block, 1, bytes, 0)) {
            return null;
        }
        try {
            return HeaderCodec.decode(bytes);
        } catch (final StorageException damaged) {
            warnings.add("the header copy in block " + block + " is damaged: " + damaged.getMessage());
            return null;
        }
    }

    // ---- parts

    /** The unlocked key, closed after use. */
    private static final class KeySlotsKey implements AutoCloseable {
        private final KeySlots.Unlocked unlocked;
        private final int slot;

        private KeySlotsKey(final KeySlots.Unlocked unlocked) {
            this.unlocked = unlocked;
            this.slot = unlocked.slot();
        }

        @Override
        public void close() {
            unlocked.key().close();
        }
    }

    private KeySlotsKey unlock(final KeySecret present) {
        load();
        final KeySlots.Unlocked unlocked = KeySlots.unlock(header, present);
        try {
            Superblocks.load(store, header.geometry(), header, unlocked.key(), warnings);
            return new KeySlotsKey(unlocked);
        } catch (final RuntimeException refused) {
            unlocked.key().close();
            throw refused;
        }
    }

    private KeySlot slot(final KeySlotsKey unlocked, final KeySecret fresh, final KdfParameters kdf,
        final RandomSource random) {
        return KeySlots.create(fresh, kdf, unlocked.unlocked.key(), header.volumeId(), random);
    }

    /** A second slot for the same secret would stay open when one of them is removed. */
    private void refuseDuplicate(final KeySecret fresh, final int except) {
        final int found;
        try {
            final KeySlots.Unlocked same = KeySlots.unlock(header, fresh);
            same.key().close();
            found = same.slot();
        } catch (final StorageException none) {
            if (none.category() == StorageException.Category.WRONG_KEY) {
                return;
            }
            throw none;
        }
        if (found != except) {
            throw StorageException.configuration("the new secret opens key slot " + found
                + " already. Nothing was changed");
        }
    }

    private void write(final Header next) {
        nextSerial(header == null ? 0 : header.serial());
        VolumeHeader.store(store, next);
        store.flush();
        header = next;
    }

    private static long nextSerial(final long serial) {
        if (serial == Long.MAX_VALUE) {
            throw StorageException.integrity("the header has the highest serial there is: it was altered. Restore it"
                + " from a backup. Nothing was written");
        }
        return serial + 1;
    }

    @Override
    public void close() {
        store.close();
    }
}
