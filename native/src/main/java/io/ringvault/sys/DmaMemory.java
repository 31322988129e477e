package io.ringvault.sys;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Memory that a device, or another process that plays one, reads and writes: always kept out of forked children and
 * core dumps, locked where its pages could otherwise move to swap.
 *
 * <p>Where it comes from:
 * <pre>
 *   a device, ordinary machine      private huge pages, else base pages, which {@link #description()} then says
 *   a device, confidential guest    a dma-buf of the heap system_cc_shared: private pages refuse DMA
 *   another process                 a memfd of huge pages, else of base pages, whose descriptor can be passed on
 * </pre>
 * Huge pages are touched here, so that a pool which turns out to be short is a fall-back and not a later SIGBUS.
 *
 * <p>Control plane, any thread; the segment may be used by all threads until {@link #close()}. Never holds plaintext
 * or keys.
 */
public final class DmaMemory implements AutoCloseable {

    /** Who is at the other end. */
    public enum Peer {
        /** A device, through DMA. */
        DEVICE,
        /** A process, which maps the descriptor. */
        PROCESS
    }

    /** Where the memory came from. */
    public enum Source {
        /** A private mapping. */
        ANONYMOUS,
        /** A shared mapping of an unnamed file. */
        MEMFD,
        /** A dma-buf of memory shared with the host of a confidential guest. */
        SHARED_HEAP
    }

    /** From this length on huge pages are tried; below it most of one would be wasted. */
    public static final long HUGE_FROM_BYTES = 2L << 20;

    private final NativeMemory memory;
    private final Source source;
    private final DmaHeap heap;
    private final boolean locked;
    private final String shortage;

    private DmaMemory(final NativeMemory memory, final Source source, final DmaHeap heap, final String shortage)
        throws IOException {
        this.memory = memory;
        this.source = source;
        this.heap = heap;
        this.shortage = shortage;
        try {
            memory.excludeFromFork();
            memory.excludeFromDump();
            // Huge pages never go to swap; the pages of a dma-buf are the kernel's own.
            this.locked = source == Source.SHARED_HEAP || memory.pages() != NativeMemory.Pages.BASE || memory.lock();
        } catch (final IOException failed) {
            memory.close();
            throw failed;
        }
    }

    /**
     * Allocates zeroed memory as the machine allows.
     *
     * @param name        for /proc only, without a slash
     * @param lengthBytes more than 0; whole pages are used
     * @throws IOException in a confidential guest whose kernel has no heap of shared memory, or when memory is short
     */
    public static DmaMemory allocate(final String name, final long lengthBytes, final Peer peer) throws IOException {
        final SystemTree machine = SystemTree.machine();
        return allocate(name, lengthBytes, peer, machine,
            DmaHeap.kernel(machine.path(DmaHeap.FOLDER + "/" + DmaHeap.SHARED)));
    }

    static DmaMemory allocate(final String name, final long lengthBytes, final Peer peer, final SystemTree tree,
        final DmaHeap heap) throws IOException {
        if (peer == Peer.DEVICE && ConfidentialGuest.detect(tree).present()) {
            final long rounded = Math.addExact(lengthBytes, NativeMemory.basePageBytes() - 1L)
                & -NativeMemory.basePageBytes();
            final NativeMemory memory = NativeMemory.ofDescriptor("dma-buf " + DmaHeap.SHARED, heap.allocate(rounded),
                lengthBytes);
            return new DmaMemory(memory, Source.SHARED_HEAP, heap, "");
        }
        final Source source = peer == Peer.PROCESS ? Source.MEMFD : Source.ANONYMOUS;
        if (lengthBytes >= HUGE_FROM_BYTES) {
            final NativeMemory huge = map(name, lengthBytes, source, NativeMemory.Pages.HUGE_2M);
            final boolean obtained = huge.pages() != NativeMemory.Pages.BASE;
            if (!obtained || huge.populate()) {
                return new DmaMemory(huge, source, null, obtained ? "" : shortage(tree));
            }
            huge.close();
        }
        return new DmaMemory(map(name, lengthBytes, source, NativeMemory.Pages.BASE), source, null,
            lengthBytes < HUGE_FROM_BYTES ? "" : shortage(tree));
    }

    private static NativeMemory map(final String name, final long lengthBytes, final Source source,
        final NativeMemory.Pages pages) throws IOException {
        return source == Source.MEMFD ? NativeMemory.memfd(name, lengthBytes, pages)
            : NativeMemory.anonymous(lengthBytes, pages);
    }

    private static String shortage(final SystemTree tree) {
        final String pool = "sys/kernel/mm/hugepages/hugepages-2048kB/";
        return "too few huge pages of 2 MiB: " + tree.number(pool + "free_hugepages").orElse(0L) + " of "
            + tree.number(pool + "nr_hugepages").orElse(0L) + " are free";
    }

    /** The memory; accesses after {@link #close()} throw {@link IllegalStateException}. */
    public MemorySegment segment() {
        return memory.segment();
    }

    /** The address of the first byte in this process. */
    public long address() {
        return memory.address();
    }

    /** Bytes asked for. */
    public long lengthBytes() {
        return memory.lengthBytes();
    }

    /** Bytes mapped: whole pages. */
    public long mappedBytes() {
        return memory.mappedBytes();
    }

    /** The descriptor of a memfd or dma-buf, owned by this object; -1 for anonymous memory. */
    public int descriptor() {
        return memory.descriptor();
    }

    /** Where it came from. */
    public Source source() {
        return source;
    }

    /** The pages obtained. */
    public NativeMemory.Pages pages() {
        return memory.pages();
    }

    /** Whether it stays in memory; false when RLIMIT_MEMLOCK refused. A device may then only use it once pinned. */
    public boolean locked() {
        return locked;
    }

    /** In words: source, pages, and which wish was not met and why. */
    public String description() {
        final String base = switch (source) {
            case ANONYMOUS -> "anonymous";
            case MEMFD -> "memfd";
            case SHARED_HEAP -> "dma-buf of " + DmaHeap.SHARED;
        };
        final String pages = memory.pages() == NativeMemory.Pages.BASE
            ? (memory.pages().bytes() >>> 10) + " KiB pages" : (memory.pages().bytes() >>> 20) + " MiB pages";
        return base + ", " + pages + (locked ? "" : ", not locked (RLIMIT_MEMLOCK)")
            + (shortage.isEmpty() ? "" : "; " + shortage);
    }

    /**
     * Before the processor reads or writes a dma-buf: needed where caches are not coherent with devices, a no-op for
     * other sources. Never on the hot path; machines that Ringvault supports are coherent.
     */
    public void beginAccess(final boolean write) throws IOException {
        if (heap != null) {
            heap.sync(memory.descriptor(), DmaHeap.SYNC_START | access(write));
        }
    }

    /** After it. */
    public void endAccess(final boolean write) throws IOException {
        if (heap != null) {
            heap.sync(memory.descriptor(), DmaHeap.SYNC_END | access(write));
        }
    }

    private static long access(final boolean write) {
        return write ? DmaHeap.SYNC_READ | DmaHeap.SYNC_WRITE : DmaHeap.SYNC_READ;
    }

    /** Unmaps; only after every device or process that knows the memory has let go. Idempotent. */
    @Override
    public void close() {
        memory.close();
    }

    @Override
    public String toString() {
        return "DmaMemory[" + lengthBytes() + " bytes, " + description() + "]";
    }
}
