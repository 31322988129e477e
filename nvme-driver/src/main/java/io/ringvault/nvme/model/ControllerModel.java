package io.ringvault.nvme.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongPredicate;

/**
 * The controller: registers, their state machine, queues and who serves them.
 * <pre>
 *   CC.EN 0 -&gt; 1   check AQA, ASQ, ACQ; CSTS.RDY = 1 (or CSTS.CFS = 1)
 *   CC.SHN != 0    flush the medium; CSTS.SHST = complete
 *   CC.EN 1 -&gt; 0   delete all queues; CSTS = 0; with reset=lossy drop the cache
 *   fatal          CSTS.CFS = 1, nothing is served until CC.EN 1 -&gt; 0
 *   power lost     all queues deleted, registers read as all ones, cache dropped; never comes back
 * </pre>
 * {@link #step()} does all of it: run by the model's own thread, or inline by the caller. The methods synchronise;
 * workers of I/O queues never take this lock.
 */
public final class ControllerModel implements AutoCloseable {
    /** Bytes of registers before the doorbells. */
    static final int REGISTER_BYTES = 0x1000;

    private static final int CC = 0x14;
    private static final int CSTS = 0x1C;
    private static final int READY = 1;
    private static final int FATAL = 2;
    private static final int SHUTDOWN_COMPLETE = 2 << 2;
    private static final int READY_TIMEOUT_HALF_SECONDS = 20;
    private static final long ADMIN_PARK_NS = 4_000_000;

    private final ModelOptions options;
    private final Medium medium;
    private final DeviceMemory memory;
    private final FaultPlan faults = new FaultPlan();
    private final ModelLog log = new ModelLog();
    private final EventReporter events = new EventReporter();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment registers;
    private final MemorySegment doorbells;
    private final ModelQueues queues;
    private Stage adminStage;
    private SubmissionRing adminRing;
    private AdminExecutor admin;
    private int configuration;
    private volatile boolean powered = true;
    private volatile boolean frozen;
    /** CC.EN was cleared, whatever was written since: a reset is never missed. */
    private volatile boolean disabled;
    private volatile NamespaceChange change;
    private LongPredicate survivesReset = block -> false;
    private long resets;
    private boolean closed;
    private volatile boolean interruptsLost;
    private volatile String failure = "";

    ControllerModel(final ModelOptions options, final Medium medium, final DeviceMemory memory) {
        this(options, medium, memory, null);
    }

    /** @param sharedDoorbells at least {@link #doorbellBytes} that the host maps, or null for doorbells of its own */
    ControllerModel(final ModelOptions options, final Medium medium, final DeviceMemory memory,
        final MemorySegment sharedDoorbells) {
        this.options = options;
        this.medium = medium;
        this.memory = memory;
        this.registers = arena.allocate(REGISTER_BYTES, 4096);
        this.doorbells = sharedDoorbells == null ? arena.allocate(doorbellBytes(options), 4096) : sharedDoorbells;
        this.queues = new ModelQueues(options, memory, doorbells, this::worker, this::fail);
        final long capabilities = options.queueEntries() - 1
            | 1L << 16 // CQR
            | (long) READY_TIMEOUT_HALF_SECONDS << 24
            | (long) options.strideShift() << 32
            | 1L << 37; // the NVM command set
        registers.set(Words.QWORD, 0x00, capabilities);
        registers.set(Words.DWORD, 0x08, IdentifyData.VERSION);
        if (!options.inline()) {
            adminStage = new Stage("nvme-model-admin", ADMIN_PARK_NS, this::step, this::fail);
        }
    }

    /** Whole pages of doorbells that a controller of this shape has. */
    static long doorbellBytes(final ModelOptions options) {
        return (2L * (options.queues() + 1) << 2 + options.strideShift()) + 4095 & -4096;
    }

    /** The registers; with the doorbells behind them what BAR0 of a real controller is. */
    MemorySegment registers() {
        return registers;
    }

    /** The doorbells. */
    MemorySegment doorbells() {
        return doorbells;
    }

    /** Interrupts that nobody receives are a fatal state, as a controller that was told to raise them sees it. */
    void interruptsLost(final boolean lost) {
        interruptsLost = lost;
    }

