package io.ringvault.device;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDeviceProvider;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code file:/path?block=512}: a regular file or block device through the kernel's page cache. */
public final class FileDeviceProvider implements BlockDeviceProvider {

    @Override
    public String scheme() {
        return "file";
    }

    @Override
    public BlockDevice open(final DeviceUri uri, final OpenMode mode) {
        final Path path = path(uri);
        final int block = UriParameters.blockSizeBytes(uri);
        final FileHold hold = FileHold.take(path, mode == OpenMode.READ_WRITE, "device '" + uri.text() + "'");
        try {
            final long size = hold.channel().size() / block * block;
            if (size == 0) {
                throw StorageException.configuration("device '" + uri.text() + "' is empty; create it with a size");
            }
            return new FileBlockDevice(uri.text(), hold, size, block, mode == OpenMode.READ_ONLY);
        } catch (final IOException | RuntimeException failed) {
            release(hold, failed);
            throw failed instanceof final RuntimeException runtime ? runtime
                : new StorageException(StorageException.Category.IO, "device '" + uri.text() + "': " + failed, failed);
        }
    }

    private static void release(final FileHold hold, final Exception failed) {
        try {
            hold.release();
        } catch (final IOException second) {
            failed.addSuppressed(second);
        }
    }

    @Override
    public boolean creatable() {
        return true;
    }

    /** Creates the file sparse, readable by its owner only, or grows it; never shrinks it. */
    @Override
    public void create(final DeviceUri uri, final long sizeBytes) {
        final Path path = path(uri);
        if (sizeBytes <= 0) {
            throw StorageException.configuration("device '" + uri.text() + "': size " + sizeBytes + " is not positive");
        }
        final String what = "device '" + uri.text() + "'";
        try {
            if (!Files.exists(path)) {
                Files.createFile(path, java.nio.file.attribute.PosixFilePermissions.asFileAttribute(
                    java.nio.file.attribute.PosixFilePermissions.fromString("rw-------")));
            }
            final FileHold hold = FileHold.take(path, true, what);
            try {
                grow(hold.channel(), sizeBytes);
            } finally {
                hold.release();
            }
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, what + " cannot be created: " + failed, failed);
        }
    }

    private static void grow(final FileChannel channel, final long sizeBytes) throws IOException {
        if (channel.size() < sizeBytes) {
            channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
            channel.force(true);
        }
    }

    private static Path path(final DeviceUri uri) {
        UriParameters.known(uri, List.of("block"));
        if (uri.path().isEmpty()) {
            throw StorageException.configuration("device '" + uri.text() + "' has no path; write file:/path");
        }
        return Path.of(uri.path());
    }
}
