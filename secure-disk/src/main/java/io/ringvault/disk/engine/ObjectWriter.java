package io.ringvault.disk.engine;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.crypto.AeadKey;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectSink;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import java.util.function.Supplier;

/**
 * Seals and writes the blocks of tables and checkpoints into object segments, in runs of neighbouring blocks, and says
 * when everything up to a point is on the device and flushed (protocol rule 15).
 *
 * <p>Staging is a ring of blocks in DMA memory: appended at the head, submitted in runs, given back in order when
 * written; on a device that may be reset under us, when flushed, since a reset may lose what only completed: those runs
 * are then written again, byte for byte, and the ring asks for flushes by itself as it fills. Index agent only; never
 * blocks.
 */
final class ObjectWriter implements ObjectSink {
    private static final int RUN_BLOCKS_MAX = 64;
    private static final int RETRIES_MAX = 4;
    private static final int RUNS_MAX = 64;

    private final Geometry geometry;
    private final BlockQueue queue;
    private final BlockSealer sealer;
    private AeadKey sessionKey;
    private SessionIdentity session;
    private final EngineCounters counters;
    private final boolean volatileCache;
    /** Blocks are kept until they are flushed. */
    private final boolean keeps;
    private final Supplier<String> deviceFailure;
    private final DmaBuffer staging;
    private final int stagingBlocks;
    private final byte[] sealed = new byte[Geometry.BLOCK_BYTES];
    private final PrefaceCodec preface = new PrefaceCodec();
    private final Run[] runs = new Run[RUNS_MAX];

    private int segment = -1;
    private long generation;
    private int nextSlot;
    private int spareSegment = -1;
    private long spareGeneration;
    private boolean grantAsked;
    private boolean askedUrgently;
    /** Something wants to append; the first segment is asked for only then. */
    private boolean demand;
    private int finishedSegment = -1;
    private int finishedEndSlot;

    /** Blocks ever appended, submitted, and written (all before it are): positions in the staging ring. */
    private long appended;
    private long submitted;
    private long written;
    /** Everything below is on stable storage. */
    private long flushed;
    private long flushWanted;
    private long flushInFlight = -1;
    private int runSlot;
    private long runHead;
    private long runTail;
    /** The first run that is not written. */
    private long runWritten;
    private String failure;

    private long lastGeneration;
    private int lastSlot;
    private int lastSegment;

    private static final class Run {
        long start;
        int blocks;
        int segment;
        int slot;
        int retries;
        boolean sent;
        boolean done;
    }

    ObjectWriter(final BlockDevice device, final BlockQueue queue, final Geometry geometry, final BlockSealer sealer,
                 final AeadKey sessionKey, final SessionIdentity session, final EngineConfig config,
                 final EngineCounters counters) {
        this.geometry = geometry;
        this.queue = queue;
        this.sealer = sealer;
        this.sessionKey = sessionKey;
        this.session = session;
        this.counters = counters;
        this.volatileCache = device.volatileCache();
        this.keeps = volatileCache && device.mayReset();
        this.deviceFailure = device::failureReason;
        this.stagingBlocks = config.objectStagingBlocks;
        this.staging = device.allocate((long) stagingBlocks * Geometry.BLOCK_BYTES);
        for (int i = 0; i < runs.length; i++) {
            runs[i] = new Run();
        }
    }

    // ---- segments

    /**
     * Whether the owner should ask for a segment; it answers with {@link #grant}. What was asked for at leisure is
     * asked for again when it becomes urgent.
     */
    boolean wantsSegment(final boolean urgent) {
        if (spareSegment >= 0 || grantAsked && (askedUrgently || !urgent)) {
            return false;
        }
        grantAsked = segment < 0 && demand || segment >= 0 && nextSlot > geometry.segmentBlocks() / 2;
        askedUrgently = grantAsked && urgent;
        return grantAsked;
    }

    /**
     * Takes a segment; false when one is held already, since what was asked for twice may be answered twice: the
     * owner gives it back unused.
     */
    boolean grant(final int grantedSegment, final long grantedGeneration) {
        grantAsked = false;
        if (spareSegment >= 0) {
            return false;
        }
        spareSegment = grantedSegment;
        spareGeneration = grantedGeneration;
        return true;
    }

