package io.ringvault.disk.engine;

import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Geometry;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.lsm.BlockCache;
import io.ringvault.lsm.Found;
import io.ringvault.ring.DmaSlotPool;
import io.ringvault.ring.OpStatus;

/**
 * Fetches and verifies the index blocks that a look-up misses in the cache. A block that cannot be read or does not
 * verify is an error of the look-up, never an absence. Data agent only; no allocation per block.
 */
final class IndexLoader {
    static final int STARTED = 0;
    static final int BUSY = 1;
    static final int BROKEN = 2;
    private static final int RETRIES_MAX = 4;

    private final EngineState state;
    private final Geometry geometry;
    private final SegmentTable table;
    private final BlockQueue queue;
    private final BlockSealer sealer;
    private final SessionKeys keys;
    private final BlockCache cache;
    private final DmaSlotPool slots;
    private final Load[] loads;
    private final byte[] sealed = new byte[Geometry.BLOCK_BYTES];
    private final byte[] plain = new byte[Geometry.SEALED_BYTES];
    private ReadPath readPath;
    private Relocator relocator;
    private int resends;

    private static final class Load {
        /** The read that waits, or null: the relocator. */
        ReadJob job;
        int kind;
        long tableId;
        int ordinal;
        long generation;
        int slot;
        int retries;
        boolean resend;
    }

    IndexLoader(final EngineState state, final Geometry geometry, final SegmentTable table, final BlockQueue queue,
                final BlockSealer sealer, final SessionKeys keys, final BlockCache cache, final DmaBuffer buffers) {
        this.state = state;
        this.geometry = geometry;
        this.table = table;
        this.queue = queue;
        this.sealer = sealer;
        this.keys = keys;
        this.cache = cache;
        this.slots = new DmaSlotPool(buffers, Geometry.BLOCK_BYTES);
        this.loads = new Load[slots.capacity()];
        for (int i = 0; i < loads.length; i++) {
            loads[i] = new Load();
        }
    }

    void connect(final ReadPath reads, final Relocator cleaner) {
        this.readPath = reads;
        this.relocator = cleaner;
    }

    /**
     * Starts fetching the block that the cursor asks for.
     *
     * @param job the read that waits, or null for the relocator
     * @return STARTED, BUSY when no buffer or queue entry is free now, or BROKEN when the block's segment does not
     * exist
     */
    int start(final Found found, final ReadJob job) {
        final int segment = table.segmentOf(found.generation);
        if (!geometry.contains(segment, found.slot)) {
            return BROKEN;
        }
        final int index = slots.acquire();
        if (index < 0) {
            return BUSY;
        }
        if (!send(index, segment, found.slot)) {
            slots.release(index);
            return BUSY;
        }
        state.counters.deviceBytesRead += Geometry.BLOCK_BYTES;
        final Load load = loads[index];
        load.job = job;
        load.kind = found.kind;
        load.tableId = found.tableId;
        load.ordinal = found.ordinal;
        load.generation = found.generation;
        load.slot = found.slot;
        load.retries = 0;
        return STARTED;
    }

    private boolean send(final int index, final int segment, final int slot) {
        return queue.read(Tokens.INDEX_READ | index, geometry.blockOf(segment, slot) * Geometry.BLOCK_BYTES,
            Geometry.BLOCK_BYTES, slots.buffer(), slots.offset(index));
    }

    /** Asks again for what the device could not read just now. */
    int step() {
        int work = 0;
        for (int index = 0; index < loads.length && resends > 0; index++) {
            final Load load = loads[index];
            final int segment = load.resend ? table.segmentOf(load.generation) : -1;
            if (segment >= 0 && send(index, segment, load.slot)) {
                load.resend = false;
                resends--;
                work++;
            }
        }
        return work;
    }

    void onCompletion(final int index, final int status) {
        final Load load = loads[index];
        if (BlockStatus.isRetryable(status) && load.retries < RETRIES_MAX) {
            load.retries++;
            load.resend = true;
            resends++;
            state.counters.retries++;
            return;
        }
        boolean verified = false;
        final int segment = table.segmentOf(load.generation);
        if (status == BlockStatus.OK && segment >= 0) {
            slots.buffer().copyOut(slots.offset(index), sealed, 0, Geometry.BLOCK_BYTES);
            verified = sealer.openBlock(keys.key(table.session(segment)), load.kind, load.tableId, load.ordinal,
                load.generation, load.slot, sealed, plain);
        }
        if (verified) {
            cache.insert(load.tableId, load.ordinal, plain);
        }
        final ReadJob job = load.job;
        load.job = null;
        slots.release(index);
        if (job == null) {
            relocator.indexBlockLoaded(verified);
        } else {
            final int outcome = verified ? OpStatus.OK : status == BlockStatus.OK ? OpStatus.INTEGRITY
                : OpStatus.IO_ERROR;
            readPath.indexBlockLoaded(job, outcome);
        }
    }
}
