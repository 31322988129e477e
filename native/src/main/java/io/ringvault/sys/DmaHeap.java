package io.ringvault.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A kernel's DMA heap: gives out dma-bufs, memory behind a descriptor that a device can reach. linux/dma-heap.h,
 * linux/dma-buf.h. The heap {@code system_cc_shared} of a confidential guest gives memory that is shared with the
 * host, and never to be made private again while it is mapped.
 *
 * <p>An interface so that what is done with the memory is tested where no such heap exists.
 */
interface DmaHeap {
    /** Where heaps are. */
    String FOLDER = "dev/dma_heap";
    /** The heap of pages shared with the host. */
    String SHARED = "system_cc_shared";

    /** Bytes of {@code struct dma_heap_allocation_data}: len 0 (64), fd 8 (32), fd_flags 12 (32), heap_flags 16. */
    int ALLOCATION_DATA_LENGTH = 24;
    /** Offset of {@code len}. */
    int LEN_OFFSET = 0;
    /** Offset of {@code fd}. */
    int FD_OFFSET = 8;
    /** Offset of {@code fd_flags}. */
    int FD_FLAGS_OFFSET = 12;
    /** Offset of {@code heap_flags}. */
    int HEAP_FLAGS_OFFSET = 16;
    /** {@code _IOWR('H', 0, struct dma_heap_allocation_data)}. */
    long IOCTL_ALLOC = 0xC0184800L;
    /** {@code _IOW('b', 0, struct dma_buf_sync)}. */
    long IOCTL_SYNC = 0x40086200L;
    /** A CPU access begins: flags of DMA_BUF_IOCTL_SYNC. */
    long SYNC_START = 0;
    /** A CPU access ends. */
    long SYNC_END = 4;
    /** It reads. */
    long SYNC_READ = 1;
    /** It writes. */
    long SYNC_WRITE = 2;

    /** A new, zeroed dma-buf of whole pages; the caller owns the descriptor. */
    int allocate(long lengthBytes) throws IOException;

    /** DMA_BUF_IOCTL_SYNC on a dma-buf of this heap. */
    void sync(int descriptor, long flags) throws IOException;

    /** The heap behind a device file. */
    static DmaHeap kernel(final Path path) {
        return new Kernel(path);
    }

    /** The system calls. */
    record Kernel(Path path) implements DmaHeap {

        @Override
        public int allocate(final long lengthBytes) throws IOException {
            if (!Files.exists(path)) {
                throw new NativeIoException("open", path.toString(), Errno.ENOENT,
                    "this kernel has no heap of shared memory; newer ones have it with CONFIG_DMABUF_HEAPS_SYSTEM");
            }
            try (NativeFile heap = NativeFile.open(path, NativeFile.Option.READ_WRITE);
                Arena arena = Arena.ofConfined()) {
                final MemorySegment data = arena.allocate(ALLOCATION_DATA_LENGTH, 8);
                data.set(ValueLayout.JAVA_LONG, LEN_OFFSET, lengthBytes);
                data.set(ValueLayout.JAVA_INT, FD_FLAGS_OFFSET, Libc.O_RDWR | Libc.O_CLOEXEC);
                ioctl(heap.descriptor(), IOCTL_ALLOC, data, path + ", " + lengthBytes + " bytes");
                return data.get(ValueLayout.JAVA_INT, FD_OFFSET);
            }
        }

        @Override
        public void sync(final int descriptor, final long flags) throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                ioctl(descriptor, IOCTL_SYNC, arena.allocateFrom(ValueLayout.JAVA_LONG, flags), "dma-buf sync");
            }
        }

        private static void ioctl(final int descriptor, final long request, final MemorySegment data,
            final String what) throws IOException {
            final MemorySegment capture = Libc.capture();
            try {
                while ((int) Libc.IOCTL.invokeExact(capture, descriptor, request, data) != 0) {
                    final int errno = Libc.errno(capture);
                    if (errno != Errno.EINTR && errno != Errno.EAGAIN) {
                        throw new NativeIoException("ioctl", what, errno, "0x" + Long.toHexString(request));
                    }
                }
            } catch (final IOException failed) {
                throw failed;
            } catch (final Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
        }
    }
}