    /** A segment that nothing more is written to, or -1; its end is {@link #finishedEndSlot()}. Taken once. */
    int takeFinishedSegment() {
        final int taken = finishedSegment;
        finishedSegment = -1;
        return taken;
    }

    /**
     * Nothing more is written to the segment in use and the spare one; what is appended next goes to another.
     *
     * @param told gets each with its end slot
     */
    void endSegments(final EndedSegment told) {
        submitRun();
        if (finishedSegment >= 0) {
            told.ended(finishedSegment, finishedEndSlot);
            finishedSegment = -1;
        }
        if (segment >= 0) {
            told.ended(segment, nextSlot);
        }
        if (spareSegment >= 0) {
            told.ended(spareSegment, 0);
        }
        segment = -1;
        spareSegment = -1;
        demand = false;
    }

    /** Told of a segment that nothing more is written to. */
    interface EndedSegment {
        void ended(int segment, int endSlot);
    }

    /** Blocks are sealed under this session from now on; no segment of another is in use. */
    void session(final SessionIdentity identity, final AeadKey key) {
        if (segment >= 0 || spareSegment >= 0) {
            throw new IllegalStateException("a segment of session " + session.id() + " is in use");
        }
        session = identity;
        sessionKey = key;
    }

    int finishedEndSlot() {
        return finishedEndSlot;
    }

    @Override
    public int available() {
        demand = true;
        if (failure != null || runHead - runTail >= RUNS_MAX - 4) {
            return 0;
        }
        int room = segment < 0 ? 0 : geometry.segmentBlocks() - nextSlot;
        if (spareSegment >= 0 && finishedSegment < 0) {
            room += geometry.segmentBlocks() - 1;
        }
        return Math.min(room, Math.max(0, stagingBlocks - (int) (appended - kept()) - 2));
    }

    /** Blocks that fit into the segments that were granted already. */
    int heldBlocks() {
        return (segment < 0 ? 0 : geometry.segmentBlocks() - nextSlot)
            + (spareSegment < 0 ? 0 : geometry.segmentBlocks() - 1);
    }

    /** Blocks before this position are needed no more. */
    private long kept() {
        return keeps ? flushed : written;
    }

    @Override
    public void append(final int kind, final long objectId, final int ordinal, final byte[] plain4080) {
        if (available() == 0) {
            throw new IllegalStateException("append without room");
        }
        if (segment < 0 || nextSlot == geometry.segmentBlocks()) {
            switchSegment();
        }
        final int slot = nextSlot++;
        sealer.sealBlock(sessionKey, kind, objectId, ordinal, generation, slot, plain4080, sealed);
        counters.sealedBlocks++;
        stage();
        lastGeneration = generation;
        lastSlot = slot;
        lastSegment = segment;
    }

    private void switchSegment() {
        submitRun();
        if (segment >= 0) {
            finishedSegment = segment;
            finishedEndSlot = nextSlot;
        }
        segment = spareSegment;
        generation = spareGeneration;
        spareSegment = -1;
        runSlot = 0;
        nextSlot = 1;
        preface.encode(generation, session.id(), session.salt(), session.volumeId(), SegmentPurpose.OBJECT, sealed, 0);
        stage();
    }