    /** One step in the caller's thread; what goes wrong becomes a fatal state. */
    void stepNow() {
        try {
            step();
        } catch (final RuntimeException | InternalError failed) {
            fail(new IllegalStateException(failed.getMessage(), failed));
        }
    }

    /**
     * Changes the host's memory while nobody uses it. A queue whose memory is gone afterwards is dropped, and the
     * controller is in a fatal state.
     */
    synchronized void quiesced(final Runnable change) {
        queues.pause();
        change.run();
        boolean lost = adminRing != null && !adminRing.isReachable();
        if (lost) {
            adminRing = null;
        }
        lost |= !queues.resume();
        if (lost) {
            fail(new IllegalStateException("the host unmapped the memory of a live queue"));
        }
    }

    private IoWorker worker(final SubmissionRing ring) {
        return new IoWorker(ring, new CommandExecutor(options, medium, memory, this::change), faults, log,
            options.blockBytes(), () -> frozen, () -> fail(new IllegalStateException("a planned fault")));
    }

    /** The I/O queues; for whoever serves the admin queue. */
    ModelQueues queues() {
        return queues;
    }

    /** Reads a register as the bus would: all ones when the controller is gone, nonsense while it is to flap. */
    int read32(final int offset) {
        if (!powered) {
            return -1;
        }
        final int real = Words.load32(registers, offset);
        return offset == CSTS ? faults.status(real) : real;
    }

    long read64(final int offset) {
        return powered ? Words.load64(registers, offset) : -1;
    }

    /** Writes a register; {@link #touched()} has to follow. */
    void write32(final int offset, final int value) {
        Words.store32(registers, offset, value);
        if (offset == CC && (value & 1) == 0) {
            disabled = true;
        }
    }

    EventReporter events() {
        return events;
    }

    NamespaceChange change() {
        return change;
    }

    /** Reports an asynchronous event: its type, information and log page as the specification numbers them. */
    public void raise(final int type, final int information, final int logPage) {
        events.raise(type, information, logPage);
        touched();
    }

    /** The namespaces are of another size from now on, or of another block size, with or without telling the host. */
    public void changeNamespaces(final long blocks, final int blockBytes, final boolean tell) {
        change(new NamespaceChange(blocks, Integer.numberOfTrailingZeros(blockBytes), NamespaceChange.Kind.RESIZED),
            tell);
    }

    /** Other namespaces of the same shape are attached in the place of the ones of before: other unique names. */
    public void replaceNamespaces(final boolean tell) {
        change(new NamespaceChange(0, 0, NamespaceChange.Kind.REPLACED), tell);
    }

    /** The namespaces are detached, with or without telling the host. */
    public void detachNamespaces(final boolean tell) {
        change(new NamespaceChange(0, 0, NamespaceChange.Kind.DETACHED), tell);
    }

    private void change(final NamespaceChange now, final boolean tell) {
        change = now;
        if (tell) {
            raise(2, 0, 4);
        }
    }

    /** With {@code reset=lossy}: the blocks (by number) in the cache that a reset leaves; by default none. */
    public synchronized void surviveReset(final LongPredicate survives) {
        survivesReset = survives;
    }

    /** How often the host has disabled the controller. */
    public synchronized long resets() {
        return resets;
    }

    /** The host wrote a register: do not sleep on it. */
    void touched() {
        if (adminStage != null) {
            adminStage.wake();
        } else {
            step();
        }
    }

    /** The faults that I/O commands meet. */
    public FaultPlan faults() {
        return faults;
    }

    /** Doorbell values that the host should not have written, over all queues so far. */
    public synchronized int badDoorbells() {
        return queues.badDoorbells();
    }

    /** Why the model reports a fatal state; empty while it does not. */
    public String failure() {
        return failure;
    }

    /** Serves register changes and the admin queue, and in inline mode the I/O queues; returns how much was done. */
    synchronized int step() {
        if (!powered || closed) {
            return 0;
        }
        int done = 0;
        if (disabled) {
            disabled = false;
            done = configure(Words.load32(registers, CC) & ~1);
        }
        done += configure(Words.load32(registers, CC));
        if (frozen) {
            return done;
        }
        if (adminRing != null) {
            done += serveAdmin();
        }
        if (options.inline()) {
            done += queues.step();
        }
        return done;
    }

