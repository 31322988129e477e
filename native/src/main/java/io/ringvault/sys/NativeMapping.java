package io.ringvault.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A shared mapping of a part of somebody else's file: device registers, or memory that another process handed over.
 *
 * <p>A regular file is checked to be large enough. If its owner shrinks it afterwards, the kernel answers an access
 * with SIGBUS, which the JVM turns into an {@link InternalError} in the accessing thread (and a system call into
 * EFAULT): whoever maps foreign files must take that as the peer's failure. Only a sealed file (see {@link
 * NativeMemory#memfd}) rules it out.
 *
 * <p>Any thread. After {@link #close()} an access throws {@link IllegalStateException}.
 */
public final class NativeMapping implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final MemorySegment raw;
    private final MemorySegment segment;

    private NativeMapping(final long address, final long lengthBytes, final boolean writable) {
        this.raw = MemorySegment.ofAddress(address);
        final MemorySegment whole = raw.reinterpret(lengthBytes, arena, null);
        this.segment = writable ? whole : whole.asReadOnly();
    }

    /**
     * Maps; the descriptor may be closed afterwards.
     *
     * @param offset      a multiple of the base page, 0 or more
     * @param lengthBytes a multiple of the base page, more than 0; for huge pages a multiple of those
     * @throws NativeIoException with EINVAL when the range is not inside the file or not aligned, otherwise as the
     *     kernel says
     */
    public static NativeMapping map(final NativeDescriptor file, final long offset, final long lengthBytes,
        final boolean writable) throws IOException {
        NativeAccess.ensure();
        check(file, offset, lengthBytes);
        final MemorySegment capture = Libc.capture();
        final int protection = writable ? Libc.PROT_READ | Libc.PROT_WRITE : Libc.PROT_READ;
        try {
            final long address = (long) Libc.MMAP.invokeExact(capture, MemorySegment.NULL, lengthBytes, protection,
                Libc.MAP_SHARED, file.number(), offset);
            if (address == -1) {
                throw new NativeIoException("mmap", file.toString(), Libc.errno(capture),
                    lengthBytes + " bytes at offset " + offset);
            }
            return new NativeMapping(address, lengthBytes, writable);
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    private static void check(final NativeDescriptor file, final long offset, final long lengthBytes)
        throws IOException {
        final long page = NativeMemory.basePageBytes();
        String wrong = "";
        if (offset < 0 || lengthBytes <= 0 || ((offset | lengthBytes) & page - 1) != 0
            || offset > Long.MAX_VALUE - lengthBytes) {
            wrong = "not whole pages";
        } else if (file.isRegularFile()) {
            final long hugePage = file.blockBytes() >= 1 << 20 ? file.blockBytes() : page;
            if (offset + lengthBytes > file.sizeBytes()) {
                wrong = "the file has " + file.sizeBytes() + " bytes only";
            } else if (lengthBytes % hugePage != 0 || offset % hugePage != 0) {
                wrong = "not whole pages of " + hugePage + " bytes";
            }
        }
        if (!wrong.isEmpty()) {
            throw new NativeIoException("mmap", file.toString(), Errno.EINVAL,
                lengthBytes + " bytes at offset " + offset + ": " + wrong);
        }
    }

    /** The memory. */
    public MemorySegment segment() {
        return segment;
    }

    /**
     * Unmaps. Idempotent.
     *
     * @throws IllegalStateException when a native call still uses the segment; nothing was unmapped, close again later
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            arena.close();
        } catch (final IllegalStateException inUse) {
            closed.set(false);
            throw inUse;
        }
        final MemorySegment capture = Libc.capture();
        try {
            if ((int) Libc.MUNMAP.invokeExact(capture, raw, segment.byteSize()) != 0) {
                throw new IllegalStateException("munmap of " + segment.byteSize() + " bytes: "
                    + Errno.name(Libc.errno(capture)));
            }
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}
