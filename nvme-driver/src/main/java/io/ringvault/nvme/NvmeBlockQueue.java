package io.ringvault.nvme;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.DeallocateRange;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.StatusField;
import io.ringvault.nvme.spec.SubmissionEntry;
import java.util.function.LongSupplier;

/**
 * Requests become commands: the {@link BlockQueue} over one NVMe queue pair.
 *
 * <p>A request larger than one command may carry (MDTS, 16-bit block counts) is sent as several, as trackers come
 * free; it completes once, with the first error. A command that failed with "do not retry" clear is sent again with
 * identical bytes, a bounded number of times; a flush never is. What the controller does not offer is done without:
 * deallocate succeeds and does nothing, write zeroes becomes writes from a page of zeros.
 *
 * <p>When a command is overdue, the controller reports a fatal state, or a completion is impossible, the <em>whole
 * queue</em> fails: requests in flight end with the driver's code and later ones with DRIVER_GONE. The controller may
 * still write to the buffers of such requests until the device has been closed (reset), so they must not be reused
 * before.
 *
 * <p>Owned by one thread. Never allocates, locks, throws or logs for a device's sake; the system clock is asked on
 * every 64th poll. Bad arguments throw.
 */
public final class NvmeBlockQueue implements BlockQueue {
    private static final int LARGEST_RANGE_BLOCKS = 1 << 24;

    private final NvmeBlockDevice device;
    private final QueuePair pair;
    private final PrpList prps;
    private final Transfers transfers;
    private final Requests requests;
    private final PollClock clock;
    private final QueuePair.Listener onCommand = this::onCommand;
    private final int nsid;
    private final int blockShift;
    private final int commandBytes;
    private final int zeroesCommandBytes;
    private final long timeoutNs;
    private final int retryLimit;

    private final int[] requestOf;
    private final long[] startOf;
    private final long[] lengthOf;
    private final byte[] retriesOf;
    private final long[] deadlineOf;

    private BlockCompletionHandler handler;
    private int delivered;
    private int failure;
    private long retries;
    private boolean closed;

    NvmeBlockQueue(final NvmeBlockDevice device, final NvmeController.QueuePairHandle handle, final int depth,
                   final NvmeOptions options, final LongSupplier nanoTime) {
        this.device = device;
        this.pair = handle.pair();
        this.prps = new PrpList(handle.memory().pages());
        this.transfers = new Transfers(pair, prps, device.namespace(), handle.memory().bounce(),
            device.zeroPageAddress(), device.sinkPageAddress());
        this.requests = new Requests(depth);
        this.clock = new PollClock(nanoTime);
        this.nsid = device.namespace().id();
        this.blockShift = device.namespace().blockShift();
        this.commandBytes = device.singleCommandBytes();
        this.zeroesCommandBytes = device.facts().zeroes()
            ? SubmissionEntry.MAXIMUM_BLOCKS << blockShift : commandBytes;
        this.timeoutNs = options.commandTimeoutMs() * 1_000_000;
        this.retryLimit = options.retries();
        final int trackers = pair.trackers();
        this.requestOf = new int[trackers];
        this.startOf = new long[trackers];
        this.lengthOf = new long[trackers];
        this.retriesOf = new byte[trackers];
        this.deadlineOf = new long[trackers];
    }

    @Override
    public int depth() {
        return requests.capacity();
    }

    @Override
    public int inFlight() {
        return requests.used();
    }