    /** Puts the sealed block at the head of the ring; a run ends where the ring wraps or is long enough. */
    private void stage() {
        staging.copyIn(sealed, 0, appended % stagingBlocks * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        appended++;
        if (appended % stagingBlocks == 0 || appended - submitted >= RUN_BLOCKS_MAX) {
            submitRun();
        }
    }

    private void submitRun() {
        final int blocks = (int) (appended - submitted);
        if (blocks == 0) {
            return;
        }
        final Run run = runs[(int) (runHead % RUNS_MAX)];
        runHead++;
        run.start = submitted;
        run.blocks = blocks;
        run.segment = segment;
        run.slot = runSlot;
        run.retries = 0;
        run.sent = false;
        run.done = false;
        submitted = appended;
        runSlot += blocks;
    }

    @Override
    public long lastGeneration() {
        return lastGeneration;
    }

    @Override
    public int lastSlot() {
        return lastSlot;
    }

    @Override
    public int lastSegment() {
        return lastSegment;
    }

    @Override
    public long lastSession() {
        return session.id();
    }

    // ---- durability

    /** Asks that everything appended so far becomes durable; {@link #reached} tells when the returned point is. */
    long barrier() {
        submitRun();
        flushWanted = appended;
        return appended;
    }

    /** Blocks appended ever. */
    long position() {
        return appended;
    }

    boolean reached(final long point) {
        return flushed >= point;
    }

    /** What failed for good, or null. */
    String failure() {
        return failure;
    }

    boolean idle() {
        return runHead == runTail && flushInFlight < 0;
    }

    int step() {
        int work = 0;
        if (failure != null) {
            return 0;
        }
        if (stagingBlocks - (int) (appended - kept()) <= stagingBlocks / 2) {
            submitRun();
        }
        for (long i = runTail; i < runHead; i++) {
            final Run run = runs[(int) (i % RUNS_MAX)];
            if (!run.sent && send(run, i)) {
                work++;
            }
        }
        if (keeps && written > flushed
            && (appended - flushed > stagingBlocks / 2 || runHead - runTail > RUNS_MAX / 2)) {
            flushWanted = Math.max(flushWanted, written);
        }
        if (flushWanted > flushed && flushInFlight < 0 && written >= flushWanted) {
            if (!volatileCache) {
                flushed = written;
                work++;
            } else if (queue.flush(Tokens.OBJECT_FLUSH)) {
                flushInFlight = written;
                counters.indexFlushes++;
                work++;
            }
        }
        return work;
    }

    private boolean send(final Run run, final long number) {
        final int lengthBytes = run.blocks * Geometry.BLOCK_BYTES;
        if (!queue.write(Tokens.OBJECT_WRITE | number, geometry.blockOf(run.segment, run.slot) * Geometry.BLOCK_BYTES,
            lengthBytes,
            staging, run.start % stagingBlocks * Geometry.BLOCK_BYTES, false)) {
            return false;
        }
        run.sent = true;
        counters.indexWrites++;
        counters.indexBytesWritten += lengthBytes;
        return true;
    }

    void onWriteCompletion(final long number, final int status) {
        final Run run = runs[(int) (number % RUNS_MAX)];
        if (status != BlockStatus.OK) {
            if (BlockStatus.isRetryable(status) && run.retries < RETRIES_MAX) {
                run.retries++;
                run.sent = false;
                return;
            }
            failure = "writing index blocks (segment " + run.segment + " slot " + run.slot + ") failed: "
                + describe(status);
            return;
        }
        run.done = true;
        advanceWritten();
    }

    private void advanceWritten() {
        long number = Math.max(runTail, runWritten);
        while (number < runHead && runs[(int) (number % RUNS_MAX)].done) {
            written += runs[(int) (number % RUNS_MAX)].blocks;
            number++;
        }
        runWritten = number;
        giveBack();
    }

    /** Runs whose blocks are needed no more. */
    private void giveBack() {
        while (runTail < runWritten) {
            final Run oldest = runs[(int) (runTail % RUNS_MAX)];
            if (keeps && oldest.start + oldest.blocks > flushed) {
                return;
            }
            runTail++;
        }
    }

    /** The device was reset: what had completed and was not flushed is written again where it was. */
    void onDeviceReset() {
        counters.deviceResets++;
        if (!keeps) {
            if (volatileCache && failure == null && written > flushed) {
                failure = "the device was reset with unflushed index blocks, though it had not said that it may be";
            }
            return;
        }
        for (long number = runTail; number < runHead; number++) {
            final Run run = runs[(int) (number % RUNS_MAX)];
            if (run.done) {
                run.done = false;
                run.sent = false;
                counters.rewrittenChunks++;
            }
        }
        runWritten = runTail;
        written = flushed;
        flushWanted = Math.max(flushWanted, Math.min(appended, flushInFlight));
    }

    void onFlushCompletion(final int status) {
        if (BlockStatus.isReset(status)) {
            flushInFlight = -1;
            return;
        }
        if (status != BlockStatus.OK) {
            failure = "a device flush for the index failed: " + describe(status);
            return;
        }
        flushed = Math.max(flushed, flushInFlight);
        flushInFlight = -1;
        giveBack();
    }

    private String describe(final int status) {
        final String reason = deviceFailure.get();
        return BlockStatus.describe(status) + (reason.isEmpty() ? "" : ": " + reason);
    }
}
