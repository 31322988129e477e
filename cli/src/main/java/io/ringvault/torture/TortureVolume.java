package io.ringvault.torture;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.Sizes;
import io.ringvault.block.StorageException;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import io.ringvault.log.QueueBlockStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * A volume that holds nothing but what the torture wrote. Its key is this class's constant, by which such a volume is
 * recognised: whatever opens with it may be lost.
 */
public final class TortureVolume {
    /** The grain of offsets and lengths: smaller than a block, so that blocks are read, changed and written. */
    public static final int GRANULE_BYTES = 512;
    private static final int BLOCK_BYTES = 4096;
    private static final int PIECE_BYTES = 1 << 20;
    private static final int ENDS_BLOCKS = 256;
    private static final int SAMPLES = 1024;

    private final String uri;
    private final String anchor;
    private final long sizeBytes;

    /**
     * @param uri       the device
     * @param anchor    {@code file:PATH} or {@code none}
     * @param sizeBytes of the volume
     */
    public TortureVolume(final String uri, final String anchor, final long sizeBytes) {
        this.uri = uri;
        this.anchor = anchor;
        this.sizeBytes = sizeBytes;
    }

    /** The key of every torture volume: no secret. */
    static byte[] key() {
        return "a ringvault torture volume holds nothing of value".getBytes(StandardCharsets.US_ASCII);
    }

    /** The device. */
    public String uri() {
        return uri;
    }

    /** The anchor. */
    public String anchor() {
        return anchor;
    }

    /** Size of the volume. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** The same volume, its device opened with another parameter. */
    TortureVolume withParameter(final String parameter) {
        return new TortureVolume(uri + (uri.contains("?") ? "&" : "?") + parameter, anchor, sizeBytes);
    }

    /**
     * Makes the volume.
     *
     * @param erase whatever the device holds may be lost
     * @throws StorageException CONFIGURATION when the device holds anything but an older torture volume
     */
    public void format(final boolean erase) {
        if (!erase) {
            refuseContent();
        }
        Volumes.format(new FormatContext().device(uri).key(key()).sizeBytes(sizeBytes).anchor(anchor).force(true));
    }

    private void refuseContent() {
        final BlockDevice device;
        try {
            device = BlockDevices.open(uri, OpenMode.READ_ONLY);
        } catch (final StorageException missing) {
            if (BlockDevices.provider(DeviceUri.parse(uri)).creatable()
                && missing.getCause() instanceof java.nio.file.NoSuchFileException) {
                return;
            }
            throw missing;
        }
        try (device; QueueBlockStore store = QueueBlockStore.open(device)) {
            final long used = firstUsedBlock(store);
            if (used >= 0 && !isTortureVolume(device)) {
                throw StorageException.configuration(uri + " is not empty (block " + used + " of "
                    + Sizes.formatRounded(device.sizeBytes()) + " holds data) and is no volume of an earlier torture; "
                    + "nothing was written. Say --erase to lose everything on it");
            }
        }
    }

    /** Both ends in full, where everything has its tables, and samples between; -1 when all are zeros. */
    private static long firstUsedBlock(final QueueBlockStore store) {
        final byte[] block = new byte[BLOCK_BYTES];
        final long blocks = store.blocks();
        final long step = Math.max(1, blocks / SAMPLES);
        for (long at = 0; at < blocks; at += at < ENDS_BLOCKS || at >= blocks - ENDS_BLOCKS ? 1
            : Math.max(1, Math.min(step, blocks - ENDS_BLOCKS - at))) {
            if (!store.read(at, 1, block, 0)) {
                throw StorageException.io("block " + at + " cannot be read: " + store.lastError());
            }
            for (final byte each : block) {
                if (each != 0) {
                    return at;
                }
            }
        }
        return -1;
    }

    private static boolean isTortureVolume(final BlockDevice device) {
        try {
            Volumes.info(new SecureDiskContext().blockDevice(device).key(key()));
            return true;
        } catch (final StorageException refused) {
            // A missing anchor is found after the key fitted: earlier runs leave none behind.
            return refused.category() == StorageException.Category.FRESHNESS;
        }
    }

    /** The settings for opening. */
    SecureDiskContext context() {
        return new SecureDiskContext().device(uri).key(key()).anchor(anchor);
    }

    /** Reads the whole volume, cut into equal areas. */
    static byte[][] readAreas(final SecureDisk disk, final int areas, final long areaBytes) {
        final byte[][] bytes = new byte[areas][Math.toIntExact(areaBytes)];
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment piece = arena.allocate(PIECE_BYTES, BLOCK_BYTES);
            for (int area = 0; area < areas; area++) {
                for (int at = 0; at < areaBytes; at += PIECE_BYTES) {
                    final int length = (int) Math.min(PIECE_BYTES, areaBytes - at);
                    disk.read(area * areaBytes + at, piece, 0, length);
                    MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, 0, bytes[area], at, length);
                }
            }
        }
        return bytes;
    }
}
