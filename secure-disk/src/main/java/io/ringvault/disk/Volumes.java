package io.ringvault.disk;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDeviceProvider;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;
import io.ringvault.disk.volume.VolumeAccess;
import io.ringvault.disk.volume.VolumeAdopter;
import io.ringvault.disk.volume.VolumeFormatter;
import io.ringvault.disk.volume.VolumeInspector;
import io.ringvault.disk.volume.VolumeOpener;
import io.ringvault.disk.volume.VolumeRescue;
import io.ringvault.disk.volume.VolumeVerifier;
import io.ringvault.log.Anchors;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;
import java.util.function.LongConsumer;

/** Makes, describes and verifies volumes, without serving them. Blocking; any thread. */
public final class Volumes {

    private Volumes() {
    }

    /**
     * Makes a new, empty volume. A file or memory device grows to what the volume needs; a device of fixed size must
     * be large enough.
     *
     * @throws StorageException CONFIGURATION when the device holds something and force was not given, or sizes do not
     *     fit
     */
    public static FormatResult format(final FormatContext context) {
        context.config.validate();
        final KeySecret key = DeviceAccess.key(context.keySource);
        BlockDevice device = null;
        try {
            create(context);
            device = DeviceAccess.open(context.deviceUri, context.device, OpenMode.READ_WRITE);
            final long userBlocks = userBlocks(context, device);
            final Header header = VolumeFormatter.format(device, key, context.kdf, userBlocks,
                segmentBlocks(context, userBlocks),
                context.config,
                (volumeKey, volumeId) -> context.anchorInstance != null ? context.anchorInstance
                    : Anchors.create(context.anchor, volumeKey, volumeId), context.force, context.random, context.aead);
            final Geometry geometry = header.geometry();
            return new FormatResult(header.volumeIdText(), geometry.userBlocks() * Geometry.BLOCK_BYTES,
                device.sizeBytes(),
                geometry.segmentBlocks(), geometry.segmentCount());
        } finally {
            key.close();
            if (device != null) {
                DeviceAccess.close(device, context.device);
            }
        }
    }

    private static int segmentBlocks(final FormatContext context, final long userBlocks) {
        return context.segmentBlocks > 0 ? context.segmentBlocks : VolumeFormatter.defaultSegmentBlocks(userBlocks);
    }

    private static void create(final FormatContext context) {
        if (context.device != null) {
            return;
        }
        final DeviceUri uri = DeviceUri.parse(context.deviceUri);
        final BlockDeviceProvider provider = BlockDevices.provider(uri);
        if (provider.creatable()) {
            if (context.sizeBytes < 1) {
                throw StorageException.configuration("how large shall the volume be? Say for example --size 1G");
            }
            final long userBlocks = context.sizeBytes / Geometry.BLOCK_BYTES;
            provider.create(uri, VolumeFormatter.deviceBytesFor(userBlocks, segmentBlocks(context, userBlocks),
                context.config));
        }
    }

    private static long userBlocks(final FormatContext context, final BlockDevice device) {
        if (context.sizeBytes % Geometry.BLOCK_BYTES != 0 || context.sizeBytes < 0) {
            throw StorageException.configuration("a volume of " + context.sizeBytes
                + " bytes: the size must be a positive multiple of "
                + Geometry.BLOCK_BYTES);
        }
        if (context.sizeBytes > 0) {
            return context.sizeBytes / Geometry.BLOCK_BYTES;
        }
        final long deviceBlocks = device.sizeBytes() / Geometry.BLOCK_BYTES;
        final long fits = VolumeFormatter.userBlocksFor(device.sizeBytes(), segmentBlocks(context, deviceBlocks),
            context.config);
        if (fits < 1) {
            throw StorageException.configuration(device.uri() + " has " + device.sizeBytes()
                + " bytes, which is too small for a volume with its reserves");
        }
        return fits;
    }

    /** Describes a volume; writes nothing. */
    public static VolumeInfo info(final SecureDiskContext context) {
        return withAccess(context, access -> {
            final var fields = VolumeInspector.inspect(access, context.config.windowBytes);
            return new VolumeInfo(fields, VolumeOpener.warnings(access));
        });
    }

    /**
     * Reads and authenticates everything that is live; writes nothing.
     *
     * @param progress told the number of blocks checked so far, now and then
     */
    public static VerifyReport verify(final SecureDiskContext context, final LongConsumer progress) {
        return withAccess(context, access -> {
            final VolumeVerifier.Result result = VolumeVerifier.verify(access, context.config.windowBytes, progress);
            return new VerifyReport(result.blocksChecked(), result.damages(), result.damaged(),
                VolumeOpener.warnings(access));
        });
    }

