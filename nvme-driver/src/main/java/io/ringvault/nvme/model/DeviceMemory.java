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
    /** Not a range. */
    static final int NONE = -1;

    private static final long FIRST_ADDRESS = 0x0100_0000_0000L;
    private static final long GUARD_BYTES = 1 << 20;
    private static final long HUGE_FROM_BYTES = 2 << 20;

    /** One immutable version of the map, ordered by address. */
    private record Map(long[] starts, MemorySegment[] segments) {
    }

    private final List<NativeMemory> owned = new ArrayList<>();
    private volatile Map map = new Map(new long[0], new MemorySegment[0]);
    private long nextAddress = FIRST_ADDRESS;

    /** Allocates and maps; the device address is that of {@link #lastAddress()}. */
    synchronized MemorySegment allocate(final long lengthBytes) throws IOException {
        final NativeMemory memory = NativeMemory.anonymous(lengthBytes,
            lengthBytes >= HUGE_FROM_BYTES ? NativeMemory.Pages.HUGE_2M : NativeMemory.Pages.BASE);
        owned.add(memory);
        final Map old = map;
        final int count = old.starts.length;
        final long[] starts = java.util.Arrays.copyOf(old.starts, count + 1);
        final MemorySegment[] segments = java.util.Arrays.copyOf(old.segments, count + 1);
        starts[count] = nextAddress;
        segments[count] = memory.segment();
        nextAddress += lengthBytes + GUARD_BYTES;
        map = new Map(starts, segments);
        return memory.segment();
    }

    /** Device address of the newest allocation. */
    synchronized long lastAddress() {
        return map.starts[map.starts.length - 1];
    }

    /** Index of the range that holds all of the bytes, or {@link #NONE}. An index stays valid. */
    int find(final long address, final long lengthBytes) {
        final Map now = map;
        int low = 0;
        int high = now.starts.length - 1;
        while (low <= high) {
            final int middle = low + high >>> 1;
            if (now.starts[middle] <= address) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high >= 0 && holds(now, high, address, lengthBytes) ? high : NONE;
    }

    /** Whether range {@code index} holds all of the bytes. */
    boolean holds(final int index, final long address, final long lengthBytes) {
        return holds(map, index, address, lengthBytes);
    }

    private static boolean holds(final Map now, final int index, final long address, final long lengthBytes) {
        final long offset = address - now.starts[index];
        return offset >= 0 && offset <= now.segments[index].byteSize() - lengthBytes;
    }

    /** The memory of a range. */
    MemorySegment segment(final int index) {
        return map.segments[index];
    }

    /** Offset of an address within its range. */
    long offset(final int index, final long address) {
        return address - map.starts[index];
    }

    /** The bytes at an address, or null when they are not mapped. */
    MemorySegment slice(final long address, final long lengthBytes) {
        final int index = find(address, lengthBytes);
        return index == NONE ? null : segment(index).asSlice(offset(index, address), lengthBytes);
    }

    /** Unmaps everything. Only after all users have stopped. */
    @Override
    public synchronized void close() {
        map = new Map(new long[0], new MemorySegment[0]);
        for (final NativeMemory memory : owned) {
            memory.close();
        }
        owned.clear();
    }
}
