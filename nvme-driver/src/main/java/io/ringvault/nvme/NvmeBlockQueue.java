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
 * <p>A command that is overdue is aborted, then the controller is reset: {@link ControllerRecovery} says how. Here,
 * <pre>
 *  RUNNING --the recovery's word has changed--&gt; PARKED: rings and doorbells rest, requests are kept, nothing
 * completes
 *  PARKED  --queue created anew--&gt; RUNNING: every request starts again with the identical commands; a flush ends
 * with
 *                                    DRIVER_RESET, since it may have lost what it was to keep
 *  PARKED  --recovery failed--&gt; FAILED
 *  RUNNING --impossible completion--&gt; FAILED: requests in flight end with DRIVER_PROTOCOL, later ones with
 * DRIVER_GONE
 * </pre>
 * An overdue flush is not aborted, as an aborted flush would be a failed one: the controller is reset at once. A
 * request on whose account the controller was reset {@link #BLAMED_MAX} times ends with DRIVER_TIMEOUT. Buffers of
 * requests that were in flight when the queue FAILED must rest until the device has been closed.
 *
 * <p>Owned by one thread. Never allocates, locks, throws or logs for a device's sake; the system clock is asked on
 * every 64th poll. Bad arguments throw.
 */
public final class NvmeBlockQueue implements BlockQueue {
    /** Resets on account of one request before it is given up. */
    static final int BLAMED_MAX = 3;

    private static final int LARGEST_RANGE_BLOCKS = 1 << 24;
    private static final int NO_TRACKER = -1;

    private final NvmeBlockDevice device;
    private final ControllerRecovery recovery;
    private final QueueLink link;
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
    private final boolean[] abortedOf;

    private BlockCompletionHandler handler;
    private int delivered;
    private boolean handling;
    private int failure;
    private long retries;
    private boolean closed;

    private int seenWord;
    private boolean parked;
    private long resets;
    private long acknowledged;
    private int abortTracker = NO_TRACKER;
    private boolean abortHeld;
    private int abortHeldStatus;
    private boolean resetAsked;

    NvmeBlockQueue(final NvmeBlockDevice device, final QueueLink link, final int depth, final NvmeOptions options,
                   final LongSupplier nanoTime) {
        this.device = device;
        this.recovery = device.controller().recovery();
        this.link = link;
        this.seenWord = link.resumeWord();
        this.pair = link.pair;
        this.prps = new PrpList(link.memory.pages());
        this.transfers = new Transfers(pair, prps, device.namespace(), link.memory.bounce(),
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
        this.abortedOf = new boolean[trackers];
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
        if (acknowledged != resets && device.volatileCache()) {
            return complete(token, BlockStatus.DRIVER_RESET);
        }
        return start(token, Opcode.FLUSH, 0, 0, 1, null, 0);
    }

    @Override
    public boolean deallocate(final long token, final long offsetBytes, final long lengthBytes) {
        checkWritable();
        checkRange(offsetBytes, lengthBytes);
        if (device.facts().deallocates()) {
            return start(token, Opcode.DATASET_MANAGEMENT, 0, offsetBytes, lengthBytes, null, 0);
        }
        return complete(token, 0);
    }

    @Override
    public boolean writeZeroes(final long token, final long offsetBytes, final long lengthBytes) {
        checkWritable();
        checkRange(offsetBytes, lengthBytes);
        return start(token, Opcode.WRITE_ZEROES, 0, offsetBytes, lengthBytes, null, 0);
    }

    /** A request that needs no command: the next poll delivers it, with a driver's code or 0 for success. */
    private boolean complete(final long token, final int driverCode) {
        final int request = requests.take(token);
        if (request == Requests.NONE) {
            return false;
        }
        requests.next[request] = 0;
        requests.end[request] = 0;
        if (failure != 0 || driverCode != 0) {
            requests.fail(request, driverError(failure != 0 ? BlockStatus.DRIVER_GONE : driverCode));
        }
        requests.appendReady(request);
        return true;
    }

    private static int driverError(final int code) {
        return BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, code, false);
    }

    private boolean start(final long token, final int opcode, final int flags, final long offset, final long length,
                          final DmaBuffer buffer, final long bufferOffset) {
        final int request = requests.take(token);
        if (request == Requests.NONE) {
            return false;
        }
        requests.opcodes[request] = (byte) opcode;
        requests.flags[request] = flags;
        requests.start[request] = offset;
        requests.next[request] = offset;
        requests.end[request] = offset + length;
        requests.buffers[request] = buffer;
        requests.bufferDelta[request] = bufferOffset - offset;
        if (failure != 0) {
            requests.fail(request, driverError(BlockStatus.DRIVER_GONE));
            requests.appendReady(request);
        } else {
            requests.appendWaiting(request);
            if (!parked) {
                send();
            }
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
                abortedOf[tracker] = false;
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

    /** While the controller stops no doorbell is written; what was placed is sent again afterwards. */
    @Override
    public void submit() {
        if (failure == 0 && recovery.word() == seenWord) {
            try {
                pair.ring();
            } catch (final InternalError fault) {
                failAll(BlockStatus.DRIVER_GONE);
            }
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>A doorbell whose registers were turned off beneath it faults (SIGBUS), which the JVM reports as an {@link
     * InternalError} at the store or a little later on this thread. Reported in here, all requests end with
     * DRIVER_GONE; reported while the handler runs, it also goes on to the caller, since what the handler was doing is
     * half done. Reported after this returned, it is the caller's: the requests end within a tenth of a second, when
     * the control plane finds the registers gone.
     */
    @Override
    public int poll(final BlockCompletionHandler completionHandler, final int limit) {
        delivered = 0;
        handler = completionHandler;
        try {
            if (recovery.word() == seenWord) {
                pollNow(limit);
            } else {
                pollAside(limit);
            }
        } catch (final InternalError fault) {
            failAll(BlockStatus.DRIVER_GONE);
            if (handling) {
                handling = false;
                throw fault;
            }
        }
        return delivered;
    }

    private void pollNow(final int limit) {
        deliverReady(limit);
        if (failure == 0 && delivered < limit) {
            pair.poll(onCommand, limit - delivered);
            if (pair.broken()) {
                link.abandon();
                failAll(BlockStatus.DRIVER_PROTOCOL);
            } else {
                if (clock.tick()) {
                    lookForOverdue();
                }
                if (abortTracker != NO_TRACKER && delivered < limit) {
                    finishAbort();
                }
                send();
                submit();
            }
            deliverReady(limit);
        }
    }

    /** The poll of a queue whose controller is being reset, or was, or has failed. */
    private void pollAside(final int limit) {
        if (failure == 0) {
            if (!parked) {
                parked = true;
                link.park();
                recovery.wake();
            }
            if (recovery.inline()) {
                recovery.serve();
            }
            if (recovery.failed()) {
                failAll(recovery.failureCode());
            } else if (link.resume()) {
                startAgain();
                return;
            }
        }
        deliverReady(limit);
    }

    /** After a reset, in a queue as new: what was in flight or waiting starts from its beginning. */
    private void startAgain() {
        pair.restart();
        parked = false;
        seenWord = link.resumeWord();
        resets++;
        abortTracker = NO_TRACKER;
        abortHeld = false;
        resetAsked = false;
        requests.clearWaiting();
        for (int request = 0; request < requests.capacity(); request++) {
            if (requests.isInUse(request) && !requests.isReady(request)) {
                startAgain(request);
            }
        }
        send();
        submit();
    }

    private void startAgain(final int request) {
        if (requests.blamed[request] >= BLAMED_MAX) {
            requests.fail(request, driverError(BlockStatus.DRIVER_TIMEOUT));
        } else if (requests.opcodes[request] == Opcode.FLUSH && device.volatileCache()) {
            requests.fail(request, driverError(BlockStatus.DRIVER_RESET));
        }
        if (requests.status[request] != 0) {
            requests.outstanding[request] = 0;
            requests.appendReady(request);
        } else {
            requests.rewind(request);
        }
    }

    @Override
    public long resets() {
        return resets;
    }

    @Override
    public void acknowledgeReset() {
        acknowledged = resets;
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
        handling = true;
        handler.onCompletion(token, status);
        handling = false;
    }

    private void onCommand(final int tracker, final int status, final int result) {
        if (tracker == abortTracker && !link.abortAnswered()) {
            // Its identifier must not be used again while the controller may still look for it.
            abortHeld = true;
            abortHeldStatus = status;
            return;
        }
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
        final boolean ownAbort = abortedOf[tracker] && StatusField.isAbortRequested(status);
        return (ownAbort || !StatusField.doNotRetry(status)) && (retriesOf[tracker] & 0xFF) < retryLimit
            && requests.opcodes[requestOf[tracker]] != Opcode.FLUSH;
    }

    /** The controller has answered the Abort: now its command's own completion counts, if it came meanwhile. */
    private void finishAbort() {
        if (link.abortAnswered()) {
            final int tracker = abortTracker;
            abortTracker = NO_TRACKER;
            link.forgetAbort();
            if (abortHeld) {
                abortHeld = false;
                onCommand(tracker, abortHeldStatus, 0);
            }
        }
    }

    private void lookForOverdue() {
        if (recovery.inline()) {
            recovery.serve();
        }
        if (pair.outstanding() == 0) {
            return;
        }
        final long now = clock.nowNs();
        for (int tracker = 0; tracker < deadlineOf.length; tracker++) {
            if (pair.isOutstanding(tracker) && now - deadlineOf[tracker] > 0) {
                overdue(tracker);
            }
        }
        if (recovery.inline()) {
            recovery.serve();
        }
    }

    private void overdue(final int tracker) {
        final int request = requestOf[tracker];
        if (abortedOf[tracker] || requests.opcodes[request] == Opcode.FLUSH) {
            if (!resetAsked) {
                resetAsked = true;
                requests.blamed[request]++;
                link.askReset(tracker, requests.opcodes[request]);
                recovery.wake();
            }
        } else if (abortTracker == NO_TRACKER) {
            abortTracker = tracker;
            abortedOf[tracker] = true;
            deadlineOf[tracker] = clock.nowNs() + timeoutNs / 4;
            link.askAbort(tracker);
            recovery.wake();
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
            link.park();
            requests.clearWaiting();
            device.closed(this, pair.id());
        }
    }
}
