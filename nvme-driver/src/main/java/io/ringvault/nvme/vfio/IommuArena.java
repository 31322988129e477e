package io.ringvault.nvme.vfio;

import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.sys.DmaMemory;
import io.ringvault.sys.Errno;
import io.ringvault.sys.IoAddressSpace;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.SystemTree;
import io.ringvault.sys.VfioAccess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory behind an IOMMU: chunks of 2 MiB or more, each mapped once, from which buffers are cut. Nothing else of this
 * process is ever mapped.
 */
final class IommuArena implements DmaArena {
    private static final long CHUNK_BYTES = 2L << 20;

    private final String uri;
    private final VfioAccess access;
    private final SystemTree tree;
    private final IoAddressSpace space;
    private final IovaSpace addresses;
    private final List<Chunk> chunks = new ArrayList<>();
    private long used;

    private record Chunk(DmaMemory memory, long ioAddress, long mappedBytes) {
    }

    IommuArena(final String uri, final VfioAccess access, final SystemTree tree) {
        this.uri = uri;
        this.access = access;
        this.tree = tree;
        this.space = access.addressSpace();
        this.addresses = new IovaSpace(space);
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        if (chunks.isEmpty() || used + lengthBytes > chunks.getLast().memory.lengthBytes()) {
            addChunk(lengthBytes);
            used = 0;
        }
        final Chunk chunk = chunks.getLast();
        final long at = used;
        used += lengthBytes;
        return DmaBuffer.contiguous(chunk.memory.segment().asSlice(at, lengthBytes), chunk.ioAddress + at);
    }

    private void addChunk(final long lengthBytes) {
        if (chunks.size() >= space.mappings()) {
            throw io("the IOMMU allows " + space.mappings() + " mappings, and all are used", null);
        }
        final long unit = Math.max(CHUNK_BYTES, space.unitBytes());
        final long length = Math.addExact(lengthBytes, unit - 1) & -unit;
        final long ioAddress = addresses.take(length, unit);
        if (ioAddress == -1) {
            throw io("no " + length + " bytes are left of the I/O addresses " + addresses, null);
        }
        DmaMemory memory = null;
        try {
            memory = DmaMemory.allocate("ringvault-dma", length, DmaMemory.Peer.DEVICE);
            if (memory.mappedBytes() % space.unitBytes() != 0 || memory.address() % space.unitBytes() != 0) {
                throw new NativeIoException("VFIO_IOMMU_MAP_DMA", "arena", 0, "memory in pages of "
                    + memory.pages().bytes() + " bytes does not fit an IOMMU with pages of " + space.unitBytes());
            }
            access.map(memory.address(), ioAddress, length);
            chunks.add(new Chunk(memory, ioAddress, length));
        } catch (final IOException failed) {
            if (memory != null) {
                memory.close();
            }
            throw explain(failed, length);
        }
    }

    private StorageException explain(final IOException failed, final long length) {
        if (failed instanceof final NativeIoException refused && refused.errno() == Errno.ENOMEM) {
            final long mapped = chunks.stream().mapToLong(Chunk::mappedBytes).sum();
            return io("the kernel may not lock " + length + " more bytes for DMA (" + mapped
                + " are locked, the limit is " + lockLimit()
                + " bytes). Raise it: ulimit -l unlimited, or LimitMEMLOCK="
                + "infinity in a systemd unit, or as root: prlimit --pid " + ProcessHandle.current().pid()
                + " --memlock=unlimited", failed);
        }
        return io(length + " bytes of DMA memory: " + failed.getMessage(), failed);
    }

    /** {@code Max locked memory   8388608   8388608   bytes}. */
    private String lockLimit() {
        return tree.lines("proc/self/limits").stream().filter(each -> each.startsWith("Max locked memory"))
            .map(each -> each.substring("Max locked memory".length()).strip().split("\\s+")[0]).findFirst()
            .orElse("unknown");
    }

    private StorageException io(final String what, final IOException cause) {
        return new StorageException(StorageException.Category.IO, "device '" + uri + "': " + what, cause);
    }

    @Override
    public void revoke() {
        NativeIoException first = null;
        for (final Chunk chunk : chunks) {
            try {
                access.unmap(chunk.ioAddress, chunk.mappedBytes);
            } catch (final NativeIoException failed) {
                first = first == null ? failed : first;
            }
        }
        if (first != null) {
            throw io("DMA memory was not unmapped in order: " + first.getMessage(), first);
        }
    }

    /** The IOMMU's mappings have gone with the descriptors: whatever the controller does, it cannot reach this. */
    @Override
    public void release(final boolean stopped) {
        chunks.forEach(each -> each.memory.close());
        chunks.clear();
    }

    @Override
    public String isolation() {
        return "iommu";
    }

    @Override
    public String description() {
        return chunks.isEmpty() ? "none yet" : chunks.getLast().memory.description();
    }
}
