package io.ringvault.nvme;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.StatusField;
import io.ringvault.nvme.spec.SubmissionEntry;
import java.util.function.LongSupplier;

/**
 * Requests become commands: the {@link BlockQueue} over one NVMe queue pair.
 *
 * <p>A request larger than one command may carry is sent as several, as trackers come free ({@link Commands}); it
 * completes once, with the first error. A command that failed with "do not retry" clear is sent again with identical
 * bytes, a bounded number of times; a flush never is. Deallocate, where the controller does not offer it, succeeds and
 * does nothing.
 *
 * <p>A command that is late ({@link Overdue}) and a completion that answers no command of ours both end in a reset of
 * the controller: {@link ControllerRecovery} says how. Here,
 * <pre>
 *  RUNNING --impossible completion--&gt; BROKEN: nothing more is taken or sent, a reset has been asked for
 *  RUNNING, BROKEN --the recovery's word has changed--&gt; PARKED: rings and doorbells rest, nothing completes
 *  PARKED  --queue created anew--&gt; RUNNING: every request starts again with the identical commands; a flush ends
 *                                    with DRIVER_RESET, since it may have lost what it was to keep
 *  PARKED  --recovery failed--&gt; FAILED: requests end with the reason's code, later ones with DRIVER_GONE
 * </pre>
 * So no buffer is given back while the controller may still use it, unless the controller cannot be stopped: then the
 * buffers of requests that were in flight must rest until the device has been closed. A request on whose account the
 * controller was reset {@link #BLAMED_MAX} times ends with DRIVER_TIMEOUT.
 *
 * <p>Owned by one thread. Never allocates, locks, throws or logs for a device's sake. Bad arguments throw.
 */
public final class NvmeBlockQueue implements BlockQueue {
    /** Resets on account of one request before it is given up. */
    static final int BLAMED_MAX = 3;

    private final NvmeBlockDevice device;
    private final ControllerRecovery recovery;
    private final QueueLink link;
    private final QueuePair pair;
    private final Requests requests;
    private final Commands commands;
    private final Overdue overdue;
    private final QueuePair.Listener onCommand = this::onCommand;

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

    NvmeBlockQueue(final NvmeBlockDevice device, final QueueLink link, final int depth, final NvmeOptions options,
                   final LongSupplier nanoTime) {
        this.device = device;
        this.recovery = device.controller().recovery();
        this.link = link;
        this.seenWord = link.resumeWord();
        this.pair = link.pair;
        this.requests = new Requests(depth);
        this.commands = new Commands(device, link, requests, options.retries());
        this.overdue = new Overdue(recovery, link, commands, requests, options.commandTimeoutMs() * 1_000_000,
            nanoTime);
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
        device.checkTransfer(offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        return start(token, Opcode.READ, 0, offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
    }

    @Override
    public boolean write(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
                         final long bufferOffsetBytes, final boolean fua) {
        device.checkWritable();
        device.checkTransfer(offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        return start(token, Opcode.WRITE, fua ? SubmissionEntry.FUA : 0, offsetBytes, lengthBytes, buffer,
            bufferOffsetBytes);
    }

    @Override
    public boolean flush(final long token) {
        device.checkWritable();
        if (acknowledged != resets && device.volatileCache()) {
            return complete(token, BlockStatus.DRIVER_RESET);
        }
        return start(token, Opcode.FLUSH, 0, 0, 1, null, 0);
    }

    @Override
    public boolean deallocate(final long token, final long offsetBytes, final long lengthBytes) {
        device.checkWritable();
        device.checkRange(offsetBytes, lengthBytes);
        if (device.facts().deallocates()) {
            return start(token, Opcode.DATASET_MANAGEMENT, 0, offsetBytes, lengthBytes, null, 0);
        }
        return complete(token, 0);
    }

    @Override
    public boolean writeZeroes(final long token, final long offsetBytes, final long lengthBytes) {
        device.checkWritable();
        device.checkRange(offsetBytes, lengthBytes);
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
            if (!parked && !pair.broken()) {
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
                commands.placeNext(tracker, request);
                overdue.placed(tracker);
            }
            requests.removeFirstWaiting();
            if (requests.isFinished(request)) {
                requests.appendReady(request);
            }
            request = requests.firstWaiting();
        }
    }

    /** While the controller stops no doorbell is written; what was placed is sent again afterwards. */
    @Override
    public void submit() {
        if (failure == 0 && recovery.word() == seenWord && !pair.broken()) {
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
        if (failure != 0 || delivered >= limit) {
            return;
        }
        if (!pair.broken()) {
            pair.poll(onCommand, limit - delivered);
            if (pair.broken()) {
                link.askRepair(pair.brokenBy());
                recovery.wake();
            } else {
                overdue.tick();
                final int held = delivered < limit ? overdue.takeHeld() : Overdue.NONE;
                if (held != Overdue.NONE) {
                    onCommand(held, overdue.heldStatus(), 0);
                }
                send();
                submit();
            }
            deliverReady(limit);
        }
        if (pair.broken()) {
            recovery.serveInline();
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
            recovery.serveInline();
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
        overdue.restart();
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
        if (overdue.holds(tracker, status)) {
            return;
        }
        final int request = commands.requestOf(tracker);
        if (StatusField.isSuccess(status)) {
            commands.succeeded(tracker);
        } else if (commands.mayRetry(tracker, status, overdue.aborted(tracker))) {
            retries++;
            commands.placeAgain(tracker);
            overdue.placedAgain(tracker);
            return;
        } else {
            requests.fail(request, BlockStatus.error(BlockStatus.ORIGIN_NVME, StatusField.type(status),
                StatusField.code(status), !StatusField.doNotRetry(status)));
        }
        pair.release(tracker);
        requests.outstanding[request]--;
        if (requests.isFinished(request)) {
            deliver(request);
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
            link.abandon(); // Not parked: that would ask for the queue to be created anew.
            requests.clearWaiting();
            device.closed(this, pair.id());
        }
    }
}
