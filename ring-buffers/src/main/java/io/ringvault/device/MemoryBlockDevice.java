package io.ringvault.device;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A device in memory: {@code mem:SIZE}. Memory is taken in pieces of 1 MiB when they are first written. Requests are
 * carried out
 * and complete inside {@code poll}, first in first out. Its content dies with the process (with the device, unless
 * it is named).
 */
final class MemoryBlockDevice implements BlockDevice {
    static final int CHUNK_BYTES = 1 << 20;

    private static final int MAX_TRANSFER_BYTES = 1 << 20;
    private static final int READ_ONLY_STATUS = BlockStatus.error(BlockStatus.ORIGIN_ERRNO, 0, 30, false);

    /** What outlives an open device when it is named. */
    static final class Content {
        private final long sizeBytes;
        private final AtomicReferenceArray<MemorySegment> chunks;

        Content(final long sizeBytes) {
            this.sizeBytes = sizeBytes;
            this.chunks = new AtomicReferenceArray<>(Math.toIntExact((sizeBytes + CHUNK_BYTES - 1) / CHUNK_BYTES));
        }

        long sizeBytes() {
            return sizeBytes;
        }

        private MemorySegment chunkToWrite(final int index) {
            final MemorySegment present = chunks.get(index);
            if (present != null) {
                return present;
            }
            final MemorySegment fresh = Arena.ofAuto().allocate(CHUNK_BYTES, 4096);
            return chunks.compareAndSet(index, null, fresh) ? fresh : chunks.get(index);
        }
    }

    private final String uri;
    private final Content content;
    private final boolean volatileCache;
    private final boolean readOnly;
    private final int blockSizeBytes;
    private final Runnable onClose;
    private final Arena dma = Arena.ofShared();
    private volatile boolean closed;

    MemoryBlockDevice(final String uri, final Content content, final boolean volatileCache, final boolean readOnly,
        final int blockSizeBytes, final Runnable onClose) {
        this.uri = uri;
        this.content = content;
        this.volatileCache = volatileCache;
        this.readOnly = readOnly;
        this.blockSizeBytes = blockSizeBytes;
        this.onClose = onClose;
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public long sizeBytes() {
        return content.sizeBytes;
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
        return volatileCache;
    }

    @Override
    public String isolation() {
        return "in-process";
    }

    @Override
    public BlockQueue openQueue(final int depth) {
        checkOpen();
        return new Queue(depth);
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
            dma.close();
            onClose.run();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException(uri + " is closed");
        }
    }

    /** First in, first out over preallocated arrays. */
    private final class Queue implements BlockQueue {
        private static final int READ = 0;
        private static final int WRITE = 1;
        private static final int FLUSH = 2;
        private static final int DEALLOCATE = 3;
        private static final int ZERO = 4;

        private final int depth;
        private final long[] tokens;
        private final int[] kinds;
        private final long[] offsets;
        private final long[] lengths;
        private final DmaBuffer[] buffers;
        private final long[] bufferOffsets;
        private long accepted;
        private long submitted;
        private long completed;

        private Queue(final int depth) {
            QueueChecks.depth(depth);
            this.depth = depth;
            tokens = new long[depth];
            kinds = new int[depth];
            offsets = new long[depth];
            lengths = new long[depth];
            buffers = new DmaBuffer[depth];
            bufferOffsets = new long[depth];
        }

        @Override
        public int depth() {
            return depth;
        }

        @Override
        public int inFlight() {
            return (int) (accepted - completed);
        }

        @Override
        public boolean read(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
            final long bufferOffsetBytes) {
            QueueChecks.transfer(MemoryBlockDevice.this, offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
            return accept(token, READ, offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        }

        @Override
        public boolean write(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
            final long bufferOffsetBytes, final boolean fua) {
            QueueChecks.transfer(MemoryBlockDevice.this, offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
            return accept(token, WRITE, offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        }

        @Override
        public boolean flush(final long token) {
            return accept(token, FLUSH, 0, 0, null, 0);
        }

        @Override
        public boolean deallocate(final long token, final long offsetBytes, final long lengthBytes) {
            QueueChecks.range(MemoryBlockDevice.this, offsetBytes, lengthBytes);
            return accept(token, DEALLOCATE, offsetBytes, lengthBytes, null, 0);
        }

        @Override
        public boolean writeZeroes(final long token, final long offsetBytes, final long lengthBytes) {
            QueueChecks.range(MemoryBlockDevice.this, offsetBytes, lengthBytes);
            return accept(token, ZERO, offsetBytes, lengthBytes, null, 0);
        }

        private boolean accept(final long token, final int kind, final long offset, final long length,
            final DmaBuffer buffer,
            final long bufferOffset) {
            checkOpen();
            if (accepted - completed == depth) {
                return false;
            }
            final int slot = (int) (accepted % depth);
            tokens[slot] = token;
            kinds[slot] = kind;
            offsets[slot] = offset;
            lengths[slot] = length;
            buffers[slot] = buffer;
            bufferOffsets[slot] = bufferOffset;
            accepted++;
            return true;
        }

        @Override
        public void submit() {
            submitted = accepted;
        }

        @Override
        public int poll(final BlockCompletionHandler handler, final int limit) {
            checkOpen();
            int delivered = 0;
            while (delivered < limit && completed < submitted) {
                final int slot = (int) (completed % depth);
                final int status = execute(slot);
                final long token = tokens[slot];
                buffers[slot] = null;
                completed++;
                delivered++;
                handler.onCompletion(token, status);
            }
            return delivered;
        }

        private int execute(final int slot) {
            if (readOnly && kinds[slot] != READ) {
                return READ_ONLY_STATUS;
            }
            final MemorySegment memory = buffers[slot] == null ? null : buffers[slot].segment();
            long done = 0;
            while (done < lengths[slot]) {
                final long at = offsets[slot] + done;
                final int index = (int) (at / CHUNK_BYTES);
                final long within = at % CHUNK_BYTES;
                final long length = Math.min(lengths[slot] - done, CHUNK_BYTES - within);
                if (kinds[slot] == WRITE) {
                    MemorySegment.copy(memory, bufferOffsets[slot] + done, content.chunkToWrite(index), within, length);
                } else {
                    readOrZero(kinds[slot], content.chunks.get(index), within, length, memory, bufferOffsets[slot]
                        + done);
                }
                done += length;
            }
            return BlockStatus.OK;
        }

        private void readOrZero(final int kind, final MemorySegment chunk, final long within, final long length,
            final MemorySegment memory, final long memoryOffset) {
            if (kind == READ) {
                if (chunk == null) {
                    memory.asSlice(memoryOffset, length).fill((byte) 0);
                } else {
                    MemorySegment.copy(chunk, within, memory, memoryOffset, length);
                }
            } else if (chunk != null) {
                chunk.asSlice(within, length).fill((byte) 0);
            }
        }

        @Override
        public void close() {
            submitted = completed;
            accepted = completed;
        }
    }
}
