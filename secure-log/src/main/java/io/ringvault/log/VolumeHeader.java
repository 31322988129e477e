package io.ringvault.log;

import io.ringvault.block.StorageException;
import java.util.List;

/** Loads and stores the header pair at both ends of the device. Control plane, one thread. */
public final class VolumeHeader {

    private VolumeHeader() {
    }

    /** One copy as found: the header, or why there is none. */
    private record Copy(String name, Header header, String problem, boolean unreadable, boolean magic,
        StorageException refusal) {
    }

    /**
     * Reads both copies and takes the valid one with the higher serial. Writes nothing.
     *
     * @param warnings gets a line when only one copy is good
     * @throws StorageException INTEGRITY when there is no volume, both copies are damaged or the image is truncated; IO
     *         when neither copy can be read; CONFIGURATION for a newer format
     */
    public static Header load(final BlockSource source, final List<String> warnings) {
        if (source.blocks() < 1) {
            throw StorageException.integrity("no volume here: the device holds less than one block of "
                + Geometry.BLOCK_BYTES + " bytes; the image is empty or truncated");
        }
        final Copy a = read(source, "A", 0, false);
        final long blockB = a.header != null ? a.header.geometry().headerBlock(1) : source.blocks() - 1;
        if (blockB >= source.blocks()) {
            throw truncated(a.header, source);
        }
        final Copy b = blockB == 0 ? a : read(source, "B", blockB, true);
        if (a.header == null && b.header == null) {
            throw nothing(a, b, blockB);
        }
        final Header chosen = choose(a, b, warnings);
        if (chosen.geometry().volumeBlocks() > source.blocks()) {
            throw truncated(chosen, source);
        }
        return chosen;
    }

    /**
     * Writes both copies, one after the other, each durable before the next: a crash leaves one valid copy at least.
     *
     * @throws StorageException IO; the volume then still has its other copy
     */
    public static void store(final BlockStore store, final Header header) {
        final byte[] block = HeaderCodec.encode(header);
        store.write(header.geometry().headerBlock(1), 1, block, 0, true);
        store.write(header.geometry().headerBlock(0), 1, block, 0, true);
    }

    private static Copy read(final BlockSource source, final String name, final long block, final boolean last) {
        final byte[] bytes = new byte[Geometry.BLOCK_BYTES];
        if (!source.read(block, 1, bytes, 0)) {
            return new Copy(name, null, "cannot be read: " + source.lastError(), true, false, null);
        }
        try {
            final Header header = HeaderCodec.decode(bytes);
            if (last && header.geometry().headerBlock(1) != block) {
                return new Copy(name, null, "belongs to a volume of " + header.geometry().volumeBlocks()
                    + " blocks, which does not end here", false, true, null);
            }
            return new Copy(name, header, null, false, true, null);
        } catch (final StorageException bad) {
            final boolean refused = bad.category() == StorageException.Category.CONFIGURATION;
            return new Copy(name, null, bad.getMessage(), false, HeaderCodec.hasMagic(bytes), refused ? bad : null);
        }
    }

    private static Header choose(final Copy a, final Copy b, final List<String> warnings) {
        if (a.header == null || b.header == null) {
            final Copy bad = a.header == null ? a : b;
            final Copy good = a.header == null ? b : a;
            warnings.add("header copy " + bad.name + " is damaged (" + bad.problem + "); copy " + good.name
                + " is used. Copy the volume to a sound device");
            return good.header;
        }
        if (a.header.serial() == b.header.serial()) {
            if (!a.header.equals(b.header)) {
                throw StorageException.integrity("the two header copies have serial " + a.header.serial()
                    + " and differ: one of them was altered. Restore the right one from a backup");
            }
            return a.header;
        }
        final Copy newer = a.header.serial() > b.header.serial() ? a : b;
        warnings.add("header copies A and B have serials " + a.header.serial() + " and " + b.header.serial()
            + " (an interrupted key change); copy " + newer.name + " is used");
        return newer.header;
    }

    private static StorageException truncated(final Header header, final BlockSource source) {
        return StorageException.integrity("the image is truncated: the header says " + header.geometry().volumeBlocks()
            + " blocks of " + Geometry.BLOCK_BYTES + " bytes, the device has " + source.blocks()
            + ". Restore the whole image; nothing was written");
    }

    private static StorageException nothing(final Copy a, final Copy b, final long blockB) {
        if (a.refusal != null || b.refusal != null) {
            return a.refusal != null ? a.refusal : b.refusal;
        }
        if (a.unreadable && b.unreadable) {
            return StorageException.io("neither header copy can be read: block 0 " + a.problem + "; block " + blockB
                + " " + b.problem);
        }
        final String detail = "copy A at block 0 (" + a.problem + "), copy B at block " + blockB + " (" + b.problem
            + ")";
        return StorageException.integrity(a.magic || b.magic
            ? "damaged header: " + detail + ". Nothing was written"
            : "no volume here, or both ends of it are destroyed or truncated: " + detail + ". Nothing was written");
    }
}