    /**
     * Exports what a volume holds whose superblock slots or log are lost; writes nothing to it. That the result is the
     * newest state is not proven, and blocks that were trimmed may show what they held.
     *
     * @param output an image of the volume's size that must not exist yet
     * @param force  also when the volume can be opened in good order
     * @throws StorageException CONFIGURATION when it can and force was not given, or the output exists
     */
    public static RescueReport rescue(final SecureDiskContext context, final Path output, final boolean force) {
        if (!force) {
            refuseIfGood(context);
        }
        final KeySecret key = DeviceAccess.key(context.keySource);
        BlockDevice device = null;
        try (FileChannel image = FileChannel.open(output, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            device = DeviceAccess.open(context.deviceUri, context.device, OpenMode.READ_ONLY);
            final VolumeRescue.Result result = export(device, key, context, image, output);
            final long bytes = result.userBlocks() * Geometry.BLOCK_BYTES;
            if (image.size() < bytes) {
                write(image, ByteBuffer.allocate(1), bytes - 1);
            }
            image.force(true);
            return new RescueReport(result.userBlocks(), result.exported(), result.lost(), result.sessions(),
                result.session(), result.epoch());
        } catch (final FileAlreadyExistsException exists) {
            throw StorageException.configuration(output + " exists; a rescue writes a new file");
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, output + " cannot be written: "
                + failed.getMessage(), failed);
        } finally {
            key.close();
            if (device != null) {
                DeviceAccess.close(device, context.device);
            }
        }
    }

    /** When nothing can be exported (a wrong key, no header), no empty image stays in the way of the next try. */
    private static VolumeRescue.Result export(final BlockDevice device, final KeySecret key,
        final SecureDiskContext context, final FileChannel image, final Path output) throws IOException {
        try {
            return VolumeRescue.export(device, key, context.aead,
                (lba, plain) -> write(image, ByteBuffer.wrap(plain), lba * Geometry.BLOCK_BYTES));
        } catch (final StorageException refused) {
            if (image.size() == 0) {
                Files.deleteIfExists(output);
            }
            throw refused;
        }
    }

    private static void refuseIfGood(final SecureDiskContext context) {
        try {
            info(context);
        } catch (final StorageException refused) {
            switch (refused.category()) {
                case INTEGRITY, IO -> {
                    return;
                }
                case FRESHNESS -> throw StorageException.configuration("this volume is whole, only its anchor refuses"
                    + " it: see the command adopt; a rescue needs --force (" + refused.getMessage() + ")");
                default -> throw refused;
            }
        }
        throw StorageException.configuration("this volume opens in good order: serve it or copy it; a rescue, which"
            + " cannot prove that what it finds is the newest state, needs --force");
    }

    private static void write(final FileChannel image, final ByteBuffer bytes, final long offset) {
        try {
            while (bytes.hasRemaining()) {
                image.write(bytes, offset + bytes.position());
            }
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "the image cannot be written: "
                + failed.getMessage(), failed);
        }
    }

    /**
     * Makes a volume that its anchor refuses, or whose anchor is gone, the valid one, or gives a volume another anchor.
     * See {@code docs/anchors.md} for what is lost.
     *
     * @throws StorageException CONFIGURATION when there is nothing to adopt or the risk was not accepted; INTEGRITY for
     *     a damaged image
     */
    public static AdoptResult adopt(final AdoptContext context) {
        final SecureDiskContext volume = context.volume;
        final KeySecret key = DeviceAccess.key(volume.keySource);
        BlockDevice device = null;
        try {
            device = DeviceAccess.open(volume.deviceUri, volume.device, OpenMode.READ_WRITE);
            try (VolumeAccess access = VolumeAccess.openUnanchored(device, key, volume.aead)) {
                final VolumeFormatter.AnchorFactory successor = context.newAnchorInstance != null
                    ? (volumeKey, volumeId) -> context.newAnchorInstance
                    : context.newAnchor == null ? null
                        : (volumeKey, volumeId) -> Anchors.create(context.newAnchor, volumeKey, volumeId);
                final VolumeAdopter.Result result = VolumeAdopter.adopt(access, volume.anchor, volume.anchorInstance,
                    successor, context.acceptLostWrites, volume.config, volume.random);
                return new AdoptResult(result.refusal(), result.imageEpoch(), result.anchorEpoch(), result.newEpoch(),
                    result.anchor(), result.warnings());
            }
        } finally {
            key.close();
            if (device != null) {
                DeviceAccess.close(device, volume.device);
            }
        }
    }

    private static <T> T withAccess(final SecureDiskContext context, final Function<VolumeAccess, T> action) {
        final KeySecret key = DeviceAccess.key(context.keySource);
        BlockDevice device = null;
        try {
            device = DeviceAccess.open(context.deviceUri, context.device, OpenMode.READ_ONLY);
            try (VolumeAccess access = VolumeAccess.open(device, key, context.anchor, context.anchorInstance,
                context.aead)) {
                return action.apply(access);
            }
        } finally {
            key.close();
            if (device != null) {
                DeviceAccess.close(device, context.device);
            }
        }
    }
}
