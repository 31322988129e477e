package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open file descriptor that this process owns, of whatever kind: received through a socket, or duplicated to be
 * given away. Whoever holds it closes it. Any thread; closing while another thread uses it is the owner's error.
 */
public final class NativeDescriptor implements AutoCloseable {
    private static final int TYPE_MASK = 0xF000;
    private static final int REGULAR = 0x8000;

    private final AtomicInteger number;

    /** What the kernel says about a descriptor: regular file or not, its size and preferred block in bytes. */
    private record Status(boolean regular, long sizeBytes, int blockBytes) {
    }

    NativeDescriptor(final int number) {
        this.number = new AtomicInteger(number);
    }

    /** The number; {@link IllegalStateException} when closed. */
    public int number() {
        final int open = number.get();
        if (open < 0) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return open;
    }

    /** A second descriptor for the same open file, closed on exec. */
    public NativeDescriptor duplicate() throws IOException {
        return duplicate(number());
    }

    /** A second descriptor for the file behind {@code descriptor}, which stays open. */
    public static NativeDescriptor duplicate(final int descriptor) throws IOException {
        NativeAccess.ensure();
        final MemorySegment capture = Libc.capture();
        try {
            final int copy = (int) LibcSockets.FCNTL.invokeExact(capture, descriptor, LibcSockets.F_DUPFD_CLOEXEC, 0);
            if (copy < 0) {
                throw new NativeIoException("fcntl", "descriptor " + descriptor, Libc.errno(capture), "F_DUPFD");
            }
            return new NativeDescriptor(copy);
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Whether it is a regular file, which shared memory (memfd, hugetlbfs, tmpfs) is too. */
    public boolean isRegularFile() throws IOException {
        return status().regular;
    }

    /** Bytes of the file at this moment. */
    public long sizeBytes() throws IOException {
        return status().sizeBytes;
    }

    /** The file's preferred block: of memory in huge pages, the page. */
    public int blockBytes() throws IOException {
        return status().blockBytes;
    }

    private Status status() throws IOException {
        final MemorySegment capture = Libc.capture();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment statx = arena.allocate(LibcSockets.STATX_BYTES, Long.BYTES);
            final int failed = (int) LibcSockets.STATX.invokeExact(capture, number(), arena.allocateFrom(""),
                LibcSockets.AT_EMPTY_PATH, LibcSockets.STATX_TYPE_MODE_SIZE, statx);
            if (failed != 0) {
                throw new NativeIoException("statx", toString(), Libc.errno(capture), "");
            }
            return new Status((statx.get(JAVA_SHORT, LibcSockets.STATX_MODE) & TYPE_MASK) == REGULAR,
                statx.get(JAVA_LONG, LibcSockets.STATX_SIZE), statx.get(JAVA_INT, LibcSockets.STATX_BLKSIZE));
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /**
     * Fixes the size of shared memory for good, so that nobody who gets the descriptor can shrink it below a mapping.
     * False where the file does not take seals.
     */
    static boolean sealSize(final int descriptor) {
        final int seals = LibcSockets.F_SEAL_SHRINK | LibcSockets.F_SEAL_GROW | LibcSockets.F_SEAL_SEAL;
        try {
            return (int) LibcSockets.FCNTL.invokeExact(Libc.capture(), descriptor, LibcSockets.F_ADD_SEALS, seals) == 0;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Idempotent. What close reports is not an error: Linux frees the number in any case. */
    @Override
    public void close() {
        final int open = number.getAndSet(-1);
        if (open >= 0) {
            try {
                final int ignored = (int) Libc.CLOSE.invokeExact(Libc.capture(), open);
            } catch (final Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
        }
    }

    @Override
    public String toString() {
        final int open = number.get();
        return open < 0 ? "closed descriptor" : "descriptor " + open;
    }
}