    private int configure(final int cc) {
        final int changed = cc ^ configuration;
        if (changed == 0) {
            return 0;
        }
        configuration = cc;
        if ((changed & 1) != 0) {
            if ((cc & 1) == 0) {
                if (faults.stuck()) {
                    return 1;
                }
                queues.executeLate();
                reset();
                dropCache();
                resets++;
            } else {
                reset();
                enable(cc);
            }
        }
        if ((cc & 1) != 0 && (cc >>> 14 & 3) != 0 && (changed >>> 14 & 3) != 0) {
            shutDown();
        }
        return 1;
    }

    private void dropCache() {
        if (options.lossyReset() && medium instanceof LossyCache cache) {
            try {
                cache.loseCache(survivesReset);
            } catch (final IOException failed) {
                fail(new IllegalStateException("cache at reset: " + failed.getMessage(), failed));
            }
        }
    }

    private void enable(final int cc) {
        if (faults.takeRefusal()) {
            fail(new IllegalStateException("a planned fault"));
            return;
        }
        final int attributes = Words.load32(registers, 0x24);
        final int submissionSize = (attributes & 0xFFF) + 1;
        final int completionSize = (attributes >>> 16 & 0xFFF) + 1;
        final MemorySegment submissions = memory.slice(Words.load64(registers, 0x28), 64L * submissionSize);
        final MemorySegment answers = memory.slice(Words.load64(registers, 0x30), 16L * completionSize);
        final boolean pages4k = (cc >>> 7 & 0xF) == 0;
        if (submissions == null || answers == null || !pages4k || submissionSize < 2 || completionSize < 2) {
            fail(new IllegalStateException("enabled with impossible admin queues or page size, CC 0x"
                + Integer.toHexString(cc)));
            return;
        }
        final CompletionRing ring = new CompletionRing(0, answers, completionSize,
            queues.register(1));
        adminRing = new SubmissionRing(0, submissions, submissionSize,
            queues.register(0), ring);
        admin = new AdminExecutor(this, options, medium, memory, log);
        Words.store32(registers, CSTS, READY);
    }

    private void shutDown() {
        try {
            medium.flush();
            Words.store32(registers, CSTS, READY | SHUTDOWN_COMPLETE);
        } catch (final IOException failed) {
            fail(new IllegalStateException("flush at shutdown: " + failed.getMessage(), failed));
        }
    }

    private void reset() {
        queues.reset();
        adminRing = null;
        admin = null;
        events.reset();
        frozen = false;
        failure = "";
        Words.store32(registers, CSTS, 0);
    }

    private int serveAdmin() {
        int served = 0;
        while (adminRing.completions().hasRoom() && adminRing.fetch()) {
            final int status = admin.execute(adminRing);
            if (status != AdminExecutor.NO_COMPLETION) {
                if (status != ModelStatus.OK) {
                    log.failed(0, adminRing.commandId(), status, 0, adminRing.namespace());
                }
                adminRing.completions().post(0, adminRing.head(), adminRing.commandId(), status, admin.result(), 0, 0);
            }
            served++;
        }
        if (served > 0 && interruptsLost) {
            Words.store32(registers, CSTS, Words.load32(registers, CSTS) | FATAL);
        }
        return served + events.deliver(adminRing);
    }

    /** The model itself cannot go on: what a firmware fault is to a real controller. */
    private void fail(final RuntimeException reason) {
        failure = String.valueOf(reason.getMessage());
        frozen = true;
        Words.store32(registers, CSTS, FATAL);
    }

    /** Cuts the power: commands in flight are never answered, what the cache held and no flush made durable is lost. */
    public void losePower() {
        losePower(block -> false);
    }

    /** Cuts the power, but the cached blocks (by number) that {@code survives} accepts had reached the medium. */
    public synchronized void losePower(final LongPredicate survives) {
        if (!powered) {
            return;
        }
        powered = false;
        reset();
        try {
            if (medium instanceof LossyCache cache) {
                cache.losePower(survives);
            } else {
                medium.losePower();
            }
        } catch (final IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    /** Stops all threads; nothing touches DMA memory afterwards. Idempotent. */
    @Override
    public void close() {
        final Stage stage = adminStage;
        if (stage != null) {
            stage.stop();
        }
        synchronized (this) {
            if (!closed) {
                closed = true;
                reset();
                arena.close();
            }
        }
    }
}
