package io.ringvault.device;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.ring.OneToOneQueue;
import java.io.EOFException;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;

/**
 * A queue of a {@link FileBlockDevice}: requests go to a worker thread that does blocking I/O one after the other
 * and parks when
 * there is nothing to do; results come back and are delivered by {@link #poll}. Owner thread: everything but the
 * worker's loop.
 */
final class FileQueue implements BlockQueue {
    private static final int READ_ONLY_STATUS = BlockStatus.error(BlockStatus.ORIGIN_ERRNO, 0, 30, false);
    private static final int NO_SPACE_STATUS = BlockStatus.error(BlockStatus.ORIGIN_ERRNO, 0, 28, false);
    private static final int IO_STATUS = BlockStatus.error(BlockStatus.ORIGIN_ERRNO, 0, 5, false);
    private static final int GONE_STATUS = BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_GONE,
        false);
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(1 << 18).asReadOnlyBuffer();

    private enum Kind { READ, WRITE, FLUSH, DEALLOCATE, ZERO }

    private static final class Request {
        private Kind kind;
        private long token;
        private long offset;
        private long length;
        private DmaBuffer buffer;
        private long bufferOffset;
        private boolean fua;
        private int status;
    }

    private final FileBlockDevice device;
    private final int depth;
    private final Request[] free;
    private int freeCount;
    private final Request[] accepted;
    private int acceptedCount;
    private final OneToOneQueue<Request> toWorker;
    private final OneToOneQueue<Request> fromWorker;
    private final Thread worker;
    private volatile boolean idle;
    private volatile boolean stopping;
    private boolean closed;

    FileQueue(final FileBlockDevice device, final int depth, final int number) {
        this.device = device;
        this.depth = depth;
        this.free = new Request[depth];
        this.accepted = new Request[depth];
        for (int i = 0; i < depth; i++) {
            free[freeCount++] = new Request();
        }
        this.toWorker = new OneToOneQueue<>(depth);
        this.fromWorker = new OneToOneQueue<>(depth);
        this.worker = Thread.ofPlatform().daemon().name("ringvault-file-" + number).start(this::work);
    }

    @Override
    public int depth() {
        return depth;
    }

    @Override
    public int inFlight() {
        return depth - freeCount;
    }

    @Override
    public boolean read(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
        final long bufferOffsetBytes) {
        QueueChecks.transfer(device, offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        return accept(Kind.READ, token, offsetBytes, lengthBytes, buffer, bufferOffsetBytes, false);
    }

    @Override
    public boolean write(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
        final long bufferOffsetBytes, final boolean fua) {
        QueueChecks.transfer(device, offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        return accept(Kind.WRITE, token, offsetBytes, lengthBytes, buffer, bufferOffsetBytes, fua);
    }

    @Override
    public boolean flush(final long token) {
        return accept(Kind.FLUSH, token, 0, 0, null, 0, false);
    }

    @Override
    public boolean deallocate(final long token, final long offsetBytes, final long lengthBytes) {
        QueueChecks.range(device, offsetBytes, lengthBytes);
        return accept(Kind.DEALLOCATE, token, offsetBytes, lengthBytes, null, 0, false);
    }

    @Override
    public boolean writeZeroes(final long token, final long offsetBytes, final long lengthBytes) {
        QueueChecks.range(device, offsetBytes, lengthBytes);
        return accept(Kind.ZERO, token, offsetBytes, lengthBytes, null, 0, false);
    }

    private boolean accept(final Kind kind, final long token, final long offset, final long length,
        final DmaBuffer buffer,
        final long bufferOffset, final boolean fua) {
        checkOpen();
        if (freeCount == 0) {
            return false;
        }
        final Request request = free[--freeCount];
        request.kind = kind;
        request.token = token;
        request.offset = offset;
        request.length = length;
        request.buffer = buffer;
        request.bufferOffset = bufferOffset;
        request.fua = fua;
        accepted[acceptedCount++] = request;
        return true;
    }

    private void checkOpen() {
        device.checkOpen();
        if (closed) {
            throw new IllegalStateException("the queue is closed");
        }
    }

    @Override
    public void submit() {
        checkOpen();
        if (acceptedCount == 0) {
            return;
        }
        for (int i = 0; i < acceptedCount; i++) {
            if (!toWorker.offer(accepted[i])) {
                throw new IllegalStateException("more requests in flight than the depth of " + depth);
            }
            accepted[i] = null;
        }
        acceptedCount = 0;
        wake();
    }

    private void wake() {
        VarHandle.fullFence(); // Between our store into the queue and the look at the worker's flag; see work().
        if (idle) {
            LockSupport.unpark(worker);
        }
    }

    @Override
    public int poll(final BlockCompletionHandler handler, final int limit) {
        checkOpen();
        int delivered = 0;
        while (delivered < limit && !closed) {
            final Request request = fromWorker.poll();
            if (request == null) {
                break;
            }
            final long token = request.token;
            final int status = request.status;
            request.buffer = null;
            free[freeCount++] = request;
            delivered++;
            handler.onCompletion(token, status);
        }
        return delivered;
    }

    private void work() {
        while (!stopping) {
            final Request request = toWorker.poll();
            if (request != null) {
                request.status = execute(request);
                if (!fromWorker.offer(request)) {
                    throw new IllegalStateException("the completion queue is as long as the depth and cannot be full");
                }
            } else {
                idle = true;
                VarHandle.fullFence();
                if (toWorker.isEmpty() && !stopping) {
                    LockSupport.park(this);
                }
                idle = false;
            }
        }
    }

    private int execute(final Request request) {
        if (device.readOnly() && request.kind != Kind.READ) {
            return READ_ONLY_STATUS;
        }
        try {
            switch (request.kind) {
                case READ -> transfer(request, true);
                case WRITE -> {
                    transfer(request, false);
                    if (request.fua) {
                        device.channel().force(false);
                    }
                }
                case FLUSH -> device.channel().force(false);
                case ZERO -> zero(request.offset, request.length);
                case DEALLOCATE -> { }
            }
            return BlockStatus.OK;
        } catch (final IOException failed) {
            return failed.getMessage() != null && failed.getMessage().contains("No space left")
                ? NO_SPACE_STATUS : IO_STATUS;
        } catch (final RuntimeException | Error unexpected) {
            // A status is all that crosses the port; the worker goes on, or the owner would wait for ever.
            return GONE_STATUS;
        }
    }

    private void transfer(final Request request, final boolean reading) throws IOException {
        final ByteBuffer bytes = request.buffer.segment().asSlice(request.bufferOffset, request.length).asByteBuffer();
        while (bytes.hasRemaining()) {
            final long at = request.offset + bytes.position();
            final int n = reading ? device.channel().read(bytes, at) : device.channel().write(bytes, at);
            if (n < 0) {
                throw new EOFException("the file was truncated");
            }
        }
    }

    private void zero(final long offset, final long length) throws IOException {
        long done = 0;
        while (done < length) {
            final ByteBuffer zeros = ZEROS.duplicate().limit((int) Math.min(ZEROS.capacity(), length - done));
            done += device.channel().write(zeros, offset + done);
        }
    }

    /** Lets the worker finish the request it is at, abandons the others, and waits for it to end. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            stopping = true;
            LockSupport.unpark(worker);
            boolean interrupted = false;
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (final InterruptedException later) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
