package io.ringvault.block;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * A device that exists in memory only and does everything a real one is allowed to do, and on request what it is not:
 * the ground on which crashes, faults and lies are explored. Deterministic under one seed; no threads, no clock:
 * everything happens inside the caller's {@code submit} and {@code poll}, so it serves a disk that is stepped by its
 * caller. One thread for all queues.
 *
 * <p>State: a <em>durable image</em>; the <em>volatile set</em> of writes completed but not made durable, in order of
 * completion; the writes in flight; and the visible image, which is what reads see. Content is captured at submission,
 * and a buffer that changes while it is lent is an error. Completions come only from {@code poll}, in an order drawn
 * by the seed.
 * <ul>
 * <li>A flush makes durable exactly the writes completed before it was submitted.
 * <li>A FUA write makes durable itself alone; older volatile writes under it cannot come back.
 * <li>A write longer than {@link Settings#singleCommandBytes()} is several commands, each kept or lost by itself.
 * <li>Two overlapping writes that were in flight together end in either order; otherwise the later one wins.
 * </ul>
 * A crash is taken as a <em>clone</em> ({@link #crash}, {@link #crashSubset}, {@link #processDeath}); the original
 * goes on undisturbed. Images are copy-on-write, so a clone costs microseconds.
 */
public final class SimulatedDevice implements BlockDevice {

    /** What an operation asks for. */
    public enum Kind { READ, WRITE, FLUSH, DEALLOCATE, WRITE_ZEROES }

    /**
     * One operation, as observers see it.
     *
     * @param index       from 0, in order of submission, over all queues
     * @param kind        what it asks for
     * @param offsetBytes where; 0 for a flush
     * @param lengthBytes how much; 0 for a flush
     * @param fua         whether it is a write that must be durable when it completes
     */
    public record Operation(long index, Kind kind, long offsetBytes, long lengthBytes, boolean fua) { }

    /** Called around every operation, so that a test can take a crash clone in every state of the device. */
    public interface Observer {
        /** The caller has asked; the device knows nothing yet. */
        default void beforeOperation(final SimulatedDevice device, final Operation operation) {
        }

        /** The operation was handed over: from now on a crash may keep its effect. */
        default void afterSubmission(final SimulatedDevice device, final Operation operation) {
        }

        /** The operation is done; its caller does not know yet. */
        default void afterCompletion(final SimulatedDevice device, final Operation operation, final int status) {
        }
    }

    /** Changes what reads return: stale content, two faces, noise. */
    @FunctionalInterface
    public interface ReadFilter {
        /** {@code data} is what the read will return; change it in place. {@code nthRead} counts reads from 1. */
        void filter(long nthRead, long offsetBytes, byte[] data);
    }

    /** The whole visible content at one moment. Cheap; holds as long as it is referenced. */
    public static final class Snapshot {
        private final PagedImage image;

        private Snapshot(final PagedImage image) {
            this.image = image;
        }

        /** Part of the content. */
        public byte[] content(final long offsetBytes, final int lengthBytes) {
            final byte[] bytes = new byte[lengthBytes];
            image.read(offsetBytes, bytes, 0, lengthBytes);
            return bytes;
        }

        /** Whether both hold the same bytes. */
        public boolean sameAs(final Snapshot other) {
            return image.sameAs(other.image);
        }
    }

    /**
     * What kind of device.
     *
     * @param sizeBytes              capacity
     * @param blockSizeBytes         512 or 4096
     * @param singleCommandBytes     longest write that is one command
     * @param maxTransferBytes       longest request
     * @param volatileCache          whether completed writes can be lost
     * @param shuffle                whether completions come in an order drawn by the seed, not in that of submission
     * @param maxDelayPolls          a completion waits for up to so many polls, drawn by the seed
     * @param refuseOverlaps         whether a write that overlaps one in flight is an error of the caller
     * @param garbageAfterDeallocate whether deallocated blocks read as noise drawn by the seed, else as zeros
     */
    public record Settings(long sizeBytes, int blockSizeBytes, int singleCommandBytes, int maxTransferBytes,
        boolean volatileCache, boolean shuffle, int maxDelayPolls, boolean refuseOverlaps,
        boolean garbageAfterDeallocate) {

        public Settings {
            if (blockSizeBytes != 512 && blockSizeBytes != 4096) {
                throw new IllegalArgumentException("block size " + blockSizeBytes + " is neither 512 nor 4096");
            }
            if (sizeBytes <= 0 || sizeBytes % blockSizeBytes != 0 || singleCommandBytes <= 0
                || singleCommandBytes % blockSizeBytes != 0 || maxTransferBytes < singleCommandBytes
                || maxDelayPolls < 0) {
                throw new IllegalArgumentException("inconsistent device: " + sizeBytes + " bytes, commands of "
                    + singleCommandBytes + ", requests of " + maxTransferBytes);
            }
        }

        /** A device with 4096-byte blocks, a volatile cache, shuffled completions, and every check on. */
        public static Settings of(final long sizeBytes) {
            return new Settings(sizeBytes, 4096, 1 << 20, 1 << 20, true, true, 0, true, true);
        }

        public Settings withBlockSizeBytes(final int value) {
            return new Settings(sizeBytes, value, singleCommandBytes, maxTransferBytes, volatileCache, shuffle,
                maxDelayPolls, refuseOverlaps, garbageAfterDeallocate);
        }

        public Settings withSingleCommandBytes(final int value) {
            return new Settings(sizeBytes, blockSizeBytes, value, Math.max(value, maxTransferBytes), volatileCache,
                shuffle, maxDelayPolls, refuseOverlaps, garbageAfterDeallocate);
        }

        public Settings withVolatileCache(final boolean value) {
            return new Settings(sizeBytes, blockSizeBytes, singleCommandBytes, maxTransferBytes, value, shuffle,
                maxDelayPolls, refuseOverlaps, garbageAfterDeallocate);
        }

        public Settings withShuffle(final boolean value) {
            return new Settings(sizeBytes, blockSizeBytes, singleCommandBytes, maxTransferBytes, volatileCache, value,
                maxDelayPolls, refuseOverlaps, garbageAfterDeallocate);
        }

        public Settings withMaxDelayPolls(final int value) {
            return new Settings(sizeBytes, blockSizeBytes, singleCommandBytes, maxTransferBytes, volatileCache, shuffle,
                value, refuseOverlaps, garbageAfterDeallocate);
        }

        public Settings withRefuseOverlaps(final boolean value) {
            return new Settings(sizeBytes, blockSizeBytes, singleCommandBytes, maxTransferBytes, volatileCache, shuffle,
                maxDelayPolls, value, garbageAfterDeallocate);
        }

        public Settings withGarbageAfterDeallocate(final boolean value) {
            return new Settings(sizeBytes, blockSizeBytes, singleCommandBytes, maxTransferBytes, volatileCache, shuffle,
                maxDelayPolls, refuseOverlaps, value);
        }
    }

    private static final long FIRST_ADDRESS = 1L << 32;

    private final Settings settings;
    private final long seed;
    final SplittableRandom random;
    private PagedImage durable;
    private PagedImage visible;
    private final List<VolatileWrite> completed = new ArrayList<>();
    private final List<VolatileWrite> inFlight = new ArrayList<>();
    private final List<VolatileWrite> late = new ArrayList<>();
    private final List<DmaBuffer> dmaBuffers = new ArrayList<>();
    private final FaultPlan faults = new FaultPlan();
    private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    private Observer observer = new Observer() { };
    private ReadFilter readFilter = (nth, offset, data) -> { };
    private long nextOperation;
    private long events;
    private long readsDone;
    private long nextAddress = FIRST_ADDRESS;
    private boolean closed;
    private boolean resettable;
    private long resets;

    /** An empty device: everything reads as zeros. */
    public SimulatedDevice(final Settings settings, final long seed) {
        this(settings, seed, new PagedImage(settings.sizeBytes()), null);
    }

    private SimulatedDevice(final Settings settings, final long seed, final PagedImage durable,
        final PagedImage visible) {
        this.settings = settings;
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.durable = durable;
        this.visible = visible == null ? durable.copy() : visible;
    }

    // The port.

    @Override
    public String uri() {
        return "simulated:" + settings.sizeBytes() + "?seed=" + seed;
    }

    @Override
    public long sizeBytes() {
        return settings.sizeBytes();
    }

    @Override
    public int blockSizeBytes() {
        return settings.blockSizeBytes();
    }

    @Override
    public int singleCommandBytes() {
        return settings.singleCommandBytes();
    }

    @Override
    public int maxTransferBytes() {
        return settings.maxTransferBytes();
    }

    @Override
    public boolean volatileCache() {
        return settings.volatileCache();
    }

    @Override
    public boolean mayReset() {
        return resettable;
    }

    @Override
    public String isolation() {
        return "in-process";
    }

    @Override
    public BlockQueue openQueue(final int depth) {
        checkOpen();
        return new SimulatedQueue(this, depth);
    }

    /** Ordinary zeroed memory with an invented address. */
    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        checkOpen();
        if (lengthBytes <= 0 || lengthBytes % 4096 != 0) {
            throw new IllegalArgumentException("length " + lengthBytes + " is not a positive multiple of 4096");
        }
        final MemorySegment memory = MemorySegment.ofArray(new long[Math.toIntExact(lengthBytes / Long.BYTES)]);
        final DmaBuffer buffer = DmaBuffer.contiguous(memory, nextAddress);
        nextAddress += lengthBytes + (1 << 20);
        dmaBuffers.add(buffer);
        return buffer;
    }

    @Override
    public void close() {
        closed = true;
    }

    void checkOpen() {
        if (closed) {
            throw new IllegalStateException(uri() + " is closed");
        }
    }

    // What a test looks at and sets up.

    /** The kind of device. */
    public Settings settings() {
        return settings;
    }

    /** Operations submitted so far; also the index that the next one gets. */
    public long operations() {
        return nextOperation;
    }

    /** Operations of one kind submitted so far. */
    public long operations(final Kind kind) {
        return counts.getOrDefault(kind, 0L);
    }

    /** Write commands that a crash now may keep or lose: completed ones first, then those in flight. */
    public int volatileCount() {
        return completed.size() + inFlight.size();
    }

    /** All memory that the device can see. */
    public List<DmaBuffer> dmaBuffers() {
        return List.copyOf(dmaBuffers);
    }

    /** Replaces the observer. */
    public void observe(final Observer newObserver) {
        observer = Objects.requireNonNull(newObserver);
    }

    /** Replaces the read filter. */
    public void filterReads(final ReadFilter newFilter) {
        readFilter = Objects.requireNonNull(newFilter);
    }

    /** Plans a fault. Of several that hit the same operation the one planned first decides. */
    public void inject(final DeviceFault fault) {
        faults.add(fault);
    }

    /** Behaves from now on. */
    public void clearFaults() {
        faults.clear();
    }

    /** What reads would return. */
    public byte[] content(final long offsetBytes, final int lengthBytes) {
        return new Snapshot(visible).content(offsetBytes, lengthBytes);
    }

    /** What a crash that keeps nothing would leave. */
    public byte[] durableContent(final long offsetBytes, final int lengthBytes) {
        return new Snapshot(durable).content(offsetBytes, lengthBytes);
    }

    /** The visible content now. */
    public Snapshot imageSnapshot() {
        return new Snapshot(visible.copy());
    }

    /** The adversary puts an earlier content back, durably: a rollback of the whole medium. */
    public void restore(final Snapshot snapshot) {
        durable = snapshot.image.copy();
        visible = snapshot.image.copy();
        completed.clear();
    }

    /** The adversary changes the medium, durably. */
    public void edit(final long offsetBytes, final byte[] bytes) {
        Objects.checkFromIndexSize(offsetBytes, bytes.length, sizeBytes());
        durable.write(offsetBytes, bytes, 0, bytes.length);
        visible.write(offsetBytes, bytes, 0, bytes.length);
    }

    /** The adversary flips one bit, durably. */
    public void flipBit(final long offsetBytes, final int bit) {
        final byte[] one = content(offsetBytes, 1);
        one[0] ^= (byte) (1 << bit);
        edit(offsetBytes, one);
    }

    /** The adversary copies a range of the visible content over another, durably. */
    public void copyRange(final long fromBytes, final long toBytes, final int lengthBytes) {
        edit(toBytes, content(fromBytes, lengthBytes));
    }

    /** From now on {@link #mayReset()} says so; to be called before a disk is opened on the device. */
    public void allowResets() {
        resettable = true;
    }

    /**
     * Resets the device as its driver would after a time-out: of the volatile writes that had completed each is kept
     * or lost by even odds; requests in flight start anew; flushes in flight end with DRIVER_RESET.
     */
    public void reset(final long resetSeed) {
        final SplittableRandom dice = new SplittableRandom(resetSeed);
        if (settings.volatileCache()) {
            completed.removeIf(write -> dice.nextBoolean());
            visible = durable.copy();
            completed.forEach(write -> write.applyTo(visible));
        }
        resets++;
    }

    long resets() {
        return resets;
    }

    // Crashes.

    /** The device after a power failure now. The clone has no queues, faults, filter or observer. */
    public SimulatedDevice crash(final CrashPolicy policy, final long crashSeed) {
        final SplittableRandom dice = new SplittableRandom(crashSeed);
        return powerFailure(CrashImages.keep(volatileWrites(), policy, dice), policy, dice, crashSeed);
    }

    /** The device after a power failure now that keeps exactly the volatile writes whose bit (0 = first) is set. */
    public SimulatedDevice crashSubset(final long mask) {
        return powerFailure(CrashImages.keep(volatileWrites(), mask), CrashPolicy.ALL, new SplittableRandom(mask),
            seed ^ mask);
    }

    /**
     * As {@link #crashSubset(long)}, and of volatile write number {@code torn} only the first {@code sectors} sectors
     * of 512 bytes arrived, or all but these.
     */
    public SimulatedDevice crashTorn(final long mask, final int torn, final int sectors, final boolean head) {
        final PagedImage image = CrashImages.torn(durable, volatileWrites(), mask, torn, sectors, head);
        return new SimulatedDevice(settings, seed ^ mask, image, null);
    }

    /** Sectors of 512 bytes in volatile write number {@code index}: completed ones first, then those in flight. */
    public int volatileSectors(final int index) {
        return volatileWrites().get(index).sectors();
    }

    /**
     * The device after the process died but the power stayed on: completed writes are visible and still volatile;
     * writes in flight have landed or not.
     */
    public SimulatedDevice processDeath(final boolean landInFlight) {
        return afterProcessDeath(landInFlight ? inFlight : List.of(), seed + 1);
    }

    /** As {@link #processDeath(boolean)}, each write in flight landing with even odds. */
    public SimulatedDevice processDeath(final long deathSeed) {
        final SplittableRandom dice = new SplittableRandom(deathSeed);
        return afterProcessDeath(inFlight.stream().filter(write -> dice.nextBoolean()).toList(), deathSeed);
    }

    /**
     * As {@link #processDeath(long)}, but what has not landed may still do so, at any time: see {@link #landLate}. No
     * device behind a lock or a reset does this; one that several processes reach at once may.
     */
    public SimulatedDevice processDeathWithLateWrites(final long deathSeed) {
        final SplittableRandom dice = new SplittableRandom(deathSeed);
        final List<VolatileWrite> landed = inFlight.stream().filter(write -> dice.nextInt(4) == 0).toList();
        final SimulatedDevice clone = afterProcessDeath(landed, deathSeed);
        inFlight.stream().filter(write -> !landed.contains(write)).forEach(write -> clone.late.add(write.copy()));
        return clone;
    }

    /** Writes of a dead process that may still land. */
    public int lateWrites() {
        return late.size();
    }

    /** Lands one of {@link #lateWrites}, drawn by the seed. */
    public void landLate() {
        store(late.remove(random.nextInt(late.size())), false);
    }

    /**
     * A digest of everything that a later opener can see or lose: the visible content, the durable content, and how
     * much is volatile. Equal states have equal digests.
     */
    public long fingerprint() {
        return durable.fingerprint() * 31 + visible.fingerprint(durable) * 7 + completed.size();
    }

    private List<VolatileWrite> volatileWrites() {
        final List<VolatileWrite> all = new ArrayList<>(completed);
        all.addAll(inFlight);
        return all;
    }

    private SimulatedDevice powerFailure(final List<VolatileWrite> kept, final CrashPolicy policy,
        final SplittableRandom dice, final long newSeed) {
        final List<VolatileWrite> order = settings.refuseOverlaps() ? kept : CrashImages.possibleOrder(kept, dice);
        return new SimulatedDevice(settings, newSeed, CrashImages.after(durable, order, policy, dice), null);
    }

    private SimulatedDevice afterProcessDeath(final List<VolatileWrite> landed, final long newSeed) {
        final SimulatedDevice clone = new SimulatedDevice(settings, newSeed, durable.copy(), visible.copy());
        clone.events = events;
        for (final VolatileWrite write : completed) {
            clone.completed.add(write.copy());
        }
        for (final VolatileWrite write : landed) {
            clone.store(write.copy(), false);
        }
        return clone;
    }

    // For the queues.

    /** Numbers an operation and draws its fault; null when it is to behave. */
    Operation begin(final Kind kind, final long offset, final long length, final boolean fua) {
        final Operation operation = new Operation(nextOperation, kind, offset, length, fua);
        observer.beforeOperation(this, operation);
        nextOperation++;
        counts.merge(kind, 1L, Long::sum);
        return operation;
    }

    DeviceFault drawFault(final Kind kind) {
        return faults.draw(kind);
    }

    long nextEvent() {
        return events++;
    }

    /** The operation's write commands, with their content as of now. */
    List<VolatileWrite> commands(final Operation operation, final byte[] data, final long now) {
        return CrashImages.commands(settings, seed, operation, data, now);
    }

    List<VolatileWrite> inFlight() {
        return inFlight;
    }

    void submitted(final Operation operation, final List<VolatileWrite> commands) {
        inFlight.addAll(commands);
        observer.afterSubmission(this, operation);
    }

    /** Carries a write out at its completion. */
    void finishWrite(final List<VolatileWrite> commands, final boolean fua, final DeviceFault fault) {
        inFlight.removeAll(commands);
        final DeviceFault.Effect effect = fault == null ? DeviceFault.Effect.NORMAL : fault.effect();
        for (final VolatileWrite write : commands) {
            switch (effect) {
                case NOTHING -> { }
                case NORMAL -> store(write, fua);
                case TORN -> {
                    final PagedImage torn = visible.copy();
                    write.applyTorn(torn, random, false);
                    final byte[] result = new byte[Math.toIntExact(write.length)];
                    torn.read(write.offset, result, 0, result.length);
                    store(VolatileWrite.of(write.offset, result, 0, result.length, write.submittedAt), fua);
                }
                case MISDIRECTED -> store(write.movedTo(elsewhere(write, fault)), fua);
                case DUPLICATED -> {
                    store(write, fua);
                    store(write.movedTo(elsewhere(write, fault)), fua);
                }
            }
        }
    }

    private long elsewhere(final VolatileWrite write, final DeviceFault fault) {
        return Math.max(0, Math.min(fault.argument(), sizeBytes() - write.length));
    }

    private void store(final VolatileWrite write, final boolean fua) {
        write.completedAt = nextEvent();
        write.applyTo(visible);
        if (fua || !settings.volatileCache()) {
            write.applyTo(durable);
            for (final VolatileWrite older : completed) {
                older.supersede(write.offset, write.length);
            }
        } else {
            completed.add(write);
        }
    }

    /** Makes durable what had completed before event {@code submittedAt}. */
    void finishFlush(final long submittedAt, final DeviceFault fault) {
        if (fault == null || fault.effect() == DeviceFault.Effect.NORMAL) {
            int flushed = 0;
            while (flushed < completed.size() && completed.get(flushed).completedAt < submittedAt) {
                completed.get(flushed++).applyTo(durable);
            }
            completed.subList(0, flushed).clear();
        }
    }

    /** What a read returns, or null when it fails without touching the buffer. */
    byte[] finishRead(final Operation operation, final DeviceFault fault) {
        readsDone++;
        if (fault != null && fault.effect() == DeviceFault.Effect.NOTHING) {
            return null;
        }
        final byte[] data = content(operation.offsetBytes(), (int) operation.lengthBytes());
        readFilter.filter(readsDone, operation.offsetBytes(), data);
        return data;
    }

    void finished(final Operation operation, final int status) {
        observer.afterCompletion(this, operation, status);
    }

    /** A queue was closed with this write in flight: it lands or not, by the seed. */
    void abandon(final List<VolatileWrite> commands, final boolean fua) {
        inFlight.removeAll(commands);
        if (random.nextBoolean()) {
            commands.forEach(write -> store(write, fua));
        }
    }

    /** Whether two devices show the same content. */
    public boolean sameContentAs(final SimulatedDevice other) {
        return visible.sameAs(other.visible);
    }

    @Override
    public String toString() {
        return uri() + Arrays.asList(nextOperation, completed.size(), inFlight.size());
    }
}
