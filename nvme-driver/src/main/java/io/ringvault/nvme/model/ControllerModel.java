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

    private static final int PAGE = 4096;
    private static final int CC = 0x14;
    private static final int CSTS = 0x1C;
    private static final int READY = 1;
    private static final int FATAL = 2;
    private static final int SHUTDOWN_COMPLETE = 2 << 2;
    private static final int READY_TIMEOUT_HALF_SECONDS = 20;
    private static final long ADMIN_PARK_NS = 4_000_000;
    private static final long IO_PARK_NS = 1_000_000;

    private final ModelOptions options;
    private final Medium medium;
    private final DeviceMemory memory;
    private final FaultPlan faults = new FaultPlan();
    private final ModelLog log = new ModelLog();
    private final EventReporter events = new EventReporter();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment registers;
    private final MemorySegment doorbells;
    private final CompletionRing[] completions;
    private final IoWorker[] workers;
    private final Stage[] stages;
    private Stage adminStage;
    private SubmissionRing adminRing;
    private AdminExecutor admin;
    private int configuration;
    private int badDoorbells;
    private volatile boolean powered = true;
    private volatile boolean frozen;
    /** CC.EN was cleared, whatever was written since: a reset is never missed. */
    private volatile boolean disabled;
    private volatile NamespaceChange change;
    private LongPredicate survivesReset = block -> false;
    private MemorySegment shadow;
    private MemorySegment eventIndex;
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
        this.completions = new CompletionRing[options.queues() + 1];
        this.workers = new IoWorker[options.queues() + 1];
        this.stages = new Stage[options.queues() + 1];
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
        for (final Stage stage : stages) {
            if (stage != null) {
                stage.stop();
            }
        }
        change.run();
        boolean lost = adminRing != null && !adminRing.isReachable();
        if (lost) {
            adminRing = null;
        }
        for (int queue = 1; queue < workers.length; queue++) {
            stages[queue] = null;
            if (workers[queue] != null && !workers[queue].ring().isReachable()) {
                workers[queue] = null;
                lost = true;
            } else if (workers[queue] != null) {
                serve(queue);
            }
        }
        if (lost) {
            fail(new IllegalStateException("the host unmapped the memory of a live queue"));
        }
    }

    private void serve(final int queue) {
        if (!options.inline()) {
            stages[queue] = new Stage("nvme-model-" + queue, IO_PARK_NS, workers[queue]::step, this::fail);
        }
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
        int sum = badDoorbells;
        for (final IoWorker worker : workers) {
            sum += worker == null ? 0 : worker.ring().badDoorbells();
        }
        return sum;
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
            for (final IoWorker worker : workers) {
                done += worker == null ? 0 : worker.step();
            }
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
                executeLate();
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

    private void executeLate() {
        for (int queue = 1; queue < workers.length; queue++) {
            final IoWorker worker = workers[queue];
            if (worker != null) {
                stopWorker(queue);
                worker.executeLate();
            }
        }
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
            new DoorbellView(doorbells, doorbell(1), null, null));
        adminRing = new SubmissionRing(0, submissions, submissionSize,
            new DoorbellView(doorbells, doorbell(0), null, null), ring);
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
        for (int queue = 1; queue < workers.length; queue++) {
            stopWorker(queue);
            completions[queue] = null;
        }
        adminRing = null;
        admin = null;
        shadow = null;
        eventIndex = null;
        events.reset();
        frozen = false;
        failure = "";
        Words.store32(registers, CSTS, 0);
    }

    private void stopWorker(final int queue) {
        if (stages[queue] != null) {
            stages[queue].stop();
            stages[queue] = null;
        }
        if (workers[queue] != null) {
            badDoorbells += workers[queue].ring().badDoorbells();
            workers[queue] = null;
        }
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

    /** Ends a command that hangs; whether it did. */
    boolean abort(final int queue, final int commandId) {
        final IoWorker worker = queue > 0 && queue < workers.length ? workers[queue] : null;
        return worker != null && (options.inline() ? worker.abortNow(commandId) : worker.abort(commandId));
    }

    int shadowDoorbells(final long shadowAddress, final long eventIndexAddress) {
        shadow = memory.slice(shadowAddress, PAGE);
        eventIndex = memory.slice(eventIndexAddress, PAGE);
        return shadow == null || eventIndex == null ? ModelStatus.DATA_TRANSFER_ERROR : ModelStatus.OK;
    }

    private DoorbellView view(final int number) {
        return new DoorbellView(doorbells, doorbell(number), shadow, eventIndex);
    }

    private long doorbell(final int number) {
        return (long) number << 2 + options.strideShift();
    }

    int createCompletionQueue(final int queue, final int size, final long address) {
        if (queue < 1 || queue >= completions.length || completions[queue] != null) {
            return ModelStatus.INVALID_QUEUE_ID;
        }
        final MemorySegment ring = memory.slice(address, 16L * size);
        if (ring == null) {
            return ModelStatus.DATA_TRANSFER_ERROR;
        }
        completions[queue] = new CompletionRing(queue, ring, size, view(2 * queue + 1));
        return ModelStatus.OK;
    }

    int createSubmissionQueue(final int queue, final int size, final long address, final int completionQueue) {
        if (queue < 1 || queue >= workers.length || workers[queue] != null) {
            return ModelStatus.INVALID_QUEUE_ID;
        }
        if (completionQueue < 1 || completionQueue >= completions.length || completions[completionQueue] == null) {
            return ModelStatus.COMPLETION_QUEUE_INVALID;
        }
        final MemorySegment ring = memory.slice(address, 64L * size);
        if (ring == null) {
            return ModelStatus.DATA_TRANSFER_ERROR;
        }
        final IoWorker worker = new IoWorker(new SubmissionRing(queue, ring, size, view(2 * queue),
            completions[completionQueue]), new CommandExecutor(options, medium, memory, this::change), faults, log,
            options.blockBytes(), () -> frozen, () -> fail(new IllegalStateException("a planned fault")));
        workers[queue] = worker;
        serve(queue);
        return ModelStatus.OK;
    }

    int deleteSubmissionQueue(final int queue) {
        if (queue < 1 || queue >= workers.length || workers[queue] == null) {
            return ModelStatus.INVALID_QUEUE_ID;
        }
        stopWorker(queue);
        return ModelStatus.OK;
    }

    int deleteCompletionQueue(final int queue) {
        if (queue < 1 || queue >= completions.length || completions[queue] == null) {
            return ModelStatus.INVALID_QUEUE_ID;
        }
        for (final IoWorker worker : workers) {
            if (worker != null && worker.ring().completions() == completions[queue]) {
                return ModelStatus.INVALID_QUEUE_DELETION;
            }
        }
        completions[queue] = null;
        return ModelStatus.OK;
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
