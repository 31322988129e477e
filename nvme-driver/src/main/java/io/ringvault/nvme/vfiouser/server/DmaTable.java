package io.ringvault.nvme.vfiouser.server;

import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeDescriptor;
import io.ringvault.sys.NativeMapping;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The memory that one client has handed over, by the addresses of its choice (64 bits, unsigned). Results are 0 or an
 * errno. One thread; the controller resolves addresses on others.
 */
final class DmaTable implements AutoCloseable {
    static final int MOST_REGIONS = 64;

    private static final long LARGEST_REGION = 8L << 40;
    private static final long PAGE = 4096;
    private static final int READ_AND_WRITE = 3;

    /**
     * What was mapped; without memory when no descriptor came, or not for reading and writing: it resolves to nothing.
     */
    private record Region(long address, long size, long fileOffset, int flags, NativeMapping mapping) {
        boolean overlaps(final long otherAddress, final long otherSize) {
            return Long.compareUnsigned(address, otherAddress + otherSize - 1) <= 0
                && Long.compareUnsigned(otherAddress, address + size - 1) <= 0;
        }
    }

    private final ModelEndpoint.Session session;
    private final List<Region> regions = new ArrayList<>();

    DmaTable(final ModelEndpoint.Session session) {
        this.session = session;
    }

    int count() {
        return regions.size();
    }

    /** @param file may be null: accepted, and of no use */
    int map(final int flags, final long fileOffset, final long address, final long size, final NativeDescriptor file)
        throws IOException {
        if ((flags & ~READ_AND_WRITE) != 0 || size <= 0 || size > LARGEST_REGION || fileOffset < 0
            || ((address | size | fileOffset) & PAGE - 1) != 0
            || Long.compareUnsigned(address + size - 1, address) < 0) {
            return Errno.EINVAL;
        }
        for (final Region region : regions) {
            if (region.address == address && region.size == size && region.fileOffset == fileOffset
                && region.flags == flags) {
                return 0; // the same again
            }
            if (region.overlaps(address, size)) {
                return Errno.EINVAL;
            }
        }
        if (regions.size() >= MOST_REGIONS) {
            return Errno.EINVAL;
        }
        NativeMapping mapping = null;
        if (file != null && flags == READ_AND_WRITE) {
            if (!file.isRegularFile()) {
                return Errno.EINVAL;
            }
            mapping = NativeMapping.map(file, fileOffset, size, true);
            session.map(address, mapping.segment());
        }
        regions.add(new Region(address, size, fileOffset, flags, mapping));
        return 0;
    }

    /** Exactly what was mapped, and nothing else. */
    int unmap(final long address, final long size) {
        final Iterator<Region> all = regions.iterator();
        while (all.hasNext()) {
            final Region region = all.next();
            if (region.address == address && region.size == size) {
                all.remove();
                release(region);
                return 0;
            }
        }
        return Errno.ENOENT;
    }

    void unmapAll() {
        regions.forEach(this::release);
        regions.clear();
    }

    private void release(final Region region) {
        if (region.mapping != null) {
            session.unmap(region.address, region.mapping::close);
        }
    }

    /** After the controller has ended: nothing uses the memory any more. */
    @Override
    public void close() {
        for (final Region region : regions) {
            if (region.mapping != null) {
                region.mapping.close();
            }
        }
        regions.clear();
    }
}