    @Override
    public boolean read(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
                        final long bufferOffsetBytes) {
        checkTransfer(offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        return start(token, Opcode.READ, 0, offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
    }

    @Override
    public boolean write(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
                         final long bufferOffsetBytes, final boolean fua) {
        checkWritable();
        checkTransfer(offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        return start(token, Opcode.WRITE, fua ? SubmissionEntry.FUA : 0, offsetBytes, lengthBytes, buffer,
            bufferOffsetBytes);
    }

    @Override
    public boolean flush(final long token) {
        checkWritable();
        return start(token, Opcode.FLUSH, 0, 0, 1, null, 0);
    }

    @Override
    public boolean deallocate(final long token, final long offsetBytes, final long lengthBytes) {
        checkWritable();
        checkRange(offsetBytes, lengthBytes);
        if (device.facts().deallocates()) {
            return start(token, Opcode.DATASET_MANAGEMENT, 0, offsetBytes, lengthBytes, null, 0);
        }
        return complete(token);
    }

    @Override
    public boolean writeZeroes(final long token, final long offsetBytes, final long lengthBytes) {
        checkWritable();
        checkRange(offsetBytes, lengthBytes);
        return start(token, Opcode.WRITE_ZEROES, 0, offsetBytes, lengthBytes, null, 0);
    }

    /** A request that needs no command: the next poll delivers it. */
    private boolean complete(final long token) {
        final int request = requests.take(token);
        if (request == Requests.NONE) {
            return false;
        }
        requests.next[request] = 0;
        requests.end[request] = 0;
        if (failure != 0) {
            requests.fail(request, gone());
        }
        requests.appendReady(request);
        return true;
    }

    private static int gone() {
        return BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_GONE, false);
    }

    private boolean start(final long token, final int opcode, final int flags, final long offset, final long length,
                          final DmaBuffer buffer, final long bufferOffset) {
        final int request = requests.take(token);
        if (request == Requests.NONE) {
            return false;
        }
        requests.opcodes[request] = (byte) opcode;
        requests.flags[request] = flags;
        requests.next[request] = offset;
        requests.end[request] = offset + length;
        requests.buffers[request] = buffer;
        requests.bufferDelta[request] = bufferOffset - offset;
        if (failure != 0) {
            requests.fail(request, gone());
            requests.appendReady(request);
        } else {
            requests.appendWaiting(request);
            send();
        }
        return true;
    }

    /** Sends commands of waiting requests, oldest first, as far as trackers are free. */
    private void send() {
        int request = requests.firstWaiting();
        while (request != Requests.NONE) {
            while (requests.next[request] < requests.end[request]) {
                final int tracker = pair.claim();
                if (tracker < 0) {
                    return;
                }
                final long start = requests.next[request];
                final long length = Math.min(requests.end[request] - start, largestPart(requests.opcodes[request]));
                requestOf[tracker] = request;
                startOf[tracker] = start;
                lengthOf[tracker] = length;
                retriesOf[tracker] = 0;
                requests.next[request] = start + length;
                requests.outstanding[request]++;
                place(tracker);
            }
            requests.removeFirstWaiting();
            if (requests.isFinished(request)) {
                requests.appendReady(request);
            }
            request = requests.firstWaiting();
        }
    }

    private long largestPart(final int opcode) {
        return switch (opcode) {
            case Opcode.DATASET_MANAGEMENT -> (long) LARGEST_RANGE_BLOCKS << blockShift;
            case Opcode.WRITE_ZEROES -> zeroesCommandBytes;
            case Opcode.FLUSH -> 1;
            default -> commandBytes;
        };
    }

    /** Encodes the tracker's command from private state alone, so that a retry says exactly the same. */
    private void place(final int tracker) {
        final int request = requestOf[tracker];
        final long start = startOf[tracker];
        final long firstBlock = start >>> blockShift;
        final int blocks = (int) (lengthOf[tracker] >>> blockShift);
        deadlineOf[tracker] = clock.nowNs() + timeoutNs;
        switch (requests.opcodes[request]) {
            case Opcode.FLUSH -> pair.place(tracker, Opcode.FLUSH, nsid, 0, 0, 0, 0);
            case Opcode.DATASET_MANAGEMENT -> {
                DeallocateRange.encode(prps.memory(), prps.pageOffset(tracker), firstBlock, blocks);
                pair.place(tracker, Opcode.DATASET_MANAGEMENT, nsid, prps.pageAddress(tracker), 0,
                    SubmissionEntry.dwords(0, SubmissionEntry.ATTRIBUTE_DEALLOCATE), 0);
            }
            case Opcode.WRITE_ZEROES -> placeZeroes(tracker, firstBlock, blocks);
            default -> transfers.place(tracker, requests.opcodes[request], firstBlock, blocks, requests.flags[request],
                requests.buffers[request], start + requests.bufferDelta[request]);
        }
    }

    private void placeZeroes(final int tracker, final long firstBlock, final int blocks) {
        if (device.facts().zeroes()) {
            transfers.placeWriteZeroes(tracker, firstBlock, blocks);
        } else {
            transfers.placeZeros(tracker, firstBlock, blocks);
        }
    }

    @Override
    public void submit() {
        if (failure == 0) {
            pair.ring();
        }
    }

    @Override
    public int poll(final BlockCompletionHandler completionHandler, final int limit) {
        delivered = 0;
        handler = completionHandler;
        deliverReady(limit);
        if (failure == 0 && delivered < limit) {
            pair.poll(onCommand, limit - delivered);
            if (pair.broken()) {
                failAll(BlockStatus.DRIVER_PROTOCOL);
            } else if (clock.tick() && pair.outstanding() != 0) {
                checkOverdue();
            }
            send();
            submit();
            deliverReady(limit);
        }
        return delivered;
    }

    private void deliverReady(final int limit) {
        while (delivered < limit) {
            final int request = requests.pollReady();
            if (request == Requests.NONE) {
                return;
            }
            deliver(request);
        }
    }

    private void deliver(final int request) {
        final long token = requests.tokens[request];
        final int status = requests.status[request];
        requests.free(request);
        delivered++;
        handler.onCompletion(token, status);
    }

    private void onCommand(final int tracker, final int status, final int result) {
        final int request = requestOf[tracker];
        if (!StatusField.isSuccess(status)) {
            if (mayRetry(tracker, status)) {
                retriesOf[tracker]++;
                retries++;
                place(tracker);
                return;
            }
            requests.fail(request, BlockStatus.error(BlockStatus.ORIGIN_NVME, StatusField.type(status),
                StatusField.code(status), !StatusField.doNotRetry(status)));
        } else if (requests.opcodes[request] == Opcode.READ) {
            transfers.readCompleted(tracker, (int) (lengthOf[tracker] >>> blockShift), requests.buffers[request],
                startOf[tracker] + requests.bufferDelta[request]);
        }
        pair.release(tracker);
        requests.outstanding[request]--;
        if (requests.isFinished(request)) {
            deliver(request);
        }
    }

    /** A flush is never sent again: the second could succeed because the first gave up what it was to keep. */
    private boolean mayRetry(final int tracker, final int status) {
        return !StatusField.doNotRetry(status) && (retriesOf[tracker] & 0xFF) < retryLimit
            && requests.opcodes[requestOf[tracker]] != Opcode.FLUSH;
    }

    private void checkOverdue() {
        if (!device.controller().alive()) {
            failAll(BlockStatus.DRIVER_GONE);
            return;
        }
        final long now = clock.nowNs();
        for (int tracker = 0; tracker < deadlineOf.length; tracker++) {
            if (pair.isOutstanding(tracker) && now - deadlineOf[tracker] > 0) {
                failAll(BlockStatus.DRIVER_TIMEOUT);
                return;
            }
        }
    }

    /** Ends every request that is not already waiting for delivery, and the queue with them. */
    private void failAll(final int driverCode) {
        failure = BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, driverCode, false);
        requests.clearWaiting();
        for (int request = 0; request < requests.capacity(); request++) {
            if (requests.isInUse(request) && !requests.isReady(request)) {
                requests.fail(request, failure);
                requests.outstanding[request] = 0;
                requests.appendReady(request);
            }
        }
    }

    private void checkWritable() {
        if (!device.writable()) {
            throw StorageException.configuration("device '" + device.uri() + "' is open read-only");
        }
    }

    private void checkRange(final long offset, final long length) {
        if (offset < 0 || length <= 0 || ((offset | length) & (1L << blockShift) - 1) != 0
            || offset > device.sizeBytes() - length) {
            throw new IllegalArgumentException("range " + offset + "+" + length + " of a device of "
                + device.sizeBytes()
                + " bytes in blocks of " + (1 << blockShift));
        }
    }

    private void checkTransfer(final long offset, final int length, final DmaBuffer buffer, final long bufferOffset) {
        checkRange(offset, length);
        if (length > device.maxTransferBytes()) {
            throw new IllegalArgumentException(length + " bytes exceed the largest request of "
                + device.maxTransferBytes());
        }
        if (bufferOffset < 0 || (bufferOffset & PrpList.PAGE_BYTES - 1) != 0 || bufferOffset > buffer.lengthBytes()
            - length) {
            throw new IllegalArgumentException("buffer offset " + bufferOffset + ", length " + length + " of "
                + buffer.lengthBytes() + ": offsets are multiples of 4096 inside the buffer");
        }
    }

    /** Why the queue has failed, as a {@link BlockStatus}; 0 while it works. */
    public int failure() {
        return failure;
    }

    /** Commands sent again. */
    public long retries() {
        return retries;
    }

    /** Polls of the completion queue. */
    public long polls() {
        return pair.polls();
    }

    /** Polls that found nothing. */
    public long idlePolls() {
        return pair.idlePolls();
    }

    /** Doorbell registers written. */
    public long doorbellWrites() {
        return pair.doorbellWrites();
    }

    /** Commands completed by the controller. */
    public long commandsCompleted() {
        return pair.completed();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            requests.clearWaiting();
            device.closed(this, pair.id());
        }
    }
}
