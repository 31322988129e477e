package io.ringvault.disk;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.KeySecret;
import io.ringvault.disk.volume.HeaderEditor;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.KeySlot;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Key slots and copies of the header of a volume that is not open. Blocking; any thread.
 *
 * <p>A slot that was removed or changed lives on in older copies of the header: whoever has such a copy and the old
 * secret still has the volume key. Only {@link SecureDisk#rotateVolumeKey} ends that.
 */
public final class VolumeKeys {

    private VolumeKeys() {
    }

    /** The slots in use. Needs no key: the header is public. */
    public static List<KeySlotInfo> list(final SecureDiskContext context) {
        return with(context, OpenMode.READ_ONLY, editor -> {
            final List<KeySlotInfo> slots = new ArrayList<>();
            final Header header = editor.load();
            for (int i = 0; i < Header.KEY_SLOTS; i++) {
                final KeySlot slot = header.keySlots().get(i);
                if (slot.state() == KeySlot.ACTIVE) {
                    slots.add(new KeySlotInfo(i, slot.kind() == KeySlot.KIND_PASSPHRASE ? "passphrase" : "key",
                        slot.memoryKib(), slot.iterations(), slot.parallelism()));
                }
            }
            return slots;
        });
    }

    /**
     * Lets a further secret open the volume.
     *
     * @param kdf when it is a passphrase
     * @return the slot
     */
    public static int add(final SecureDiskContext context, final KeySource fresh, final KdfParameters kdf) {
        return with(context, OpenMode.READ_WRITE, editor -> {
            try (KeySecret present = DeviceAccess.key(context.keySource); KeySecret next = fresh.obtain()) {
                return editor.add(present, next, kdf, context.random);
            }
        });
    }

    /** Replaces the secret with which the volume is opened here; the slot. */
    public static int change(final SecureDiskContext context, final KeySource fresh, final KdfParameters kdf) {
        return with(context, OpenMode.READ_WRITE, editor -> {
            try (KeySecret present = DeviceAccess.key(context.keySource); KeySecret next = fresh.obtain()) {
                return editor.change(present, next, kdf, context.random);
            }
        });
    }

    /**
     * Empties a slot.
     *
     * @param force allows to empty the last one, which loses the data, or the one that the given secret opens
     */
    public static void remove(final SecureDiskContext context, final int slot, final boolean force) {
        with(context, OpenMode.READ_WRITE, editor -> {
            try (KeySecret present = DeviceAccess.key(context.keySource)) {
                editor.remove(present, slot, force);
                return slot;
            }
        });
    }

    /** Writes a copy of the header to a new file that only its owner may read. */
    public static void backupHeader(final SecureDiskContext context, final Path file) {
        final byte[] bytes = with(context, OpenMode.READ_ONLY, HeaderEditor::backup);
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(file, bytes, StandardOpenOption.WRITE, StandardOpenOption.SYNC);
        } catch (final FileAlreadyExistsException exists) {
            throw new StorageException(StorageException.Category.CONFIGURATION, file
                + " exists; choose another name", exists);
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "cannot write " + file + ": " + failed, failed);
        }
    }

    /**
     * Puts a copy of the header back. The key slots of its time come back with it, also those that were removed since.
     *
     * @param file   of {@link #backupHeader}, of this very volume
     * @param warned told what to know
     */
    public static void restoreHeader(final SecureDiskContext context, final Path file, final List<String> warned) {
        final byte[] bytes;
        try {
            if (Files.size(file) != Geometry.BLOCK_BYTES) {
                throw StorageException.configuration(file + " is no header backup: it has " + Files.size(file)
                    + " bytes, not " + Geometry.BLOCK_BYTES);
            }
            bytes = Files.readAllBytes(file);
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "cannot read " + file + ": " + failed,
                failed);
        }
        with(context, OpenMode.READ_WRITE, editor -> {
            try (KeySecret secret = DeviceAccess.key(context.keySource)) {
                final Header restored = editor.restore(bytes, secret);
                warned.addAll(editor.warnings());
                warned.add("the " + restored.activeSlots()
                    + " key slots of the backup are in use again, also those that"
                    + " were removed or changed since it was taken");
                return restored;
            }
        });
    }

    private static <T> T with(final SecureDiskContext context, final OpenMode mode,
        final Function<HeaderEditor, T> action) {
        final BlockDevice device = DeviceAccess.open(context.deviceUri, context.device, mode);
        try (HeaderEditor editor = new HeaderEditor(device)) {
            return action.apply(editor);
        } finally {
            DeviceAccess.close(device, context.device);
        }
    }
}
