package io.ringvault.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One open file or block device. Any thread; calls block, so they belong on workers, never on an agent.
 *
 * <p>Transfers are positional and complete: {@code EINTR} and short transfers are continued. Segments must be
 * off-heap, and with {@link Option#DIRECT} address, offset and length must be multiples of the device's block size.
 * {@link #close()} waits for calls in progress, so a descriptor number is never used after it was given back.
 */
public final class NativeFile implements AutoCloseable {

    /** How to open; without {@link #READ_WRITE} the file is read-only. */
    public enum Option {
        /** Reading and writing. */
        READ_WRITE,
        /** Create the file, mode 0600, if it does not exist. */
        CREATE,
        /** With {@link #CREATE}: fail with EEXIST if it exists. On a block device: fail with EBUSY if it is mounted. */
        EXCLUSIVE,
        /** Bypass the page cache (O_DIRECT). */
        DIRECT,
        /** Every write returns when it is durable (O_DSYNC). */
        DSYNC,
        /** Refuse a symbolic link as the last part of the path. */
        NO_FOLLOW
    }

    /** Outcome of {@link #tryLock}. */
    public enum LockResult {
        /** The lock is held by this descriptor until it is unlocked or closed. */
        ACQUIRED,
        /** Another descriptor, of this or another process, holds a lock that conflicts. */
        IN_USE
    }

    private static final int CREATE_MODE = 0600;

    private final Path path;
    private final boolean writable;
    private final ReentrantReadWriteLock guard = new ReentrantReadWriteLock();
    private int fd;

    private NativeFile(final Path path, final int fd, final boolean writable) {
        this.path = path;
        this.fd = fd;
        this.writable = writable;
    }

    /**
     * Opens a file or block device.
     *
     * @throws NativeIoException with the errno of {@code open}; EINVAL often means a file system without O_DIRECT
     */
    public static NativeFile open(final Path path, final Option... options) throws IOException {
        final Set<Option> wanted = EnumSet.noneOf(Option.class);
        wanted.addAll(Set.of(options));
        if (wanted.contains(Option.CREATE) && !wanted.contains(Option.READ_WRITE)) {
            throw new IllegalArgumentException("CREATE needs READ_WRITE: " + path);
        }
        final int flags = flags(wanted);
        return new NativeFile(path, openDescriptor(path, flags), wanted.contains(Option.READ_WRITE));
    }

    /** Makes the directory entries in {@code directory} durable, after a create or rename in it. */
    public static void syncDirectory(final Path directory) throws IOException {
        try (NativeFile opened = new NativeFile(directory,
            openDescriptor(directory, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC), false)) {
            opened.sync();
        }
    }

    private static int flags(final Set<Option> wanted) {
        int flags = Libc.O_CLOEXEC;
        flags |= wanted.contains(Option.READ_WRITE) ? Libc.O_RDWR : Libc.O_RDONLY;
        flags |= wanted.contains(Option.CREATE) ? Libc.O_CREAT : 0;
        flags |= wanted.contains(Option.EXCLUSIVE) ? Libc.O_EXCL : 0;
        flags |= wanted.contains(Option.DIRECT) ? Libc.O_DIRECT : 0;
        flags |= wanted.contains(Option.DSYNC) ? Libc.O_DSYNC : 0;
        flags |= wanted.contains(Option.NO_FOLLOW) ? Libc.O_NOFOLLOW : 0;
        return flags;
    }

    private static int openDescriptor(final Path path, final int flags) throws IOException {
        NativeAccess.ensure();
        final MemorySegment capture = Libc.capture();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment name = arena.allocateFrom(path.toString());
            int fd;
            do {
                fd = (int) Libc.OPEN.invokeExact(capture, name, flags, CREATE_MODE);
            } while (fd < 0 && Libc.errno(capture) == Errno.EINTR);
            if (fd < 0) {
                throw new NativeIoException("open", path.toString(), Libc.errno(capture), "");
            }
            return fd;
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** The path as given at open. */
    public Path path() {
        return path;
    }

    /** Whether it was opened for writing. */
    public boolean writable() {
        return writable;
    }

    /** The descriptor, for io_uring and ioctl users of this module's neighbours; valid until {@link #close()}. */
    public int descriptor() {
        guard.readLock().lock();
        try {
            return checkedFd();
        } finally {
            guard.readLock().unlock();
        }
    }

    /**
     * Takes an advisory {@code flock} on this very descriptor, without waiting. It is released by {@link #unlock} and
     * by {@link #close}, and by nothing else in this process (unlike POSIX record locks).
     */
    public LockResult tryLock(final boolean exclusive) throws IOException {
        final int errno = flock((exclusive ? Libc.LOCK_EX : Libc.LOCK_SH) | Libc.LOCK_NB);
        if (errno == 0) {
            return LockResult.ACQUIRED;
        }
        if (errno == Errno.EAGAIN) {
            return LockResult.IN_USE;
        }
        throw new NativeIoException("flock", path.toString(), errno, "");
    }

    /** Releases the lock; does nothing without one. */
    public void unlock() throws IOException {
        final int errno = flock(Libc.LOCK_UN);
        if (errno != 0) {
            throw new NativeIoException("flock", path.toString(), errno, "unlock");
        }
    }

    private int flock(final int operation) {
        guard.readLock().lock();
        try {
            final MemorySegment capture = Libc.capture();
            while ((int) Libc.FLOCK.invokeExact(capture, checkedFd(), operation) != 0) {
                final int errno = Libc.errno(capture);
                if (errno != Errno.EINTR) {
                    return errno;
                }
            }
            return 0;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    /**
     * Reads until {@code length} bytes have arrived or the file ends.
     *
     * @return the bytes read; less than {@code length} only at the end of the file
     */
    public long read(final long fileOffset, final MemorySegment target, final long targetOffset, final long length)
        throws IOException {
        Objects.checkFromIndexSize(targetOffset, length, target.byteSize());
        guard.readLock().lock();
        try {
            final MemorySegment capture = Libc.capture();
            long done = 0;
            while (done < length) {
                final long n = (long) Libc.PREAD.invokeExact(capture, checkedFd(),
                    target.asSlice(targetOffset + done, length - done), length - done, fileOffset + done);
                if (n == 0) {
                    break;
                }
                done += n < 0 ? interruptedOrThrow("pread", capture, fileOffset + done, length - done) : n;
            }
            return done;
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    /** As {@link #read}, but the end of the file before {@code length} bytes is an error (errno 0). */
    public void readFully(final long fileOffset, final MemorySegment target, final long targetOffset, final long length)
        throws IOException {
        final long done = read(fileOffset, target, targetOffset, length);
        if (done != length) {
            throw new NativeIoException("pread", path.toString(), 0,
                "the file ends after " + done + " of " + length + " bytes at offset " + fileOffset);
        }
    }

    /** Writes {@code length} bytes, all of them or an exception. */
    public void write(final long fileOffset, final MemorySegment source, final long sourceOffset, final long length)
        throws IOException {
        Objects.checkFromIndexSize(sourceOffset, length, source.byteSize());
        guard.readLock().lock();
        try {
            final MemorySegment capture = Libc.capture();
            long done = 0;
            while (done < length) {
                final long n = (long) Libc.PWRITE.invokeExact(capture, checkedFd(),
                    source.asSlice(sourceOffset + done, length - done), length - done, fileOffset + done);
                if (n == 0) {
                    throw new NativeIoException("pwrite", path.toString(), Errno.EIO, "the kernel wrote nothing");
                }
                done += n < 0 ? interruptedOrThrow("pwrite", capture, fileOffset + done, length - done) : n;
            }
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    private long interruptedOrThrow(final String operation, final MemorySegment capture, final long offset,
        final long length) throws NativeIoException {
        final int errno = Libc.errno(capture);
        if (errno != Errno.EINTR) {
            throw new NativeIoException(operation, path.toString(), errno, length + " bytes at offset " + offset);
        }
        return 0;
    }

    /** Makes all completed writes durable, with the metadata needed to read them back. Never retried after an error. */
    public void dataSync() throws IOException {
        simple("fdatasync", () -> (int) Libc.FDATASYNC.invokeExact(Libc.capture(), checkedFd()));
    }

    /** Makes all completed writes and all metadata durable. */
    public void sync() throws IOException {
        simple("fsync", () -> (int) Libc.FSYNC.invokeExact(Libc.capture(), checkedFd()));
    }

    /** Sets the length of a regular file; growth is sparse. */
    public void truncate(final long lengthBytes) throws IOException {
        simple("ftruncate", () -> (int) Libc.FTRUNCATE.invokeExact(Libc.capture(), checkedFd(), lengthBytes));
    }

    /** Reserves space for the range, growing the file. False where the file system cannot. */
    public boolean allocate(final long offset, final long lengthBytes) throws IOException {
        return fallocate(0, offset, lengthBytes);
    }

    /** Gives the range's space back; it then reads as zeros. False where that is not supported: nothing happened. */
    public boolean punchHole(final long offset, final long lengthBytes) throws IOException {
        return fallocate(Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, offset, lengthBytes);
    }

    /** Turns the range into zeros without transferring them. False where that is not supported: nothing happened. */
    public boolean zeroRange(final long offset, final long lengthBytes) throws IOException {
        return fallocate(Libc.FALLOC_FL_ZERO_RANGE | Libc.FALLOC_FL_KEEP_SIZE, offset, lengthBytes);
    }

    private boolean fallocate(final int mode, final long offset, final long lengthBytes) throws IOException {
        try {
            simple("fallocate",
                () -> (int) Libc.FALLOCATE.invokeExact(Libc.capture(), checkedFd(), mode, offset, lengthBytes));
            return true;
        } catch (final NativeIoException failed) {
            if (failed.errno() == Errno.EOPNOTSUPP || failed.errno() == Errno.ENOSYS) {
                return false;
            }
            throw failed;
        }
    }

    /** Whether this is a block device. */
    public boolean isBlockDevice() throws IOException {
        return blockDeviceSizeBytes() >= 0;
    }

    /** The size in bytes of the file or block device. */
    public long sizeBytes() throws IOException {
        final long blockDevice = blockDeviceSizeBytes();
        if (blockDevice >= 0) {
            return blockDevice;
        }
        guard.readLock().lock();
        try {
            final MemorySegment capture = Libc.capture();
            final long size = (long) Libc.LSEEK.invokeExact(capture, checkedFd(), 0L, Libc.SEEK_END);
            if (size < 0) {
                throw new NativeIoException("lseek", path.toString(), Libc.errno(capture), "size");
            }
            return size;
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    /** The logical block size of a block device; 512 for a regular file. */
    public int logicalBlockBytes() throws IOException {
        return (int) blockIoctl(Libc.BLKSSZGET, "BLKSSZGET", 512, false);
    }

    private long blockDeviceSizeBytes() throws IOException {
        return blockIoctl(Libc.BLKGETSIZE64, "BLKGETSIZE64", -1, true);
    }

    private long blockIoctl(final long request, final String name, final long notBlockDevice, final boolean wide)
        throws IOException {
        guard.readLock().lock();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment capture = Libc.capture();
            final MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            if ((int) Libc.IOCTL.invokeExact(capture, checkedFd(), request, value) == 0) {
                return wide ? value.get(ValueLayout.JAVA_LONG, 0) : value.get(ValueLayout.JAVA_INT, 0);
            }
            final int errno = Libc.errno(capture);
            if (errno == Errno.ENOTTY || errno == Errno.EINVAL) {
                return notBlockDevice;
            }
            throw new NativeIoException("ioctl", path.toString(), errno, name);
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    @FunctionalInterface
    private interface Call {
        int run() throws Throwable;
    }

    private void simple(final String operation, final Call call) throws IOException {
        guard.readLock().lock();
        try {
            while (call.run() != 0) {
                final int errno = Libc.errno(Libc.capture());
                if (errno != Errno.EINTR) {
                    throw new NativeIoException(operation, path.toString(), errno, "");
                }
            }
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    private int checkedFd() {
        if (fd < 0) {
            throw new IllegalStateException(path + " is closed");
        }
        return fd;
    }

    /** Waits for calls in progress, then closes; the lock goes with it. Idempotent. */
    @Override
    public void close() throws IOException {
        guard.writeLock().lock();
        try {
            if (fd >= 0) {
                final MemorySegment capture = Libc.capture();
                final int closing = fd;
                fd = -1;
                // Linux frees the number even when close reports EINTR or EIO: never retried.
                if ((int) Libc.CLOSE.invokeExact(capture, closing) != 0 && Libc.errno(capture) != Errno.EINTR) {
                    throw new NativeIoException("close", path.toString(), Libc.errno(capture), "");
                }
            }
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.writeLock().unlock();
        }
    }

    @Override
    public String toString() {
        return "NativeFile[" + path + (writable ? ", read-write]" : ", read-only]");
    }
}
