package io.ringvault.nvme.model;

import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeFile;
import io.ringvault.sys.NativeIoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Blocks in a file; the volatile cache is the operating system's page cache. The file is locked on the descriptor that
 * does the I/O: exclusively for writing, shared for reading.
 */
final class FileMedium implements Medium {
    private static final int ZERO_BYTES = 1 << 20;

    private final NativeFile file;
    private final NativeFile durable;
    private final long sizeBytes;
    private final boolean readOnly;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment zeros = arena.allocate(ZERO_BYTES, 4096);
    private volatile IOException failedSync;

    private FileMedium(final NativeFile file, final NativeFile durable, final long sizeBytes, final boolean readOnly) {
        this.file = file;
        this.durable = durable;
        this.sizeBytes = sizeBytes;
        this.readOnly = readOnly;
    }

    /**
     * Opens and locks an image.
     *
     * @param rangeSync whether durable writes use a second descriptor that syncs each write's own range
     * @throws StorageException CONFIGURATION when it is missing, smaller than a block, or in use; IO when it cannot be
     *     opened
     */
    static FileMedium open(final String uri, final Path path, final OpenMode mode, final int blockBytes,
                           final boolean rangeSync) {
        final boolean readOnly = mode == OpenMode.READ_ONLY;
        NativeFile file = null;
        NativeFile durable = null;
        try {
            file = readOnly ? NativeFile.open(path) : NativeFile.open(path, NativeFile.Option.READ_WRITE);
            lock(uri, file, !readOnly);
            final long size = file.sizeBytes() / blockBytes * blockBytes;
            if (size == 0) {
                throw StorageException.configuration("device '" + uri + "': " + path + " has " + file.sizeBytes()
                    + " bytes, less than one block of " + blockBytes + "; create the image with a size first");
            }
            if (rangeSync && !readOnly) {
                durable = NativeFile.open(path, NativeFile.Option.READ_WRITE, NativeFile.Option.DSYNC);
            }
            return new FileMedium(file, durable, size, readOnly);
        } catch (final IOException failed) {
            closeQuietly(failed, file, durable);
            throw failure(uri, path, failed);
        } catch (final RuntimeException failed) {
            closeQuietly(failed, file, durable);
            throw failed;
        }
    }

    /** Makes a sparse image of at least {@code sizeBytes}, or grows one; never shrinks, never wipes. */
    static void create(final String uri, final Path path, final long sizeBytes) {
        try (NativeFile file = NativeFile.open(path, NativeFile.Option.READ_WRITE, NativeFile.Option.CREATE)) {
            lock(uri, file, true);
            if (file.sizeBytes() < sizeBytes) {
                if (file.isBlockDevice()) {
                    throw StorageException.configuration("device '" + uri + "': " + path + " is a block device of "
                        + file.sizeBytes() + " bytes and cannot grow to " + sizeBytes);
                }
                file.truncate(sizeBytes);
            }
            file.sync();
            final Path parent = path.toAbsolutePath().getParent();
            if (parent != null) {
                NativeFile.syncDirectory(parent);
            }
        } catch (final IOException failed) {
            throw failure(uri, path, failed);
        }
    }

    private static void lock(final String uri, final NativeFile file, final boolean exclusive) throws IOException {
        if (file.tryLock(exclusive) == NativeFile.LockResult.IN_USE) {
            throw StorageException.configuration("device '" + uri + "': " + file.path()
                + " is in use by another process or another opener in this one; close that one first");
        }
    }

    private static StorageException failure(final String uri, final Path path, final IOException cause) {
        final int errno = cause instanceof NativeIoException known ? known.errno() : 0;
        if (errno == Errno.ENOENT) {
            return new StorageException(StorageException.Category.CONFIGURATION, "device '" + uri + "': " + path
                + " does not exist; create the image first, or correct the path", cause);
        }
        if (errno == Errno.EACCES || errno == Errno.EPERM || errno == Errno.EROFS) {
            return new StorageException(StorageException.Category.CONFIGURATION, "device '" + uri + "': no permission: "
                + cause.getMessage(), cause);
        }
        return new StorageException(StorageException.Category.IO, "device '" + uri + "': " + cause.getMessage(), cause);
    }

    private static void closeQuietly(final Exception reason, final NativeFile... files) {
        for (final NativeFile each : files) {
            if (each != null) {
                try {
                    each.close();
                } catch (final IOException alsoFailed) {
                    reason.addSuppressed(alsoFailed);
                }
            }
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(final long offset, final MemorySegment target, final long targetOffset, final int lengthBytes)
        throws IOException {
        file.readFully(offset, target, targetOffset, lengthBytes);
    }

    @Override
    public void write(final long offset, final MemorySegment source, final long sourceOffset, final int lengthBytes,
                      final boolean durably) throws IOException {
        if (durably && durable != null) {
            durable.write(offset, source, sourceOffset, lengthBytes);
            return;
        }
        file.write(offset, source, sourceOffset, lengthBytes);
        if (durably) {
            sync();
        }
    }

    @Override
    public void zero(final long offset, final long lengthBytes) throws IOException {
        if (file.punchHole(offset, lengthBytes)) {
            return;
        }
        for (long done = 0; done < lengthBytes; done += ZERO_BYTES) {
            file.write(offset + done, zeros, 0, Math.min(ZERO_BYTES, lengthBytes - done));
        }
    }

    @Override
    public void deallocate(final long offset, final long lengthBytes) throws IOException {
        file.punchHole(offset, lengthBytes); // Only a hint: where holes are not supported nothing needs to happen.
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            sync();
        }
    }

    /** After a failed sync the kernel may drop what was dirty and report success the next time: the failure stays. */
    private void sync() throws IOException {
        final IOException earlier = failedSync;
        if (earlier != null) {
            throw new IOException("an earlier sync of " + file.path() + " failed: " + earlier.getMessage(), earlier);
        }
        try {
            file.dataSync();
        } catch (final IOException failed) {
            failedSync = failed;
            throw failed;
        }
    }

    @Override
    public void losePower() {
        // The page cache belongs to the operating system and survives this process: nothing of it is lost here.
    }

    @Override
    public void close() throws IOException {
        try {
            if (durable != null) {
                durable.close();
            }
        } finally {
            file.close();
            arena.close();
        }
    }
}
