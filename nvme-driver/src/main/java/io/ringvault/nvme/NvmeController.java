package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.IdentifyController;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.Registers;
import io.ringvault.nvme.spec.SubmissionEntry;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * One controller: bring-up, I/O queues, orderly shutdown. NVM Express Base 2.1, sections 3.5 and 3.6.
 *
 * <p>Control plane, any thread, calls block; the methods synchronise. Owns the transport and closes it. Never used on
 * the hot path: queue pairs, once made, talk to the doorbells themselves. On and off is {@link ControllerPower}'s, what
 * the controller says about itself {@link Identification}'s. When a reset is due is decided by {@link
 * ControllerRecovery}; {@link #stop}, {@link #restart} and {@link #createAgain} are its steps.
 */
final class NvmeController implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(NvmeController.class.getName());
    private static final int PHYSICALLY_CONTIGUOUS = 1;

    private final String uri;
    private final NvmeTransport transport;
    private final MemorySegment doorbells;
    private final NvmeOptions options;
    private final Waiter waiter;
    private final long cap;
    private final ControllerPower power;
    private final QueueMemory adminMemory;
    private final AsyncEvents events;
    private final ShadowDoorbells shadows;
    private final ControllerFacts facts;
    private final NamespaceFacts namespace;
    private final QueueMemory[] memories;
    private String lostQueues = "";
    private final QueueLink[] links;
    private final ControllerRecovery recovery;
    private volatile Consumer<String> listener = line -> LOGGER.log(System.Logger.Level.WARNING, line);
    private AdminQueue admin;
    private boolean closed;

    private NvmeController(final String uri, final NvmeTransport transport, final NvmeOptions options,
        final boolean forIo) {
        this.uri = uri;
        this.transport = transport;
        this.options = options;
        this.waiter = new Waiter(transport);
        this.events = new AsyncEvents(uri, waiter, this::tell);
        this.doorbells = transport.doorbells();
        this.cap = ControllerFacts.checkCapabilities(uri, transport.read64(Registers.CAP_OFFSET));
        this.power = new ControllerPower(uri, transport, waiter, cap);
        ControllerFacts.checkDoorbells(uri, cap, doorbells.byteSize());
        this.adminMemory = AdminQueue.allocate(transport);
        power.disable();
        enable();
        final MemorySegment identify = identification().ask("Identify Controller", IdentifyController.CNS, 0);
        this.facts = facts(identify);
        this.namespace = forIo ? identification().namespace(options.namespace(), facts.namespaces()) : null;
        final int queues = forIo ? negotiateQueues(options.queues()) : 0;
        this.memories = new QueueMemory[queues + 1];
        this.links = new QueueLink[queues + 1];
        this.shadows = forIo && options.shadowDoorbells() && IdentifyController.doorbellBufferConfig(identify)
            ? ShadowDoorbells.allocate(transport, facts.doorbellStride(), queues)
            : ShadowDoorbells.none(transport, facts.doorbellStride());
        if (forIo) {
            configure(identify);
        }
        this.recovery = new ControllerRecovery(uri, this, options.resetsPerMinute());
    }

    private ControllerFacts facts(final MemorySegment identify) {
        return ControllerFacts.of(uri, cap, transport.read32(Registers.VS_OFFSET), identify);
    }

    /** What is set up once after each enabling, before I/O queues are created. */
    private void configure(final MemorySegment identify) {
        shadows.configure(admin);
        events.start(admin, IdentifyController.asyncEventLimit(identify), IdentifyController.asyncEvents(identify));
    }

    /**
     * Resets a controller and makes it ready. On failure the transport is closed.
     *
     * @throws StorageException IO when the controller does not come up or talks nonsense, CONFIGURATION for a
     *     namespace that
     *                          cannot be used
     */
    static NvmeController open(final String uri, final NvmeTransport transport, final NvmeOptions options) {
        return open(uri, transport, options, true);
    }

    /** The same without a namespace and without I/O queues: for admin commands, also to controllers that have none. */
    static NvmeController openForAdmin(final String uri, final NvmeTransport transport, final NvmeOptions options) {
        return open(uri, transport, options, false);
    }

    private static NvmeController open(final String uri, final NvmeTransport transport, final NvmeOptions options,
        final boolean forIo) {
        try {
            return new NvmeController(uri, transport, options, forIo);
        } catch (final RuntimeException failed) {
            try {
                transport.write32(Registers.CC_OFFSET, 0);
                transport.close();
            } catch (final RuntimeException alsoFailed) {
                failed.addSuppressed(alsoFailed);
            }
            throw failed;
        }
    }

    /** What it said about itself. */
    ControllerFacts facts() {
        return facts;
    }

    /** The admin queue. */
    AdminQueue admin() {
        return admin;
    }

    /** The namespace in use; null when opened for admin commands. */
    NamespaceFacts namespace() {
        return namespace;
    }

    /** How the controller is reached. */
    NvmeTransport transport() {
        return transport;
    }

    /** I/O queue pairs that it grants. */
    int queues() {
        return links.length - 1;
    }

    /** Decides about resets; every queue's owner looks at its word. */
    ControllerRecovery recovery() {
        return recovery;
    }

    /** How long an I/O command may take. */
    long commandTimeoutMs() {
        return options.commandTimeoutMs();
    }

    Waiter waiter() {
        return waiter;
    }

    AsyncEvents events() {
        return events;
    }

    /** Who hears of events and resets, a line at a time, on a control-plane thread. */
    void listener(final Consumer<String> hears) {
        listener = hears;
    }

    /** One line to the listener; what it throws is logged, since nobody else could hear of it. */
    void tell(final String line) {
        try {
            listener.accept(line);
        } catch (final RuntimeException defect) {
            LOGGER.log(System.Logger.Level.ERROR, "a listener failed on: " + line, defect);
        }
    }

    /** Events by type. */
    synchronized long[] eventCounts() {
        return events.counts();
    }

    /** The queue of this identifier, or null. */
    QueueLink link(final int id) {
        return links[id];
    }

    /** The controller by its registers. */
    ControllerPower power() {
        return power;
    }

    /** Why the transport has to give the controller back; null while it may keep it. */
    String recalled() {
        return transport.recalled();
    }

    /**
     * Creates a queue pair with up to {@code depth} commands outstanding, fewer where CAP.MQES says so.
     *
     * @throws StorageException CONFIGURATION when all queues are in use, IO when the controller has failed
     */
    synchronized QueueLink createQueuePair(final int depth) {
        recovery.checkWorking();
        final int id = freeQueue();
        final int most = Transfers.bounceBytes(namespace) == 0 ? depth : Math.min(depth, Transfers.BOUNCE_TRACKERS);
        final int entries = Math.min(facts.queueEntries(), most + 1);
        final QueueMemory memory = memory(id, entries);
        final QueuePair pair = new QueuePair(id, entries, entries - 1, memory, shadows.submission(id),
            shadows.completion(id), transport.onPoll());
        create(pair, memory);
        links[id] = new QueueLink(pair, memory, recovery.word());
        return links[id];
    }

    private void create(final QueuePair pair, final QueueMemory memory) {
        final int id = pair.id();
        final int size = pair.entries() - 1 << 16 | id;
        shadows.clear(id);
        admin.execute("Create I/O Completion Queue " + id, Opcode.CREATE_COMPLETION_QUEUE, 0,
            memory.completions().deviceAddress(0), SubmissionEntry.dwords(size, PHYSICALLY_CONTIGUOUS), 0);
        admin.execute("Create I/O Submission Queue " + id, Opcode.CREATE_SUBMISSION_QUEUE, 0,
            memory.submissions().deviceAddress(0), SubmissionEntry.dwords(size, id << 16 | PHYSICALLY_CONTIGUOUS), 0);
    }

    /**
     * Deletes a queue pair; its commands in flight are abandoned. Where the controller does not do it, the identifier
     * is not used again and its memory stays until the device is closed, which resets the controller; the reason is
     * told when queues run out.
     */
    synchronized void deleteQueuePair(final int id) {
        if (closed || links[id] == null || recovery.failed() || transport.status() == Registers.ALL_ONES) {
            return;
        }
        links[id].abandon();
        if (recovery.knownTo(links[id])) {
            if (admin.isDead()) {
                return;
            }
            try {
                admin.execute("Delete I/O Submission Queue " + id, Opcode.DELETE_SUBMISSION_QUEUE, 0, 0, id, 0);
                admin.execute("Delete I/O Completion Queue " + id, Opcode.DELETE_COMPLETION_QUEUE, 0, 0, id, 0);
            } catch (final StorageException refused) {
                lostQueues = "; queue " + id + " was closed but is lost: " + refused.getMessage();
                return;
            }
        }
        links[id] = null;
    }

    // ---- the steps of a recovery

    /** Disables the controller: afterwards it touches no memory. */
    synchronized void stop() {
        power.stop();
    }

    /**
     * Enables a stopped controller again, without I/O queues.
     *
     * @return what about it or its namespace is no longer as it was; null when nothing is
     */
    synchronized String restart() {
        if (transport.read64(Registers.CAP_OFFSET) != cap) {
            return "its capabilities changed";
        }
        adminMemory.clear();
        enable();
        final MemorySegment identify = identification().ask("Identify Controller", IdentifyController.CNS, 0);
        final ControllerFacts now = facts(identify);
        if (!now.sameControllerAs(facts)) {
            return "it was " + facts + " and now is " + now;
        }
        final String change = namespaceChange();
        if (change != null) {
            return change;
        }
        if (negotiateQueues(queues()) < queues()) {
            return "it grants fewer than the " + queues() + " I/O queues of before";
        }
        configure(identify);
        return null;
    }

    /** Looks at the namespace again: what makes it unusable, or null. A larger one is used as it was until reopened. */
    synchronized String namespaceChange() {
        final NamespaceFacts now;
        try {
            now = identification().namespace(namespace.id(), facts.namespaces());
        } catch (final StorageException unusable) {
            if (admin.isDead()) {
                throw unusable;
            }
            return unusable.getMessage();
        }
        return namespace.unlike(now);
    }

    /** Creates the queue of a parked owner again, its rings zeroed. */
    synchronized void createAgain(final QueueLink link) {
        link.memory.clear();
        create(link.pair, link.memory);
    }

    /** Asks the controller to give up one command; whether it says that it did. */
    synchronized boolean abort(final int queue, final int commandId) {
        return (admin.execute("Abort", Opcode.ABORT, 0, 0, commandId << 16 | queue, 0) & 1) == 0;
    }

    private int freeQueue() {
        for (int id = 1; id < links.length; id++) {
            if (links[id] == null) {
                return id;
            }
        }
        throw StorageException.configuration("device '" + uri + "' grants " + queues()
            + " I/O queues and all are in use; close one, or use a controller with more" + lostQueues);
    }

    private QueueMemory memory(final int id, final int entries) {
        final QueueMemory kept = memories[id];
        if (kept != null && kept.entries() >= entries && kept.trackers() >= entries - 1) {
            kept.clear();
            return kept;
        }
        memories[id] = QueueMemory.allocate(transport, entries, entries - 1,
            Transfers.bounceBytes(namespace));
        return memories[id];
    }

    private void enable() {
        power.enable(adminMemory);
        final QueuePair pair = new QueuePair(0, AdminQueue.ENTRIES, AdminQueue.ENTRIES - 1, adminMemory, doorbells,
            Registers.doorbellStrideBytes(cap), transport.onPoll());
        admin = new AdminQueue(uri, adminMemory, pair, options.adminTimeoutMs(), waiter, events::onCompletion);
    }

    private Identification identification() {
        return new Identification(uri, admin);
    }

    private int negotiateQueues(final int wanted) {
        final int asked = wanted - 1;
        final int granted = admin.execute("Set Features, Number of Queues", Opcode.SET_FEATURES, 0, 0,
            SubmissionEntry.dwords(Opcode.FEATURE_NUMBER_OF_QUEUES, asked << 16 | asked), 0);
        final int both = Math.min(granted & 0xFFFF, granted >>> 16) + 1;
        final long mapped = doorbells.byteSize() / (2L * facts.doorbellStride()) - 1;
        final int queues = (int) Math.min(Math.min(both, wanted), mapped);
        if (queues < 1) {
            throw StorageException.io("device '" + uri + "': only " + doorbells.byteSize()
                + " bytes of doorbells are mapped, not enough for one I/O queue at a stride of "
                + facts.doorbellStride());
        }
        return queues;
    }

    /**
     * Ends a recovery under way, shuts the controller down in order (CC.SHN, then CC.EN = 0), then closes the transport
     * whatever happened.
     */
    @Override
    public void close() {
        waiter.close();
        recovery.stopThread();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            power.letGo();
            try {
                if (!power.gone()) {
                    power.shutdown();
                }
            } finally {
                transport.close();
            }
        }
    }

    /** Shuts the controller down in order and disables it. */
    synchronized void shutdown() {
        power.shutdown();
    }
}
