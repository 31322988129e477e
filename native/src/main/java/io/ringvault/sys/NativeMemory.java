package io.ringvault.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A page-aligned, zeroed mapping outside the Java heap, usable from all threads until {@link #close()}.
 *
 * <p>Closing is explicit and safe: the segment belongs to a shared arena, so a late access throws rather than touching
 * foreign memory, and closing during a native call that uses the segment throws {@link IllegalStateException}. Control
 * plane only.
 */
public final class NativeMemory implements Mapping {

    /** Page sizes, as wanted and as obtained. */
    public enum Pages {
        /** The machine's base pages. */
        BASE(0),
        /** 2 MiB pages of the hugetlb pool. */
        HUGE_2M(21),
        /** 1 GiB pages of the hugetlb pool. */
        HUGE_1G(30);

        private final int shift;

        Pages(final int shift) {
            this.shift = shift;
        }

        /** Bytes of one page. */
        public long bytes() {
            return shift == 0 ? basePageBytes() : 1L << shift;
        }
    }

    private final Arena arena = Arena.ofShared();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final MemorySegment segment;
    private final long mappedBytes;
    private final Pages pages;
    private final int descriptor;

    private NativeMemory(final long address, final long lengthBytes, final long mappedBytes, final Pages pages,
        final int descriptor) {
        this.segment = MemorySegment.ofAddress(address).reinterpret(lengthBytes, arena, null);
        this.mappedBytes = mappedBytes;
        this.pages = pages;
        this.descriptor = descriptor;
    }

    /** Maps private anonymous memory of base pages. */
    public static NativeMemory anonymous(final long lengthBytes) throws IOException {
        return anonymous(lengthBytes, Pages.BASE);
    }

    /**
     * Maps private anonymous memory. Where the wanted huge pages are not to be had for this mapping, base pages (with
     * the hint to use transparent huge ones) are taken instead: {@link #pages()} says which were obtained.
     *
     * @param lengthBytes more than 0; rounded up to whole pages internally
     */
    public static NativeMemory anonymous(final long lengthBytes, final Pages wanted) throws IOException {
        NativeAccess.ensure();
        checkLength(lengthBytes);
        final int flags = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS;
        if (wanted != Pages.BASE) {
            final long rounded = roundUp(lengthBytes, wanted.bytes());
            final long address = mmap(rounded, flags | Libc.MAP_HUGETLB | wanted.shift << Libc.MAP_HUGE_SHIFT, -1);
            if (address > 0) {
                return new NativeMemory(address, lengthBytes, rounded, wanted, -1);
            }
        }
        final long rounded = roundUp(lengthBytes, basePageBytes());
        final NativeMemory memory = new NativeMemory(
            mapped("mmap", "anonymous memory", rounded, mmap(rounded, flags, -1)), lengthBytes, rounded, Pages.BASE,
            -1);
        if (wanted != Pages.BASE) {
            memory.advise(Libc.MADV_HUGEPAGE); // A hint: kernels without transparent huge pages refuse it, harmlessly.
        }
        return memory;
    }

    /**
     * Maps shared memory behind an unnamed file descriptor, which can be passed to another process: its size is sealed,
     * so the other cannot cut it off under this mapping. Huge pages fall back as in {@link #anonymous(long, Pages)}.
     *
     * @param name for /proc only, without a slash
     */
    public static NativeMemory memfd(final String name, final long lengthBytes, final Pages wanted) throws IOException {
        NativeAccess.ensure();
        checkLength(lengthBytes);
        if (wanted != Pages.BASE) {
            final int fd = memfdCreate(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING
                | Libc.MFD_HUGETLB | wanted.shift << Libc.MAP_HUGE_SHIFT);
            if (fd >= 0) {
                final long rounded = roundUp(lengthBytes, wanted.bytes());
                final long address = ftruncate(fd, rounded) == 0 ? mmap(rounded, Libc.MAP_SHARED, fd) : -1;
                if (address > 0) {
                    NativeDescriptor.sealSize(fd);
                    return new NativeMemory(address, lengthBytes, rounded, wanted, fd);
                }
                closeDescriptor(fd);
            }
        }
        final int fd = memfdCreate(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        if (fd < 0) {
            throw new NativeIoException("memfd_create", name, -fd, "");
        }
        try {
            final long rounded = roundUp(lengthBytes, basePageBytes());
            final int errno = ftruncate(fd, rounded);
            if (errno != 0) {
                throw new NativeIoException("ftruncate", "memfd " + name, errno, rounded + " bytes");
            }
            final long address = mapped("mmap", "memfd " + name, rounded, mmap(rounded, Libc.MAP_SHARED, fd));
            NativeDescriptor.sealSize(fd);
            return new NativeMemory(address, lengthBytes, rounded, Pages.BASE, fd);
        } catch (final IOException failed) {
            closeDescriptor(fd);
            throw failed;
        }
    }

    /**
     * Maps shared memory behind a descriptor that somebody else made, base pages assumed, and owns the descriptor from
     * then on, also when this fails.
     *
     * @param what what the descriptor is, for messages
     */
    static NativeMemory ofDescriptor(final String what, final int fd, final long lengthBytes) throws IOException {
        try {
            checkLength(lengthBytes);
            final long rounded = roundUp(lengthBytes, basePageBytes());
            final long address = mapped("mmap", what, rounded, mmap(rounded, Libc.MAP_SHARED, fd));
            return new NativeMemory(address, lengthBytes, rounded, Pages.BASE, fd);
        } catch (final IOException | RuntimeException failed) {
            closeDescriptor(fd);
            throw failed;
        }
    }

    /**
     * Maps a range of a device or file, shared. The descriptor stays the caller's; the mapping outlives its close.
     *
     * @param offset      a multiple of the page size
     * @param lengthBytes more than 0
     */
    static NativeMemory shared(final int descriptor, final long offset, final long lengthBytes)
        throws NativeIoException {
        checkLength(lengthBytes);
        final MemorySegment capture = Libc.capture();
        final long address;
        try {
            address = (long) Libc.MMAP.invokeExact(capture, MemorySegment.NULL, lengthBytes,
                Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, descriptor, offset);
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (address == -1) {
            throw new NativeIoException("mmap", "descriptor " + descriptor, Libc.errno(capture),
                lengthBytes + " bytes at offset " + offset);
        }
        return new NativeMemory(address, lengthBytes, lengthBytes, Pages.BASE, -1);
    }

    /** The machine's base page size in bytes. */
    public static int basePageBytes() {
        NativeAccess.ensure();
        try {
            return (int) Libc.GETPAGESIZE.invokeExact(Libc.capture());
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** The memory; accesses after {@link #close()} throw {@link IllegalStateException}. */
    @Override
    public MemorySegment segment() {
        return segment;
    }

    /** The address of the first byte in this process. */
    public long address() {
        return segment.address();
    }

    /** Bytes asked for. */
    public long lengthBytes() {
        return segment.byteSize();
    }

    /** Bytes mapped: {@link #lengthBytes()} rounded up to whole pages. */
    public long mappedBytes() {
        return mappedBytes;
    }

    /** The pages that were obtained. */
    public Pages pages() {
        return pages;
    }

    /** The memfd's descriptor, or -1. */
    public int descriptor() {
        return descriptor;
    }

    /**
     * Keeps the pages resident. False when a limit refuses (RLIMIT_MEMLOCK, or the container's): the memory works, and
     * may be written to swap.
     */
    public boolean lock() throws IOException {
        checkOpen();
        final MemorySegment capture = Libc.capture();
        try {
            if ((int) Libc.MLOCK.invokeExact(capture, segment, mappedBytes) == 0) {
                return true;
            }
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        final int errno = Libc.errno(capture);
        if (errno == Errno.EPERM || errno == Errno.ENOMEM || errno == Errno.EAGAIN) {
            return false;
        }
        throw new NativeIoException("mlock", "mapping", errno, mappedBytes + " bytes");
    }

    /**
     * Makes every page real now. False when there are not enough of them: touching the rest would be a SIGBUS. Kernels
     * before 5.14 cannot tell; there the answer is true.
     */
    boolean populate() throws IOException {
        checkOpen();
        final int errno = advise(Libc.MADV_POPULATE_WRITE);
        if (errno == 0 || errno == Errno.EINVAL) {
            return true;
        }
        if (errno == Errno.ENOMEM || errno == Errno.EFAULT || errno == Errno.EHWPOISON) {
            return false;
        }
        throw new NativeIoException("madvise", "mapping", errno, "POPULATE_WRITE of " + mappedBytes + " bytes");
    }

    /** Keeps the content out of core dumps. */
    public void excludeFromDump() throws IOException {
        adviseOrThrow(Libc.MADV_DONTDUMP, "DONTDUMP");
    }

    /** Keeps the mapping out of forked children: pages under DMA must not become copy-on-write. */
    public void excludeFromFork() throws IOException {
        adviseOrThrow(Libc.MADV_DONTFORK, "DONTFORK");
    }

    private void adviseOrThrow(final int advice, final String name) throws IOException {
        checkOpen();
        final int errno = advise(advice);
        if (errno != 0) {
            throw new NativeIoException("madvise", "mapping", errno, name);
        }
    }

    private int advise(final int advice) {
        final MemorySegment capture = Libc.capture();
        try {
            return (int) Libc.MADVISE.invokeExact(capture, segment, mappedBytes, advice) == 0 ? 0 : Libc.errno(capture);
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    private void checkOpen() {
        if (closed.get()) {
            throw new IllegalStateException("the mapping is closed");
        }
    }

    /**
     * Unmaps; later accesses through the segment throw. Idempotent.
     *
     * @throws IllegalStateException when a native call still uses the segment; nothing was unmapped, close again later
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        final MemorySegment raw = MemorySegment.ofAddress(segment.address());
        try {
            arena.close();
        } catch (final IllegalStateException inUse) {
            closed.set(false);
            throw inUse;
        }
        final MemorySegment capture = Libc.capture();
        try {
            if ((int) Libc.MUNMAP.invokeExact(capture, raw, mappedBytes) != 0) {
                throw new IllegalStateException("munmap of " + mappedBytes + " bytes: "
                    + Errno.name(Libc.errno(capture)));
            }
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            if (descriptor >= 0) {
                closeDescriptor(descriptor);
            }
        }
    }

    private static void checkLength(final long lengthBytes) {
        if (lengthBytes <= 0) {
            throw new IllegalArgumentException("length " + lengthBytes + " is not positive");
        }
    }

    private static long roundUp(final long value, final long unit) {
        return Math.addExact(value, unit - 1) & -unit;
    }

    private static long mapped(final String operation, final String what, final long length, final long address)
        throws NativeIoException {
        if (address < 0) {
            throw new NativeIoException(operation, what, (int) -address, length + " bytes");
        }
        return address;
    }

    /** The address, or minus errno. */
    private static long mmap(final long length, final int flags, final int fd) {
        final MemorySegment capture = Libc.capture();
        try {
            final long address = (long) Libc.MMAP.invokeExact(capture, MemorySegment.NULL, length,
                Libc.PROT_READ | Libc.PROT_WRITE, flags, fd, 0L);
            return address == -1 ? -Libc.errno(capture) : address;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** The descriptor, or minus errno. */
    private static int memfdCreate(final String name, final int flags) {
        final MemorySegment capture = Libc.capture();
        try (Arena arena = Arena.ofConfined()) {
            final int fd = (int) Libc.MEMFD_CREATE.invokeExact(capture, arena.allocateFrom(name), flags);
            return fd < 0 ? -Libc.errno(capture) : fd;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    private static int ftruncate(final int fd, final long length) {
        final MemorySegment capture = Libc.capture();
        try {
            return (int) Libc.FTRUNCATE.invokeExact(capture, fd, length) == 0 ? 0 : Libc.errno(capture);
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** A memfd has nothing to write back: its close cannot fail in a way that matters. */
    private static void closeDescriptor(final int fd) {
        try {
            final int ignored = (int) Libc.CLOSE.invokeExact(Libc.capture(), fd);
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}
