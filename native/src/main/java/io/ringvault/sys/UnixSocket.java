package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A stream socket of the unix domain that can pass file descriptors, which java.nio's cannot.
 *
 * <p>Every call has a time limit in milliseconds and may be made by any thread, but bytes of two senders (or for two
 * receivers) at once are mixed: callers take turns. {@link #shutdown()} ends calls of other threads; {@link #close()}
 * waits for them. Control plane: allocates and blocks.
 *
 * <p>A received descriptor is always either in the caller's list or closed: also when the call fails, when the kernel
 * had to cut the list short, and when the peer sent more than the caller asked for.
 */
public final class UnixSocket implements AutoCloseable {
    /** The most descriptors that one {@link #receive} takes. */
    public static final int MAX_DESCRIPTORS = 64;
    /** The most descriptors that the kernel passes at once (SCM_MAX_FD). */
    public static final int MAX_SENT_DESCRIPTORS = 253;
    /** Longest path in bytes that a socket address holds. */
    public static final int MAX_PATH_BYTES = LibcSockets.SUN_PATH_BYTES - 1;

    private static final long RETRY_NS = 2_000_000;

    private final ReentrantReadWriteLock guard = new ReentrantReadWriteLock();
    private final String name;
    private int fd;

    private UnixSocket(final int fd, final String name) {
        this.fd = fd;
        this.name = name;
    }

    /**
     * Connects. While the server's backlog is full this waits, up to the limit.
     *
     * @throws NativeIoException with the kernel's errno: ENOENT, ECONNREFUSED, ETIMEDOUT when the limit passed
     */
    public static UnixSocket connect(final Path path, final long timeoutMs) throws IOException {
        final UnixSocket socket = create(path);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment address = address(arena, path);
            final long deadline = deadline(timeoutMs);
            final MemorySegment capture = Libc.capture();
            while ((int) LibcSockets.CONNECT.invokeExact(capture, socket.fd, address, (int) address.byteSize()) != 0) {
                final int errno = Libc.errno(capture);
                if (errno != Errno.EAGAIN && errno != Errno.EINTR) {
                    throw new NativeIoException("connect", path.toString(), errno, "");
                }
                if (System.nanoTime() - deadline > 0) {
                    throw new NativeIoException("connect", path.toString(), Errno.ETIMEDOUT,
                        "the server's backlog stayed full");
                }
                LockSupport.parkNanos(RETRY_NS);
            }
            return socket;
        } catch (final Throwable thrown) {
            socket.close();
            throw failure(thrown);
        }
    }

    /**
     * Binds and listens. The path must not exist; only this user may connect.
     *
     * @throws NativeIoException EADDRINUSE when the path exists
     */
    public static UnixSocket listen(final Path path, final int backlog) throws IOException {
        final UnixSocket socket = create(path);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment address = address(arena, path);
            final MemorySegment capture = Libc.capture();
            // The inode that bind makes takes the socket's mode: there is no moment at which others may connect.
            if ((int) LibcSockets.FCHMOD.invokeExact(capture, socket.fd, 0600) != 0) {
                throw new NativeIoException("fchmod", path.toString(), Libc.errno(capture), "");
            }
            if ((int) LibcSockets.BIND.invokeExact(capture, socket.fd, address, (int) address.byteSize()) != 0) {
                throw new NativeIoException("bind", path.toString(), Libc.errno(capture), "");
            }
            if ((int) LibcSockets.LISTEN.invokeExact(capture, socket.fd, backlog) != 0) {
                throw new NativeIoException("listen", path.toString(), Libc.errno(capture), "");
            }
            return socket;
        } catch (final Throwable thrown) {
            socket.close();
            throw failure(thrown);
        }
    }

    private static UnixSocket create(final Path path) throws IOException {
        NativeAccess.ensure();
        final MemorySegment capture = Libc.capture();
        try {
            final int fd = (int) LibcSockets.SOCKET.invokeExact(capture, LibcSockets.AF_UNIX,
                LibcSockets.SOCK_STREAM | LibcSockets.SOCK_NONBLOCK | LibcSockets.SOCK_CLOEXEC, 0);
            if (fd < 0) {
                throw new NativeIoException("socket", path.toString(), Libc.errno(capture), "");
            }
            return new UnixSocket(fd, path.toString());
        } catch (final Throwable thrown) {
            throw failure(thrown);
        }
    }

    private static MemorySegment address(final Arena arena, final Path path) throws IOException {
        final byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MAX_PATH_BYTES) {
            throw new NativeIoException("socket address", path.toString(), Errno.ENAMETOOLONG,
                bytes.length + " bytes; 1 to " + MAX_PATH_BYTES + " fit");
        }
        final MemorySegment address = arena.allocate(LibcSockets.SUN_PATH + LibcSockets.SUN_PATH_BYTES, Long.BYTES);
        address.set(JAVA_SHORT, 0, (short) LibcSockets.AF_UNIX);
        MemorySegment.copy(bytes, 0, address, JAVA_BYTE, LibcSockets.SUN_PATH, bytes.length);
        return address;
    }

    /** The next connection of a listening socket; null when none comes within the limit or after shutdown. */
    public UnixSocket accept(final long timeoutMs) throws IOException {
        guard.readLock().lock();
        try {
            final long deadline = deadline(timeoutMs);
            final MemorySegment capture = Libc.capture();
            while (true) {
                final int accepted = (int) LibcSockets.ACCEPT4.invokeExact(capture, openFd(), MemorySegment.NULL,
                    MemorySegment.NULL, LibcSockets.SOCK_NONBLOCK | LibcSockets.SOCK_CLOEXEC);
                if (accepted >= 0) {
                    return new UnixSocket(accepted, name);
                }
                final int errno = Libc.errno(capture);
                if (errno == Errno.EINVAL) {
                    return null; // shut down
                }
                if (errno != Errno.EAGAIN && errno != Errno.EINTR && errno != Errno.ECONNABORTED) {
                    throw new NativeIoException("accept", name, errno, "");
                }
                final int events = errno == Errno.EAGAIN ? waitFor(LibcSockets.POLLIN, deadline) : LibcSockets.POLLIN;
                if (events == 0 || (events & LibcSockets.POLLHUP) != 0) {
                    return null; // nobody came, or it was shut down, which a non-blocking accept does not say
                }
            }
        } catch (final Throwable thrown) {
            throw failure(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    /**
     * Sends all of the bytes, and with the first of them copies of the descriptors, which stay open here.
     *
     * @param data a native segment
     * @throws NativeIoException EPIPE or ECONNRESET when the peer is gone; ETIMEDOUT when it does not take the bytes
     *     within the limit: the stream is then useless
     */
    public void send(final MemorySegment data, final long timeoutMs, final int... descriptors) throws IOException {
        if (descriptors.length > MAX_SENT_DESCRIPTORS) {
            throw new IllegalArgumentException(descriptors.length + " descriptors in one message");
        }
        guard.readLock().lock();
        try (Arena arena = Arena.ofConfined()) {
            final long deadline = deadline(timeoutMs);
            final Message message = new Message(arena, descriptors.length);
            message.attach(descriptors);
            final MemorySegment capture = Libc.capture();
            long done = 0;
            while (done < data.byteSize()) {
                message.data(data.asSlice(done));
                final long sent = (long) LibcSockets.SENDMSG.invokeExact(capture, openFd(), message.header,
                    LibcSockets.MSG_NOSIGNAL | LibcSockets.MSG_DONTWAIT);
                if (sent >= 0) {
                    done += sent;
                    message.detach();
                    continue;
                }
                retryOrThrow("sendmsg", capture, LibcSockets.POLLOUT, deadline, done);
            }
        } catch (final Throwable thrown) {
            throw failure(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    /**
     * Receives until the segment is full or the peer has closed.
     *
     * @param data        a native segment, filled from its start
     * @param descriptors gets what came along, in order, at most {@code maximum} in all; the caller closes them. What
     *                    is beyond is closed, and the call fails with EMSGSIZE
     * @return bytes received: less than the segment holds only at the end of the stream
     * @throws NativeIoException ETIMEDOUT when the limit passes first; the number of bytes that had come is lost
     */
    public long receive(final MemorySegment data, final long timeoutMs, final List<NativeDescriptor> descriptors,
        final int maximum) throws IOException {
        guard.readLock().lock();
        try (Arena arena = Arena.ofConfined()) {
            final long deadline = deadline(timeoutMs);
            final Message message = new Message(arena, MAX_DESCRIPTORS);
            final MemorySegment capture = Libc.capture();
            boolean tooMany = false;
            long done = 0;
            while (done < data.byteSize()) {
                message.data(data.asSlice(done));
                message.expectDescriptors();
                final long received = (long) LibcSockets.RECVMSG.invokeExact(capture, openFd(), message.header,
                    LibcSockets.MSG_DONTWAIT | LibcSockets.MSG_CMSG_CLOEXEC);
                if (received < 0) {
                    retryOrThrow("recvmsg", capture, LibcSockets.POLLIN, deadline, done);
                    continue;
                }
                tooMany |= message.takeDescriptors(descriptors, maximum);
                if (received == 0) {
                    break;
                }
                done += received;
            }
            if (tooMany) {
                throw new NativeIoException("recvmsg", name, Errno.EMSGSIZE, "more than " + maximum + " descriptors");
            }
            return done;
        } catch (final Throwable thrown) {
            throw failure(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    private void retryOrThrow(final String operation, final MemorySegment capture, final int events,
        final long deadline, final long done) throws Throwable {
        final int errno = Libc.errno(capture);
        if (errno == Errno.EINTR) {
            return;
        }
        if (errno != Errno.EAGAIN) {
            throw new NativeIoException(operation, name, errno, "");
        }
        if (waitFor(events, deadline) == 0) {
            throw new NativeIoException(operation, name, Errno.ETIMEDOUT, "after " + done + " bytes");
        }
    }

    /** Whether something can be read (bytes or the end of the stream) within the limit. */
    public boolean awaitReadable(final long timeoutMs) throws IOException {
        return await(LibcSockets.POLLIN, timeoutMs);
    }

    /** Whether the peer has closed or died, or this side was shut down, within the limit. Reads nothing. */
    public boolean awaitHangUp(final long timeoutMs) throws IOException {
        return await(LibcSockets.POLLRDHUP, timeoutMs);
    }

    private boolean await(final int events, final long timeoutMs) throws IOException {
        guard.readLock().lock();
        try {
            return waitFor(events, deadline(timeoutMs)) != 0;
        } catch (final Throwable thrown) {
            throw failure(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    /** The events that came, errors and hang-ups among them; 0 when the deadline passed. */
    private int waitFor(final int events, final long deadline) throws Throwable {
        final MemorySegment capture = Libc.capture();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment poll = arena.allocate(LibcSockets.POLLFD_BYTES, Long.BYTES);
            poll.set(JAVA_INT, 0, openFd());
            poll.set(JAVA_SHORT, LibcSockets.POLLFD_EVENTS, (short) events);
            while (true) {
                final long leftMs = Math.max(0, (deadline - System.nanoTime() + 999_999) / 1_000_000);
                final int ready = (int) LibcSockets.POLL.invokeExact(capture, poll, 1L,
                    (int) Math.min(leftMs, Integer.MAX_VALUE));
                if (ready > 0) {
                    return poll.get(JAVA_SHORT, LibcSockets.POLLFD_REVENTS) & 0xFFFF;
                }
                if (ready < 0 && Libc.errno(capture) != Errno.EINTR) {
                    throw new NativeIoException("poll", name, Libc.errno(capture), "");
                }
                if (System.nanoTime() - deadline >= 0) {
                    return 0;
                }
            }
        }
    }

    /** Ends the stream in both directions and wakes whoever waits on it. Never fails; any thread. */
    public void shutdown() {
        guard.readLock().lock();
        try {
            if (fd >= 0) {
                // ENOTCONN says that the peer was faster.
                final int ignored = (int) LibcSockets.SHUTDOWN.invokeExact(Libc.capture(), fd, LibcSockets.SHUT_RDWR);
            }
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.readLock().unlock();
        }
    }

    private int openFd() throws NativeIoException {
        if (fd < 0) {
            throw new NativeIoException("socket", name, Errno.EBADF, "closed here");
        }
        return fd;
    }

    private static long deadline(final long timeoutMs) {
        return System.nanoTime() + Math.clamp(timeoutMs, 0L, 1L << 40) * 1_000_000;
    }

    private static IOException failure(final Throwable thrown) {
        if (thrown instanceof final IOException known) {
            return known;
        }
        throw Libc.unexpected(thrown);
    }

    /** Shuts down, waits for calls of other threads to end, closes. Idempotent. */
    @Override
    public void close() {
        shutdown();
        guard.writeLock().lock();
        try {
            if (fd >= 0) {
                final int closing = fd;
                fd = -1;
                final int ignored = (int) Libc.CLOSE.invokeExact(Libc.capture(), closing);
            }
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        } finally {
            guard.writeLock().unlock();
        }
    }

    @Override
    public String toString() {
        return "UnixSocket[" + name + "]";
    }

    /** One msghdr with one iovec and room for descriptors. */
    private static final class Message {
        private final MemorySegment header;
        private final MemorySegment vector;
        private final MemorySegment control;

        Message(final Arena arena, final int descriptors) {
            header = arena.allocate(LibcSockets.MSGHDR_BYTES, Long.BYTES);
            vector = arena.allocate(LibcSockets.IOVEC_BYTES, Long.BYTES);
            control = arena.allocate(LibcSockets.CMSG_DATA + (Integer.BYTES * descriptors + 7 & -8), Long.BYTES);
            header.set(ADDRESS, LibcSockets.MSGHDR_IOV, vector);
            header.set(JAVA_LONG, LibcSockets.MSGHDR_IOVLEN, 1);
        }

        void data(final MemorySegment data) {
            vector.set(ADDRESS, 0, data);
            vector.set(JAVA_LONG, 8, data.byteSize());
        }

        void attach(final int... descriptors) {
            if (descriptors.length == 0) {
                return;
            }
            control.set(JAVA_LONG, 0, LibcSockets.CMSG_DATA + (long) Integer.BYTES * descriptors.length);
            control.set(JAVA_INT, LibcSockets.CMSG_LEVEL, LibcSockets.SOL_SOCKET);
            control.set(JAVA_INT, LibcSockets.CMSG_TYPE, LibcSockets.SCM_RIGHTS);
            for (int i = 0; i < descriptors.length; i++) {
                control.set(JAVA_INT, LibcSockets.CMSG_DATA + (long) Integer.BYTES * i, descriptors[i]);
            }
            header.set(ADDRESS, LibcSockets.MSGHDR_CONTROL, control);
            header.set(JAVA_LONG, LibcSockets.MSGHDR_CONTROLLEN, control.byteSize());
        }

        void detach() {
            header.set(ADDRESS, LibcSockets.MSGHDR_CONTROL, MemorySegment.NULL);
            header.set(JAVA_LONG, LibcSockets.MSGHDR_CONTROLLEN, 0);
        }

        void expectDescriptors() {
            header.set(ADDRESS, LibcSockets.MSGHDR_CONTROL, control);
            header.set(JAVA_LONG, LibcSockets.MSGHDR_CONTROLLEN, control.byteSize());
        }

        /** Moves what came into the list, up to the maximum, and closes the rest; whether there was a rest. */
        boolean takeDescriptors(final List<NativeDescriptor> taken, final int maximum) {
            final long length = Math.min(header.get(JAVA_LONG, LibcSockets.MSGHDR_CONTROLLEN), control.byteSize());
            boolean tooMany = (header.get(JAVA_INT, LibcSockets.MSGHDR_FLAGS) & LibcSockets.MSG_CTRUNC) != 0;
            long at = 0;
            while (at + LibcSockets.CMSG_DATA <= length) {
                final long part = control.get(JAVA_LONG, at);
                if (part < LibcSockets.CMSG_DATA || part > length - at) {
                    break;
                }
                if (control.get(JAVA_INT, at + LibcSockets.CMSG_LEVEL) == LibcSockets.SOL_SOCKET
                    && control.get(JAVA_INT, at + LibcSockets.CMSG_TYPE) == LibcSockets.SCM_RIGHTS) {
                    for (long i = LibcSockets.CMSG_DATA; i + Integer.BYTES <= part; i += Integer.BYTES) {
                        final NativeDescriptor descriptor = new NativeDescriptor(control.get(JAVA_INT, at + i));
                        if (taken.size() < maximum) {
                            taken.add(descriptor);
                        } else {
                            descriptor.close();
                            tooMany = true;
                        }
                    }
                }
                at += part + 7 & -8;
            }
            return tooMany;
        }
    }
}
