package io.ringvault.nvme.model;

import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory that the model can reach, by device addresses of its own numbering: what an IOMMU is to a real
 * controller. An address that was never mapped resolves to nothing. Device addresses are unlike any process address on
 * purpose.
 *
 * <p>Mapping: control plane; resolving: any thread, without locks.
 */
final class DeviceMemory implements AutoCloseable {
    private static final long FIRST_ADDRESS = 0x0100_0000_0000L;
    private static final long GUARD_BYTES = 1 << 20;
    private static final long HUGE_FROM_BYTES = 2L << 20;

    /**
     * One contiguous piece of mapped memory; addresses are unsigned.
     *
     * @param start   device address of the first byte
     * @param segment the memory
     */
    record Range(long start, MemorySegment segment) {

        /** Whether it holds all of the bytes. */
        boolean holds(final long address, final long lengthBytes) {
            final long offset = address - start;
            return offset >= 0 && offset <= segment.byteSize() - lengthBytes;
        }

        /** Offset of an address within the segment. */
        long offset(final long address) {
            return address - start;
        }
    }

    private final List<NativeMemory> owned = new ArrayList<>();
    private volatile Range[] map = new Range[0];
    private long nextAddress = FIRST_ADDRESS;
    private long lastAddress;

    /** Allocates and maps; the device address is that of {@link #lastAddress()}. */
    synchronized MemorySegment allocate(final long lengthBytes) throws IOException {
        final NativeMemory memory = NativeMemory.anonymous(lengthBytes,
            lengthBytes >= HUGE_FROM_BYTES ? NativeMemory.Pages.HUGE_2M : NativeMemory.Pages.BASE);
        owned.add(memory);
        lastAddress = nextAddress;
        map(lastAddress, memory.segment());
        nextAddress += lengthBytes + GUARD_BYTES;
        return memory.segment();
    }

    /** Device address of the newest allocation. */
    synchronized long lastAddress() {
        return lastAddress;
    }

    /** Maps memory that somebody else owns; the caller has checked that nothing else lies there. */
    synchronized void map(final long address, final MemorySegment segment) {
        final Range[] old = map;
        int at = 0;
        while (at < old.length && Long.compareUnsigned(old[at].start, address) < 0) {
            at++;
        }
        final Range[] more = new Range[old.length + 1];
        System.arraycopy(old, 0, more, 0, at);
        more[at] = new Range(address, segment);
        System.arraycopy(old, at, more, at + 1, old.length - at);
        map = more;
    }

    /** Forgets the range that starts there. Only while nobody resolves addresses: a user may still hold the range. */
    synchronized void unmap(final long address) {
        map = java.util.Arrays.stream(map).filter(range -> range.start != address).toArray(Range[]::new);
    }

    /** The range that holds all of the bytes, or null. */
    Range find(final long address, final long lengthBytes) {
        final Range[] now = map;
        int low = 0;
        int high = now.length - 1;
        while (low <= high) {
            final int middle = low + high >>> 1;
            if (Long.compareUnsigned(now[middle].start, address) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high >= 0 && now[high].holds(address, lengthBytes) ? now[high] : null;
    }

    /** The bytes at an address, or null when they are not mapped. */
    MemorySegment slice(final long address, final long lengthBytes) {
        final Range range = find(address, lengthBytes);
        return range == null ? null : range.segment.asSlice(range.offset(address), lengthBytes);
    }

    /** Unmaps everything. Only after all users have stopped. */
    @Override
    public synchronized void close() {
        map = new Range[0];
        for (final NativeMemory memory : owned) {
            memory.close();
        }
        owned.clear();
    }
}
