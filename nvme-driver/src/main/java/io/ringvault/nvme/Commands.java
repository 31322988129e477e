package io.ringvault.nvme;

import io.ringvault.nvme.spec.DeallocateRange;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.StatusField;
import io.ringvault.nvme.spec.SubmissionEntry;

/**
 * What the command of each tracker says: a part of a request, in arrays by tracker. A request is cut into parts as
 * large as one command may be (MDTS, 16-bit block counts); each part is encoded from private state alone, so that a
 * command that is sent again says exactly the same.
 *
 * <p>What the controller does not offer is done without: write zeroes becomes writes from a page of zeros. Owned by the
 * queue's thread; allocates nothing after construction.
 */
final class Commands {
    private static final int LARGEST_RANGE_BLOCKS = 1 << 24;

    private final QueuePair pair;
    private final PrpList prps;
    private final Transfers transfers;
    private final Requests requests;
    private final int nsid;
    private final int blockShift;
    private final int commandBytes;
    private final int zeroesCommandBytes;
    private final boolean zeroes;
    private final int retryLimit;

    private final int[] requestOf;
    private final long[] startOf;
    private final long[] lengthOf;
    private final byte[] retriesOf;

    Commands(final NvmeBlockDevice device, final QueueLink link, final Requests requests, final int retryLimit) {
        this.pair = link.pair;
        this.prps = new PrpList(link.memory.pages());
        this.transfers = new Transfers(pair, prps, device.namespace(), link.memory.bounce(),
            device.zeroPageAddress(), device.sinkPageAddress());
        this.requests = requests;
        this.nsid = device.namespace().id();
        this.blockShift = device.namespace().blockShift();
        this.commandBytes = device.singleCommandBytes();
        this.zeroes = device.facts().zeroes();
        this.zeroesCommandBytes = zeroes ? SubmissionEntry.MAXIMUM_BLOCKS << blockShift : commandBytes;
        this.retryLimit = retryLimit;
        final int trackers = pair.trackers();
        this.requestOf = new int[trackers];
        this.startOf = new long[trackers];
        this.lengthOf = new long[trackers];
        this.retriesOf = new byte[trackers];
    }

    /** The request that the tracker's command is a part of. */
    int requestOf(final int tracker) {
        return requestOf[tracker];
    }

    /** Takes the next part of a request that has one and places its command. */
    void placeNext(final int tracker, final int request) {
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

    private long largestPart(final int opcode) {
        return switch (opcode) {
            case Opcode.DATASET_MANAGEMENT -> (long) LARGEST_RANGE_BLOCKS << blockShift;
            case Opcode.WRITE_ZEROES -> zeroesCommandBytes;
            case Opcode.FLUSH -> 1;
            default -> commandBytes;
        };
    }

    /** Places the command that has failed once more. */
    void placeAgain(final int tracker) {
        retriesOf[tracker]++;
        place(tracker);
    }

    /** A flush is never sent again: the second could succeed because the first gave up what it was to keep. */
    boolean mayRetry(final int tracker, final int status, final boolean abortedByUs) {
        final boolean ownAbort = abortedByUs && StatusField.isAbortRequested(status);
        return (ownAbort || !StatusField.doNotRetry(status)) && (retriesOf[tracker] & 0xFF) < retryLimit
            && requests.opcodes[requestOf[tracker]] != Opcode.FLUSH;
    }

    /** The tracker's command has succeeded: brings what it read to the caller's buffer where that is not there yet. */
    void succeeded(final int tracker) {
        final int request = requestOf[tracker];
        if (requests.opcodes[request] == Opcode.READ) {
            transfers.readCompleted(tracker, (int) (lengthOf[tracker] >>> blockShift), requests.buffers[request],
                startOf[tracker] + requests.bufferDelta[request]);
        }
    }

    private void place(final int tracker) {
        final int request = requestOf[tracker];
        final long start = startOf[tracker];
        final long firstBlock = start >>> blockShift;
        final int blocks = (int) (lengthOf[tracker] >>> blockShift);
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
        if (zeroes) {
            transfers.placeWriteZeroes(tracker, firstBlock, blocks);
        } else {
            transfers.placeZeros(tracker, firstBlock, blocks);
        }
    }
}
