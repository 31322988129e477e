package io.ringvault.nvme.vfio;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.NativeMemory;
import io.ringvault.sys.SystemCalls;
import io.ringvault.sys.SystemTree;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Physical addresses of this process's pages: Linux {@code Documentation/admin-guide/mm/pagemap.rst}. Only root sees
 * them; others read zeros. An address stays true for huge pages and for nothing else. Control plane, stateless.
 */
final class PageMap {
    private static final String FILE = "proc/self/pagemap";
    private static final long FRAME_MASK = (1L << 55) - 1;
    private static final int PRESENT_BIT = 63;

    private PageMap() {
    }

    /** The physical address of the page that holds {@code address}, which has been touched. */
    static long physicalAddress(final SystemCalls calls, final SystemTree tree, final long address)
        throws NativeIoException {
        final int descriptor = calls.open(tree.path(FILE), false);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment entry = arena.allocate(JAVA_LONG);
            final long page = NativeMemory.basePageBytes();
            calls.read(descriptor, address / page * Long.BYTES, entry);
            final long value = entry.get(JAVA_LONG, 0);
            final long frame = value & FRAME_MASK;
            if (value >>> PRESENT_BIT == 0 || frame == 0) {
                throw new NativeIoException("pread", SystemTree.shown(FILE), 0, value >>> PRESENT_BIT == 0
                    ? "the page is not in memory" : "physical addresses are hidden from this process; run it as root");
            }
            return frame * page + address % page;
        } finally {
            calls.close(descriptor);
        }
    }
}
