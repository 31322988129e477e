package io.ringvault.device;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A file or block device through {@link FileChannel}: works everywhere, needs no native access, and costs a thread
 * hand-over per
 * request. Each queue has a blocking worker of its own. Deallocation does nothing.
 */
final class FileBlockDevice implements BlockDevice {
    private static final int MAX_TRANSFER_BYTES = 1 << 20;

    private final String uri;
    private final FileHold hold;
    private final long sizeBytes;
    private final int blockSizeBytes;
    private final boolean readOnly;
    private final Arena dma = Arena.ofShared();
    private final List<FileQueue> queues = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    FileBlockDevice(final String uri, final FileHold hold, final long sizeBytes, final int blockSizeBytes,
        final boolean readOnly) {
        this.uri = uri;
        this.hold = hold;
        this.sizeBytes = sizeBytes;
        this.blockSizeBytes = blockSizeBytes;
        this.readOnly = readOnly;
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public int blockSizeBytes() {
        return blockSizeBytes;
    }

    @Override
    public int singleCommandBytes() {
        return MAX_TRANSFER_BYTES;
    }

    @Override
    public int maxTransferBytes() {
        return MAX_TRANSFER_BYTES;
    }

    @Override
    public boolean volatileCache() {
        return true;
    }

    @Override
    public String isolation() {
        return "in-process";
    }

    boolean readOnly() {
        return readOnly;
    }

    FileChannel channel() {
        return hold.channel();
    }

    void checkOpen() {
        if (closed) {
            throw new IllegalStateException(uri + " is closed");
        }
    }

    @Override
    public BlockQueue openQueue(final int depth) {
        checkOpen();
        QueueChecks.depth(depth);
        final FileQueue queue = new FileQueue(this, depth, queues.size());
        queues.add(queue);
        return queue;
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        checkOpen();
        QueueChecks.allocation(lengthBytes);
        final MemorySegment memory = dma.allocate(lengthBytes, 4096);
        return DmaBuffer.contiguous(memory, memory.address());
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            queues.forEach(FileQueue::close);
            dma.close();
            try {
                hold.release();
            } catch (final IOException failed) {
                throw new StorageException(StorageException.Category.IO, uri + " did not close cleanly: " + failed,
                    failed);
            }
        }
    }
}
