package io.ringvault.nvme.vfio;

import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.sys.Mapping;
import io.ringvault.sys.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory for a controller that no IOMMU holds back: huge pages, by their physical addresses.
 *
 * <p>A process that dies cannot stop its controller, which may go on writing to pages that the system has given to
 * somebody else. So the pages are files on hugetlbfs, which outlive the process, and go only when a controller is known
 * to have been stopped: at an orderly end, or at the next open after it has reset the controller ({@link
 * #deleteRemains}).
 */
final class PhysicalArena implements DmaArena {
    /** The only page size that is used. */
    static final long PAGE_BYTES = 2L << 20;

    private static final int PAGE_SHIFT = 21;
    private static final String PREFIX = "ringvault-dma-";

    private final VfioOptions options;
    private final VfioHost host;
    private final Path folder;
    private final List<Chunk> chunks = new ArrayList<>();
    private long used;

    private record Chunk(Path file, NativeFile open, Mapping mapping, long[] addresses) {
        long lengthBytes() {
            return mapping.segment().byteSize();
        }
    }

    private PhysicalArena(final VfioOptions options, final VfioHost host, final Path folder) {
        this.options = options;
        this.host = host;
        this.folder = folder;
    }

    /** Finds the hugetlbfs of 2 MiB pages; CONFIGURATION with the commands that make one. */
    static PhysicalArena open(final VfioOptions options, final VfioHost host) {
        for (final String line : host.tree().lines("proc/self/mounts")) {
            final String[] words = line.split(" ");
            if (words.length > 3 && words[2].equals("hugetlbfs") && !words[3].contains("pagesize=1024M")) {
                return new PhysicalArena(options, host, host.tree().path(words[1].substring(1)));
            }
        }
        throw options.refused("without an IOMMU the DMA memory must be huge pages with a name, and no hugetlbfs is "
            + "mounted. As root: mkdir -p /dev/hugepages && mount -t hugetlbfs none /dev/hugepages && echo 128 > "
            + "/proc/sys/vm/nr_hugepages");
    }

    /** Deletes what earlier processes left behind. Only after this controller has been stopped. */
    void deleteRemains() {
        try (var files = Files.newDirectoryStream(folder, prefix() + "*")) {
            for (final Path each : files) {
                Files.delete(each);
            }
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "device '" + options.uri()
                + "': remains of an earlier process in " + folder + ": " + failed.getMessage(), failed);
        }
    }

    private String prefix() {
        return PREFIX + options.address() + "-";
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        // A buffer of at most one page never crosses into the next: rings have to be contiguous.
        final boolean crosses = (used & PAGE_BYTES - 1) + lengthBytes > PAGE_BYTES;
        long at = crosses ? used + PAGE_BYTES - 1 & -PAGE_BYTES : used;
        if (chunks.isEmpty() || at + lengthBytes > chunks.getLast().lengthBytes()) {
            addChunk(Math.addExact(lengthBytes, PAGE_BYTES - 1) & -PAGE_BYTES);
            at = 0;
        }
        used = at + lengthBytes;
        final Chunk chunk = chunks.getLast();
        final int first = (int) (at >>> PAGE_SHIFT);
        if (lengthBytes <= PAGE_BYTES) {
            return DmaBuffer.contiguous(chunk.mapping.segment().asSlice(at, lengthBytes),
                chunk.addresses[first] + (at & PAGE_BYTES - 1));
        }
        final int pages = (int) (lengthBytes + PAGE_BYTES - 1 >>> PAGE_SHIFT);
        final long[] addresses = new long[pages];
        System.arraycopy(chunk.addresses, first, addresses, 0, pages);
        return new DmaBuffer(chunk.mapping.segment().asSlice(at, lengthBytes), addresses, PAGE_SHIFT);
    }

    private void addChunk(final long lengthBytes) {
        final Path file = folder.resolve(prefix() + ProcessHandle.current().pid() + "-" + chunks.size());
        NativeFile open = null;
        Mapping mapping = null;
        try {
            open = NativeFile.open(file, NativeFile.Option.READ_WRITE, NativeFile.Option.CREATE,
                NativeFile.Option.EXCLUSIVE, NativeFile.Option.NO_FOLLOW);
            open.truncate(lengthBytes);
            reserve(open, lengthBytes);
            mapping = host.calls().map(open.descriptor(), 0, lengthBytes);
            mapping.segment().fill((byte) 0);
            final long[] addresses = new long[(int) (lengthBytes >>> PAGE_SHIFT)];
            for (int i = 0; i < addresses.length; i++) {
                addresses[i] = PageMap.physicalAddress(host.calls(), host.tree(),
                    mapping.segment().address() + ((long) i << PAGE_SHIFT));
            }
            chunks.add(new Chunk(file, open, mapping, addresses));
        } catch (final IOException failed) {
            // No controller has been told of this memory yet.
            discard(file, open, mapping, failed);
            throw new StorageException(StorageException.Category.IO, "device '" + options.uri() + "': " + lengthBytes
                + " bytes of huge pages for DMA: " + failed.getMessage() + ". Free huge pages: "
                + host.tree().number("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").orElse(0L)
                + "; as root: echo 128 > /proc/sys/vm/nr_hugepages", failed);
        }
    }

    /** A pool that is too short says so here; a touch of the mapping would end the process. */
    private static void reserve(final NativeFile open, final long lengthBytes) throws IOException {
        if (!open.allocate(0, lengthBytes)) {
            throw new IOException("the file system " + open.path() + " cannot reserve pages");
        }
    }

    private static void discard(final Path file, final NativeFile open, final Mapping mapping,
        final IOException failed) {
        if (open == null) {
            return;
        }
        try {
            if (mapping != null) {
                mapping.close();
            }
            open.close();
            Files.delete(file);
        } catch (final IOException alsoFailed) {
            failed.addSuppressed(alsoFailed);
        }
    }

    /** There is nothing between the controller and memory that could be told. */
    @Override
    public void revoke() {
    }

    @Override
    public void release(final boolean stopped) {
        IOException first = null;
        for (final Chunk chunk : chunks) {
            try {
                chunk.mapping.close();
                chunk.open.close();
                if (stopped) {
                    Files.delete(chunk.file);
                }
            } catch (final IOException failed) {
                first = first == null ? failed : first;
            }
        }
        chunks.clear();
        if (first != null) {
            throw new StorageException(StorageException.Category.IO, "device '" + options.uri() + "': DMA memory in "
                + folder + ": " + first.getMessage(), first);
        }
    }

    @Override
    public String isolation() {
        return "none";
    }

    @Override
    public String description() {
        return "files of huge pages in " + folder;
    }
}
