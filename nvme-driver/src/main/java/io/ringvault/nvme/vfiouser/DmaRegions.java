package io.ringvault.nvme.vfiouser;

import io.ringvault.block.DmaBuffer;
import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * DMA memory in few large regions, each one descriptor and one range of device addresses: nothing that is carved from
 * them straddles two, as a server translates each queue, page and list as one piece. Regions start and end at
 * multiples of 2 MiB, the granularity at which SPDK registers them. Control plane; the caller holds a lock.
 */
final class DmaRegions implements AutoCloseable {
    private static final long GRANULE = 2L << 20;
    private static final long PAGE = 4096;
    private static final long FIRST_ADDRESS = 1L << 32;

    /** Tells the server of a region. */
    @FunctionalInterface
    interface Mapper {
        /** Maps {@code memory} at {@code address}; both are multiples of 2 MiB. */
        void map(NativeMemory memory, long address) throws IOException;
    }

    private final long regionBytes;
    private final NativeMemory.Pages pages;
    private final Mapper mapper;
    private final List<NativeMemory> regions = new ArrayList<>();
    private MemorySegment current = MemorySegment.NULL;
    private long currentAddress;
    private long used;
    private long nextAddress = FIRST_ADDRESS;

    /** @param regionBytes of a region; one that must hold more is made larger */
    DmaRegions(final long regionBytes, final NativeMemory.Pages pages, final Mapper mapper) {
        this.regionBytes = roundUp(regionBytes);
        this.pages = pages;
        this.mapper = mapper;
    }

    private static long roundUp(final long bytes) {
        return Math.addExact(bytes, GRANULE - 1) & -GRANULE;
    }

    /** Regions mapped so far. */
    int count() {
        return regions.size();
    }

    /** Makes and maps the first region, before there are queues. */
    void open() throws IOException {
        grow(regionBytes);
    }

    /** Carves zeroed memory; maps another region when the newest is exhausted. */
    DmaBuffer allocate(final long lengthBytes) throws IOException {
        final long length = Math.addExact(lengthBytes, PAGE - 1) & -PAGE;
        if (length > current.byteSize() - used) {
            grow(Math.max(regionBytes, roundUp(length)));
        }
        final DmaBuffer buffer = DmaBuffer.contiguous(current.asSlice(used, lengthBytes), currentAddress + used);
        used += length;
        return buffer;
    }

    private void grow(final long bytes) throws IOException {
        final NativeMemory memory = NativeMemory.memfd("ringvault-dma", bytes, pages);
        try {
            memory.excludeFromDump();
            memory.excludeFromFork();
            mapper.map(memory, nextAddress);
        } catch (final IOException failed) {
            memory.close();
            throw failed;
        }
        regions.add(memory);
        current = memory.segment();
        currentAddress = nextAddress;
        used = 0;
        nextAddress += bytes + GRANULE;
    }

    /** Unmaps from this process. Only after the server has let go. */
    @Override
    public void close() {
        regions.forEach(NativeMemory::close);
        regions.clear();
        current = MemorySegment.NULL;
    }
}
