package io.ringvault.disk.engine;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.log.Geometry;

/**
 * The sealed chunks that are not yet durable, in sequence order: submits them, flushes, and moves the durable mark
 * (protocol rules 18, 19, 21, 22).
 *
 * <p>An ordinary chunk is written at once. A commit chunk is written with FUA as soon as every earlier chunk is
 * durable, or is itself a FUA write, or has completed; in the last case one flush goes out beside it. So a small sync
 * is one device write.
 *
 * <p>After a reset of the device, what had completed without being durable is written again from the same buffers, byte
 * for byte, and flushed (U7 of the protocol); no mark moves meanwhile.
 *
 * <p>Data agent only; never blocks, never allocates.
 */
final class DurableWindow {
    private static final int RETRIES_MAX = 4;

    private final BlockQueue queue;
    private final DmaBuffer arena;
    private final Geometry geometry;
    private final EngineState state;
    private final boolean volatileCache;
    private final ChunkBuffer[] bySequence;
    private final int mask;
    private final int[] freeBuffers;
    private final ChunkBuffer[] buffers;
    private int freeCount;

    private long durableSequence;
    private long lastSequence;
    private int unsubmitted;
    private int resends;
    private long unflushedBytes;
    private long undurableBytes;

    private long flushesSubmitted;
    private long flushCompleted;
    private int flushesInFlight;
    private int flushesOwed;
    private boolean buffersWanted;
    /** After a reset: everything up to this sequence is flushed as soon as it can be. */
    private long flushThrough;

    DurableWindow(final BlockDevice device, final BlockQueue queue, final Geometry geometry, final EngineState state,
                  final long baseSequence) {
        final EngineConfig config = state.config;
        final long bytesPerBuffer = (config.chunkDataBlocks + 2L) * Geometry.BLOCK_BYTES;
        this.queue = queue;
        this.geometry = geometry;
        this.state = state;
        this.volatileCache = device.volatileCache();
        this.arena = device.allocate(bytesPerBuffer * config.chunkBuffers);
        this.buffers = new ChunkBuffer[config.chunkBuffers];
        this.freeBuffers = new int[config.chunkBuffers];
        final int capacity = Integer.highestOneBit(Math.max(1, config.chunkBuffers - 1)) << 1;
        this.bySequence = new ChunkBuffer[Math.max(2, capacity)];
        this.mask = bySequence.length - 1;
        for (int i = 0; i < buffers.length; i++) {
            buffers[i] = new ChunkBuffer(i, bytesPerBuffer * i);
            freeBuffers[i] = buffers.length - 1 - i;
        }
        freeCount = buffers.length;
        durableSequence = baseSequence;
        lastSequence = baseSequence;
    }

    int freeBuffers() {
        return freeCount;
    }

    DmaBuffer arena() {
        return arena;
    }

    /** Every chunk up to this sequence is durable. */
    long durableSequence() {
        return durableSequence;
    }

    boolean idle() {
        return durableSequence == lastSequence && flushesInFlight == 0;
    }

    /** Somebody waits for buffers: the completed chunks are made durable as soon as possible. */
    void flushSoon() {
        buffersWanted = true;
    }

    /** Whether more may be written before the durable mark has to follow. */
    boolean windowOpen() {
        return undurableBytes < state.config.windowBytes;
    }

    ChunkBuffer acquire() {
        return buffers[freeBuffers[--freeCount]];
    }

    /** The chunk that holds a place and is still in memory, or null. */
    ChunkBuffer find(final long generation, final int slot, final LogStream[] streams) {
        for (final LogStream stream : streams) {
            final ChunkBuffer open = stream.open;
            if (open != null && open.holds(generation, slot)) {
                return open;
            }
        }
        for (long sequence = lastSequence; sequence > durableSequence; sequence--) {
            final ChunkBuffer chunk = bySequence[(int) sequence & mask];
            if (chunk.holds(generation, slot)) {
                return chunk;
            }
        }
        return null;
    }

    /** Takes over a sealed chunk; it is submitted by {@link #step}. */
    void add(final ChunkBuffer chunk) {
        if (chunk.sequence != lastSequence + 1) {
            throw new IllegalStateException("chunk " + chunk.sequence + " after " + lastSequence);
        }
        lastSequence = chunk.sequence;
        bySequence[(int) chunk.sequence & mask] = chunk;
        unsubmitted++;
        undurableBytes += (long) chunk.lengthBlocks() * Geometry.BLOCK_BYTES;
    }

    /** Submits what may be submitted. */
    int step() {
        int work = 0;
        if (resends > 0 && !state.poisoned()) {
            work += resendFailed();
        }
        if (unsubmitted > 0 && !state.poisoned()) {
            work += submitSealed();
        }
        while (flushesOwed > 0 && !state.poisoned() && submitFlush()) {
            flushesOwed--;
            work++;
        }
        if (volatileCache && flushesInFlight == 0 && flushesOwed == 0 && flushDue() && !state.poisoned()
            && submitFlush()) {
            work++;
        }
        return work;
    }

    /** Sends the identical bytes to the identical place again (protocol rule 5). */
    private int resendFailed() {
        int work = 0;
        for (final ChunkBuffer chunk : buffers) {
            if (chunk.resend && send(chunk)) {
                chunk.resend = false;
                resends--;
                work++;
            }
        }
        return work;
    }

    private boolean flushDue() {
        return unflushedBytes > 0 && (unflushedBytes >= state.config.windowBytes / 2
            || freeCount <= buffers.length / 2 || buffersWanted || durableSequence < flushThrough);
    }

