package io.ringvault.log;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Synchronous block I/O over a polled queue, for formatting, opening, recovery and verification: one request at a time,
 * copied through one DMA buffer. One thread, which is the queue's owner meanwhile. Never used while the volume runs.
 *
 * <p>A retryable failure is retried with identical bytes a few times. A request that never completes within a minute
 * fails the store for good, since its buffer may still be written to.
 */
public final class QueueBlockStore implements BlockStore, AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int MAX_RETRIES = 4;
    private static final int SPINS = 200;
    private static final long FIRST_PARK_NS = 1_000;
    private static final long MAX_PARK_NS = 200_000;
    private static final long TIMEOUT_NS = TimeUnit.MINUTES.toNanos(1);

    private final BlockDevice device;
    private final BlockQueue queue;
    private final DmaBuffer buffer;
    private final boolean ownsQueue;
    private final int pieceBlocks;
    private final BlockCompletionHandler completion = this::completed;
    private long token;
    private boolean pending;
    private int status;
    private boolean dead;
    private boolean closed;
    private String lastError = "";

    /** The three things that can be asked of the queue. */
    private enum Operation {
        READ, WRITE, WRITE_FUA, FLUSH
    }

    /** Opens a queue of its own; {@link #close} gives it back, the buffer lives as long as the device. */
    public static QueueBlockStore open(final BlockDevice device) {
        final DmaBuffer buffer = device.allocate(Math.min(BUFFER_BYTES, device.maxTransferBytes()));
        return new QueueBlockStore(device, device.openQueue(1), buffer, true);
    }

    /**
     * Borrows a queue without requests in flight and a buffer.
     *
     * @param buffer at least 4096 bytes
     */
    public QueueBlockStore(final BlockDevice device, final BlockQueue queue, final DmaBuffer buffer) {
        this(device, queue, buffer, false);
    }

    private QueueBlockStore(final BlockDevice device, final BlockQueue queue, final DmaBuffer buffer,
        final boolean ownsQueue) {
        this.device = device;
        this.queue = queue;
        this.buffer = buffer;
        this.ownsQueue = ownsQueue;
        this.pieceBlocks = (int) (Math.min(buffer.lengthBytes(), device.maxTransferBytes()) / Geometry.BLOCK_BYTES);
        if (pieceBlocks < 1) {
            throw new IllegalArgumentException("a buffer of " + buffer.lengthBytes() + " bytes holds no block");
        }
    }

    @Override
    public long blocks() {
        return device.sizeBytes() / Geometry.BLOCK_BYTES;
    }

    @Override
    public String lastError() {
        return lastError;
    }

    @Override
    public boolean read(final long block, final int count, final byte[] target, final int targetOffset) {
        check(block, count, target, targetOffset);
        for (int done = 0; done < count; done += pieceBlocks) {
            final int blocks = Math.min(pieceBlocks, count - done);
            if (perform(Operation.READ, block + done, blocks) != BlockStatus.OK) {
                return false;
            }
            buffer.copyOut(0, target, targetOffset + done * Geometry.BLOCK_BYTES, blocks * Geometry.BLOCK_BYTES);
        }
        return true;
    }

    @Override
    public void write(final long block, final int count, final byte[] source, final int sourceOffset,
        final boolean fua) {
        check(block, count, source, sourceOffset);
        for (int done = 0; done < count; done += pieceBlocks) {
            final int blocks = Math.min(pieceBlocks, count - done);
            buffer.copyIn(source, sourceOffset + done * Geometry.BLOCK_BYTES, 0, blocks * Geometry.BLOCK_BYTES);
            if (perform(fua ? Operation.WRITE_FUA : Operation.WRITE, block + done, blocks) != BlockStatus.OK) {
                throw StorageException.io(lastError);
            }
        }
    }

    @Override
    public void flush() {
        // A failed flush is final, retryable or not: a second one could hide what the first one lost.
        if (perform(Operation.FLUSH, 0, 0) != BlockStatus.OK) {
            throw StorageException.io(lastError);
        }
    }

    private int perform(final Operation operation, final long block, final int blocks) {
        int result = once(operation, block, blocks);
        for (int retry = 0; retry < MAX_RETRIES && operation != Operation.FLUSH && !dead
            && BlockStatus.isRetryable(result); retry++) {
            result = once(operation, block, blocks);
        }
        if (result != BlockStatus.OK) {
            lastError = device.uri() + ": " + (operation == Operation.FLUSH ? "flush"
                : (operation == Operation.READ ? "read" : "write")
                + " of " + blocks + " block(s) at block " + block) + " failed: " + BlockStatus.describe(result);
        }
        return result;
    }

    private int once(final Operation operation, final long block, final int blocks) {
        if (dead) {
            return BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_TIMEOUT, false);
        }
        token++;
        pending = true;
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        long parkNs = FIRST_PARK_NS;
        boolean accepted = false;
        for (long turn = 0; pending; turn++) {
            if (!accepted) {
                accepted = send(operation, block * Geometry.BLOCK_BYTES, blocks * Geometry.BLOCK_BYTES);
                queue.submit();
            }
            final boolean worked = queue.poll(completion, queue.depth()) > 0;
            if (pending && !worked && turn > SPINS) {
                if (System.nanoTime() - deadlineNs > 0) {
                    dead = true;
                    return BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_TIMEOUT, false);
                }
                LockSupport.parkNanos(parkNs);
                parkNs = Math.min(MAX_PARK_NS, parkNs * 2);
            } else {
                Thread.onSpinWait();
            }
        }
        return status;
    }

    private boolean send(final Operation operation, final long offsetBytes, final int lengthBytes) {
        return switch (operation) {
            case READ -> queue.read(token, offsetBytes, lengthBytes, buffer, 0);
            case WRITE -> queue.write(token, offsetBytes, lengthBytes, buffer, 0, false);
            case WRITE_FUA -> queue.write(token, offsetBytes, lengthBytes, buffer, 0, true);
            case FLUSH -> queue.flush(token);
        };
    }

    private void completed(final long completedToken, final int completedStatus) {
        if (completedToken == token && pending) {
            pending = false;
            status = completedStatus;
        }
    }

    private void check(final long block, final int count, final byte[] array, final int offset) {
        if (block < 0 || count < 1 || block + count > blocks() || offset < 0
            || (long) offset + (long) count * Geometry.BLOCK_BYTES > array.length) {
            throw new IllegalArgumentException(count + " blocks at block " + block + " of " + blocks()
                + ", array offset " + offset + " of " + array.length);
        }
    }

    /** Gives back a queue that {@link #open} opened. Idempotent as far as the queue is. */
    @Override
    public void close() {
        if (ownsQueue && !closed) {
            closed = true;
            queue.close();
        }
    }
}
