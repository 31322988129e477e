package io.ringvault.disk.engine;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectReader;
import io.ringvault.log.SessionKeys;
import io.ringvault.ring.DmaSlotPool;

/**
 * Reads and verifies table blocks for merges. A merge gives a block up for lost when this says FAILED, for good; so
 * that is said of a block only that does not verify twice or that the medium cannot read, never because the device is
 * gone. Index agent only; never blocks.
 */
final class ObjectFetcher implements ObjectReader {
    private static final int SLOTS = 64;
    private static final int RETRIES_MAX = 4;

    private final Geometry geometry;
    private final BlockQueue queue;
    private final BlockSealer sealer;
    private final SessionKeys keys;
    private final ObjectSegments segments;
    private final EngineCounters counters;
    private final DmaSlotPool slots;
    private final Fetch[] fetches = new Fetch[SLOTS];
    private final byte[] sealed = new byte[Geometry.BLOCK_BYTES];
    private int inFlight;
    private int retriesOwed;
    private String failure;

    private static final class Fetch {
        int kind;
        long objectId;
        int ordinal;
        long generation;
        int slot;
        byte[] target;
        int state;
        int retries;
        boolean retryOwed;
        boolean readTwice;
    }

    ObjectFetcher(final BlockDevice device, final BlockQueue queue, final Geometry geometry, final BlockSealer sealer,
                  final SessionKeys keys, final ObjectSegments segments, final EngineCounters counters) {
        this.geometry = geometry;
        this.queue = queue;
        this.sealer = sealer;
        this.keys = keys;
        this.segments = segments;
        this.counters = counters;
        this.slots = new DmaSlotPool(device.allocate((long) SLOTS * Geometry.BLOCK_BYTES), Geometry.BLOCK_BYTES);
        for (int i = 0; i < SLOTS; i++) {
            fetches[i] = new Fetch();
        }
    }

    boolean idle() {
        return inFlight == 0;
    }

    @Override
    public int start(final int kind, final long objectId, final int ordinal, final long generation, final int slot,
                     final byte[] target4080) {
        final int ticket = slots.acquire();
        if (ticket < 0) {
            return -1;
        }
        final Fetch fetch = fetches[ticket];
        fetch.kind = kind;
        fetch.objectId = objectId;
        fetch.ordinal = ordinal;
        fetch.generation = generation;
        fetch.slot = slot;
        fetch.target = target4080;
        if (!geometry.contains(segments.segmentOf(generation), slot)) {
            fetch.state = FAILED;
            return ticket;
        }
        fetch.state = PENDING;
        fetch.retries = 0;
        fetch.readTwice = false;
        if (!send(ticket)) {
            slots.release(ticket);
            return -1;
        }
        inFlight++;
        return ticket;
    }

    private boolean send(final int ticket) {
        final Fetch fetch = fetches[ticket];
        final long block = geometry.blockOf(segments.segmentOf(fetch.generation), fetch.slot);
        if (!queue.read(Tokens.OBJECT_READ | ticket, block * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES, slots.buffer(),
            slots.offset(ticket))) {
            return false;
        }
        counters.deviceBytesRead += Geometry.BLOCK_BYTES;
        return true;
    }

    /** Sends again what failed in a way that allows it: a merge must not lose a block to a passing fault. */
    int step() {
        int work = 0;
        for (int ticket = 0; ticket < fetches.length && retriesOwed > 0; ticket++) {
            if (fetches[ticket].retryOwed && send(ticket)) {
                fetches[ticket].retryOwed = false;
                retriesOwed--;
                work++;
            }
        }
        return work;
    }

    @Override
    public int state(final int ticket) {
        final int state = fetches[ticket].state;
        if (state != PENDING) {
            fetches[ticket].target = null;
            slots.release(ticket);
        }
        return state;
    }

    /** What failed without saying anything about the block, or null: then nothing may be given up for lost. */
    String failure() {
        return failure;
    }

    void onCompletion(final int ticket, final int status) {
        final Fetch fetch = fetches[ticket];
        if (BlockStatus.isRetryable(status) && fetch.retries < RETRIES_MAX) {
            again(fetch);
            return;
        }
        if (BlockStatus.origin(status) == BlockStatus.ORIGIN_DRIVER
            && BlockStatus.code(status) != BlockStatus.DRIVER_INJECTED) {
            failure = "reading an index block for a merge failed: " + BlockStatus.describe(status);
            return;
        }
        boolean verified = false;
        if (status == BlockStatus.OK) {
            slots.buffer().copyOut(slots.offset(ticket), sealed, 0, Geometry.BLOCK_BYTES);
            verified = sealer.openBlock(keys.key(segments.sessionOf(fetch.generation)), fetch.kind, fetch.objectId,
                fetch.ordinal,
                fetch.generation, fetch.slot, sealed, fetch.target);
            if (!verified && !fetch.readTwice) {
                fetch.readTwice = true;
                again(fetch);
                return;
            }
        }
        inFlight--;
        if (!verified) {
            counters.integrityErrors++;
        }
        fetch.state = verified ? READY : FAILED;
    }

    private void again(final Fetch fetch) {
        fetch.retries++;
        fetch.retryOwed = true;
        retriesOwed++;
    }
}
