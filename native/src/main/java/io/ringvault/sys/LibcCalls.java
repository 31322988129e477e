package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** {@link SystemCalls} by libc. Stateless. */
final class LibcCalls implements SystemCalls {
    static final LibcCalls INSTANCE = new LibcCalls();

    /** struct pollfd: fd at 0, events at 4, revents at 6. */
    private static final long POLLFD_LENGTH = 8;
    private static final long POLLFD_EVENTS_OFFSET = 4;
    private static final long POLLFD_REVENTS_OFFSET = 6;

    private LibcCalls() {
    }

    private static String name(final int descriptor) {
        return "descriptor " + descriptor;
    }

    @Override
    public int open(final Path path, final boolean writable) throws NativeIoException {
        NativeAccess.ensure();
        final MemorySegment capture = Libc.capture();
        final int flags = (writable ? Libc.O_RDWR : Libc.O_RDONLY) | Libc.O_CLOEXEC;
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment text = arena.allocateFrom(path.toString());
            while (true) {
                final int fd = (int) Libc.OPEN.invokeExact(capture, text, flags, 0);
                if (fd >= 0) {
                    return fd;
                }
                check("open", path.toString(), capture);
            }
        } catch (final NativeIoException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Returns when the call was merely interrupted. */
    private static void check(final String operation, final String object, final MemorySegment capture)
        throws NativeIoException {
        final int errno = Libc.errno(capture);
        if (errno != Errno.EINTR) {
            throw new NativeIoException(operation, object, errno, "");
        }
    }

    @Override
    public void close(final int descriptor) {
        try {
            final int ignored = (int) Libc.CLOSE.invokeExact(Libc.capture(), descriptor);
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    @Override
    public int ioctl(final String what, final int descriptor, final long request, final MemorySegment argument)
        throws NativeIoException {
        final MemorySegment capture = Libc.capture();
        try {
            while (true) {
                final int result = (int) Libc.IOCTL.invokeExact(capture, descriptor, request, argument);
                if (result >= 0) {
                    return result;
                }
                check(what, name(descriptor), capture);
            }
        } catch (final NativeIoException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    @Override
    public int ioctl(final String what, final int descriptor, final long request, final long argument)
        throws NativeIoException {
        return ioctl(what, descriptor, request, MemorySegment.ofAddress(argument));
    }

    @Override
    public Mapping map(final int descriptor, final long offset, final long lengthBytes) throws NativeIoException {
        return NativeMemory.shared(descriptor, offset, lengthBytes);
    }

    @Override
    public void read(final int descriptor, final long offset, final MemorySegment target) throws NativeIoException {
        final MemorySegment capture = Libc.capture();
        try {
            while (true) {
                final long done = (long) Libc.PREAD.invokeExact(capture, descriptor, target, target.byteSize(), offset);
                if (done == target.byteSize()) {
                    return;
                }
                checkLength("pread", descriptor, offset, target.byteSize(), done, capture);
            }
        } catch (final NativeIoException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    @Override
    public void write(final int descriptor, final long offset, final MemorySegment source) throws NativeIoException {
        final MemorySegment capture = Libc.capture();
        try {
            while (true) {
                final long done = (long) Libc.PWRITE.invokeExact(capture, descriptor, source, source.byteSize(),
                    offset);
                if (done == source.byteSize()) {
                    return;
                }
                checkLength("pwrite", descriptor, offset, source.byteSize(), done, capture);
            }
        } catch (final NativeIoException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    private static void checkLength(final String operation, final int descriptor, final long offset, final long wanted,
        final long done, final MemorySegment capture) throws NativeIoException {
        if (done >= 0) {
            throw new NativeIoException(operation, name(descriptor), 0,
                done + " of " + wanted + " bytes at offset " + offset);
        }
        check(operation, name(descriptor), capture);
    }

    @Override
    public int eventDescriptor() throws NativeIoException {
        final MemorySegment capture = Libc.capture();
        try {
            final int fd = (int) Libc.EVENTFD.invokeExact(capture, 0, Libc.O_CLOEXEC);
            if (fd < 0) {
                throw new NativeIoException("eventfd", "event counter", Libc.errno(capture), "");
            }
            return fd;
        } catch (final NativeIoException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    @Override
    public boolean readable(final int descriptor) throws NativeIoException {
        final MemorySegment capture = Libc.capture();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment entry = arena.allocate(POLLFD_LENGTH, Integer.BYTES);
            entry.set(JAVA_INT, 0, descriptor);
            entry.set(JAVA_SHORT, POLLFD_EVENTS_OFFSET, (short) Libc.POLLIN);
            while (true) {
                final int ready = (int) Libc.POLL.invokeExact(capture, entry, 1L, 0);
                if (ready >= 0) {
                    return (entry.get(JAVA_SHORT, POLLFD_REVENTS_OFFSET) & Libc.POLLIN) != 0;
                }
                check("poll", name(descriptor), capture);
            }
        } catch (final NativeIoException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}