    private int submitSealed() {
        int work = 0;
        boolean earlierCompleted = true;
        boolean flushNeeded = false;
        for (long sequence = durableSequence + 1; sequence <= lastSequence; sequence++) {
            final ChunkBuffer chunk = bySequence[(int) sequence & mask];
            final int chunkState = chunk.state();
            if (chunkState == ChunkBuffer.SEALED || chunkState == ChunkBuffer.WAITING) {
                if (chunk.commit && volatileCache) {
                    if (earlierCompleted) {
                        chunk.fua = true;
                        if (!submit(chunk)) {
                            return work;
                        }
                        if (flushNeeded) {
                            flushesOwed++;
                        }
                        work++;
                    } else if (chunkState == ChunkBuffer.SEALED) {
                        chunk.advance(ChunkBuffer.WAITING);
                    }
                } else {
                    if (!submit(chunk)) {
                        return work;
                    }
                    work++;
                }
            }
            if (!chunk.fua) {
                if (chunk.state() == ChunkBuffer.COMPLETED) {
                    flushNeeded |= chunk.completedAtFlush >= flushesSubmitted;
                } else {
                    earlierCompleted = false;
                }
            }
        }
        return work;
    }

    private boolean submit(final ChunkBuffer chunk) {
        if (!send(chunk)) {
            return false;
        }
        chunk.advance(ChunkBuffer.SUBMITTED);
        unsubmitted--;
        return true;
    }

    private boolean send(final ChunkBuffer chunk) {
        final int slot = chunk.summarySlot - chunk.prefaceBlocks;
        final int lengthBytes = chunk.lengthBlocks() * Geometry.BLOCK_BYTES;
        final long from = chunk.arenaOffset + (1L - chunk.prefaceBlocks) * Geometry.BLOCK_BYTES;
        if (!queue.write(Tokens.CHUNK | chunk.index, geometry.blockOf(chunk.segment, slot) * Geometry.BLOCK_BYTES,
            lengthBytes, arena, from, chunk.fua)) {
            return false;
        }
        state.counters.deviceWrites++;
        state.counters.deviceBytesWritten += lengthBytes;
        return true;
    }

    private boolean submitFlush() {
        if (!queue.flush(Tokens.FLUSH | flushesSubmitted + 1)) {
            return false;
        }
        flushesSubmitted++;
        flushesInFlight++;
        unflushedBytes = 0;
        buffersWanted = false;
        state.counters.deviceFlushes++;
        return true;
    }

    /**
     * The device was reset: completed chunks that are not on stable storage may be lost. They are written again where
     * they were; a flush in flight counts for nothing.
     */
    void onDeviceReset() {
        state.counters.deviceResets++;
        if (!volatileCache) {
            return;
        }
        for (long sequence = durableSequence + 1; sequence <= lastSequence; sequence++) {
            final ChunkBuffer chunk = bySequence[(int) sequence & mask];
            if (chunk.state() == ChunkBuffer.COMPLETED && !chunk.fua && chunk.completedAtFlush >= flushCompleted) {
                chunk.advance(ChunkBuffer.SEALED);
                unsubmitted++;
                state.counters.rewrittenChunks++;
            }
        }
        unflushedBytes = 0;
        flushesOwed = 0;
        flushThrough = lastSequence;
    }

    void onChunkCompletion(final int index, final int status) {
        final ChunkBuffer chunk = buffers[index];
        if (status != BlockStatus.OK) {
            if (BlockStatus.isRetryable(status) && chunk.retries < RETRIES_MAX) {
                chunk.retries++;
                state.counters.retries++;
                chunk.resend = true;
                resends++;
                return;
            }
            state.poison("writing chunk " + chunk.sequence + " (segment " + chunk.segment + " slot " + chunk.summarySlot
                + ") failed: " + state.describe(status));
            return;
        }
        chunk.advance(ChunkBuffer.COMPLETED);
        chunk.completedAtFlush = flushesSubmitted;
        if (!chunk.fua && volatileCache) {
            unflushedBytes += (long) chunk.lengthBlocks() * Geometry.BLOCK_BYTES;
        }
    }

    void onFlushCompletion(final long number, final int status) {
        flushesInFlight--;
        if (BlockStatus.isReset(status)) {
            return;
        }
        if (status != BlockStatus.OK) {
            state.poison("a device flush failed: " + state.describe(status)
                + "; what was not durable stays unconfirmed");
            return;
        }
        flushCompleted = Math.max(flushCompleted, number);
    }

    /**
     * Moves the durable mark over one more chunk.
     *
     * @return the chunk that became durable, still to be given back by {@link #release}, or null
     */
    ChunkBuffer nextDurable() {
        if (durableSequence == lastSequence || state.poisoned()) {
            return null;
        }
        final ChunkBuffer chunk = bySequence[(int) (durableSequence + 1) & mask];
        if (chunk.state() != ChunkBuffer.COMPLETED
            || volatileCache && !chunk.fua && chunk.completedAtFlush >= flushCompleted) {
            return null;
        }
        chunk.advance(ChunkBuffer.DURABLE);
        durableSequence++;
        undurableBytes -= (long) chunk.lengthBlocks() * Geometry.BLOCK_BYTES;
        return chunk;
    }

    void release(final ChunkBuffer chunk) {
        bySequence[(int) chunk.sequence & mask] = null;
        chunk.advance(ChunkBuffer.FREE);
        freeBuffers[freeCount++] = chunk.index;
    }
}
