package io.ringvault.nvme;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.Registers;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * What happens when a command is overdue or a controller is ill: abort, reset, rebuild, or give up.
 * <pre>
 *  WORKING (word even)
 *     |  a command late for good, an impossible completion, CSTS.CFS, CSTS.RDY lost, the admin queue dead
 *     v
 *  STOPPING (word odd)   every owner that polls parks its queue; the others never touch theirs before parking
 *     |  CC.EN = 0, CSTS.RDY = 0: from here on the controller writes no buffer of ours
 *     v
 *  RESTARTING            enable, identify: is it the same?, queues, shadow doorbells, events
 *     |                        \\ more resets within a minute than the budget, or the reset fails
 *     v                         v
 *  WORKING (word + 2)        FAILED (word negative, for ever): all requests end with DRIVER_GONE, with
 *     each parked queue is            DRIVER_CHANGED where the namespace is another, or with DRIVER_PROTOCOL
 *     created anew; its owner         where it was impossible completions that did not end
 *     sends the identical commands again
 * </pre>
 * No request is completed between STOPPING and the end of the reset, since the controller may still write to its
 * buffer. Queues belong to their owners, the controller to the control plane: the two meet in {@link QueueLink} and in
 * the word, which an owner loads once per poll. {@link #serve} does all the work: on a thread of its own, or, where the
 * transport works inline, inside the owners' polls. It also asks CSTS how the controller is, ten times a second, and
 * hears its asynchronous events.
 */
final class ControllerRecovery {
    /** How often the thread looks at the controller when nobody asks for anything. */
    static final long LOOK_NS = 100_000_000;

    private static final long PARK_WAIT_MS = 100;
    private static final int FAILED = Integer.MIN_VALUE;
    private static final String REMOVED = "the controller was removed or lost power";
    private static final VarHandle WORD;

    static {
        try {
            WORD = MethodHandles.lookup().findVarHandle(ControllerRecovery.class, "word", int.class);
        } catch (final ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final String uri;
    private final NvmeController controller;
    private final Waiter waiter;
    private final ResetBudget budget;
    private final int budgetPerMinute;
    private final boolean inline;
    private volatile int word;
    private volatile boolean asked;
    private int failureCode;
    private String failure = "";
    private String lastReset = "";
    private long resets;
    private long aborts;
    private Thread thread;
    private boolean serving;

    ControllerRecovery(final String uri, final NvmeController controller, final int resetsPerMinute) {
        this.uri = uri;
        this.controller = controller;
        this.waiter = controller.waiter();
        this.budget = new ResetBudget(resetsPerMinute);
        this.budgetPerMinute = resetsPerMinute;
        this.inline = controller.transport().inline();
    }

    /** Starts the thread that looks after the controller; nothing to do where the transport works inline. */
    void start() {
        if (!inline) {
            thread = Thread.ofPlatform().name("ringvault-nvme-control").daemon(true).start(this::run);
        }
    }

    // ---- for the owners of queues

    /** Changes when an owner has to look aside: one opaque load. */
    int word() {
        return (int) WORD.getOpaque(this);
    }

    boolean failed() {
        return word < 0;
    }

    /** The driver code that requests in flight end with; after {@link #failed}. */
    int failureCode() {
        return failureCode;
    }

    /** Where the transport works inline, the control plane's work is done by the owners, in their polls. */
    void serveInline() {
        if (inline) {
            serve();
        }
    }

    /** Something was asked of the control plane. Never blocks. */
    void wake() {
        if (!asked) {
            asked = true;
            if (thread != null) {
                LockSupport.unpark(thread);
            }
        }
    }

    // ---- for the control plane

    /** What ended it; empty while it works. Any thread. */
    synchronized String failure() {
        return failure;
    }

    /** Resets completed. Any thread. */
    synchronized long resets() {
        return resets;
    }

    /** Commands that were asked to be aborted. Any thread. */
    synchronized long aborts() {
        return aborts;
    }

    /** Why the last reset was made; empty without one. Any thread. */
    synchronized String lastReset() {
        return lastReset;
    }

    /** Whether the controller has this queue: it was created under the word of now. */
    boolean knownTo(final QueueLink link) {
        return link.resumeWord() == word;
    }

    /** @throws StorageException IO when the controller has failed */
    void checkWorking() {
        if (failed()) {
            throw StorageException.io("device '" + uri + "' has failed: " + failure());
        }
    }

    private void run() {
        while (!waiter.closing()) {
            try {
                asked = false;
                serve();
                if (!asked && !waiter.closing()) {
                    LockSupport.parkNanos(LOOK_NS);
                }
            } catch (final InternalError late) {
                failLate(late);
            }
        }
    }

    /** A register faulted, and the JVM said so only after the access: without this, nobody would look any more. */
    private void failLate(final InternalError late) {
        synchronized (controller) {
            if (!failed()) {
                fail(BlockStatus.DRIVER_GONE, "a register of the controller faulted: " + late.getMessage());
            }
        }
    }

    /** Ends the thread; a recovery under way gives up at its next wait. */
    void stopThread() {
        final Thread running = thread;
        if (running == null || running == Thread.currentThread()) {
            return;
        }
        LockSupport.unpark(running);
        boolean interrupted = false;
        while (running.isAlive()) {
            try {
                running.join();
            } catch (final InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Does whatever is due, and blocks meanwhile. Errors of the controller end in a reset or in FAILED. */
    void serve() {
        synchronized (controller) {
            if (failed() || waiter.closing() || serving) {
                return;
            }
            serving = true;
            try {
                lookAndRepair();
            } catch (final RuntimeException | InternalError defect) {
                fail(BlockStatus.DRIVER_GONE, "the control plane failed: " + defect);
            } finally {
                serving = false;
            }
        }
    }

    private void lookAndRepair() {
        try {
            look();
        } catch (final StorageException ill) {
            if (!waiter.closing()) {
                reset(ill.getMessage(), adminCode());
            }
        }
    }

    private void look() {
        final String recalled = controller.recalled();
        if (recalled != null) {
            if (stopped(recalled, controller::shutdown)) {
                fail(BlockStatus.DRIVER_GONE, recalled);
            }
            return;
        }
        final String ill = illness();
        if (ill != null) {
            reset(ill, BlockStatus.DRIVER_GONE);
        }
        for (int id = 1; id <= controller.queues() && !failed(); id++) {
            final QueueLink link = controller.link(id);
            if (link != null) {
                serve(link);
            }
        }
        if (failed()) {
            return;
        }
        controller.events().serve(controller.admin());
        if (controller.admin().isDead()) {
            reset(controller.admin().death(), adminCode());
        } else if (controller.events().takeNamespaceSuspect()) {
            final String change = controller.namespaceChange();
            if (change != null) {
                giveUp(BlockStatus.DRIVER_CHANGED, change);
            }
        }
    }

    private String illness() {
        final int csts = controller.power().status();
        if ((csts == Registers.ALL_ONES || csts == 0) && controller.power().gone()) {
            fail(BlockStatus.DRIVER_GONE, "registers read as " + (csts == 0 ? "zeros: " : "all ones: ") + REMOVED);
            return null;
        }
        if (csts == Registers.ALL_ONES) {
            return "CSTS read as all ones, though the controller is there";
        }
        if ((csts & Registers.CSTS_CFS) != 0) {
            return "the controller reports a fatal state (CSTS.CFS)";
        }
        if ((csts & Registers.CSTS_RDY) == 0) {
            return (csts & Registers.CSTS_NSSRO) != 0 ? "somebody reset the NVM subsystem (CSTS.NSSRO)"
                : "the controller is no longer ready (CSTS.RDY = 0)";
        }
        return null;
    }

    private void serve(final QueueLink link) {
        if (link.state() == QueueLink.PARKED) {
            rebuild(link);
            return;
        }
        final int tracker = link.abortWanted();
        if (tracker >= 0) {
            abort(link, tracker);
        }
        if (link.brokenTaken()) {
            reset("a completion on queue " + link.pair.id() + " answers no command that it has: "
                + CommandNames.completion(link.brokenBy()), BlockStatus.DRIVER_PROTOCOL);
        } else if (link.lateTaken()) {
            reset("no answer to " + CommandNames.io(link.lateOpcode()) + " (queue " + link.pair.id() + ", command "
                + link.lateTracker() + ") within " + controller.commandTimeoutMs() + " ms", BlockStatus.DRIVER_GONE);
        }
    }

    private int adminCode() {
        return controller.admin().brokeProtocol() ? BlockStatus.DRIVER_PROTOCOL : BlockStatus.DRIVER_GONE;
    }

    private void abort(final QueueLink link, final int tracker) {
        synchronized (this) {
            aborts++;
        }
        try {
            controller.abort(link.pair.id(), tracker);
        } catch (final StorageException refused) {
            if (controller.admin().isDead()) {
                throw refused;
            }
            // A controller that cannot abort: the command's second time limit decides.
        } finally {
            link.answerAbort();
        }
    }

    private void rebuild(final QueueLink link) {
        controller.createAgain(link);
        link.makeResumable(word);
    }

    /**
     * Stops, restarts and rebuilds; after several failures, or when the controller is another one, gives up.
     *
     * @param code what requests end with when it is given up because resets do not help
     */
    private void reset(final String firstCause, final int code) {
        String cause = firstCause;
        while (!waiter.closing()) {
            if (!budget.take(waiter.nowNs())) {
                giveUp(code, cause + "; " + (budgetPerMinute == 0 ? "resets are switched off"
                    : budgetPerMinute + " resets within a minute did not help"));
                return;
            }
            final long began = waiter.nowNs();
            if (!stopped(cause, controller::stop)) {
                return;
            }
            try {
                final String change = controller.restart();
                if (change != null) {
                    if (controller.power().gone()) {
                        fail(BlockStatus.DRIVER_GONE, cause + "; it was stopped, and then " + REMOVED);
                    } else {
                        giveUp(BlockStatus.DRIVER_CHANGED, cause + "; after the reset: " + change);
                    }
                    return;
                }
                word++;
                for (int id = 1; id <= controller.queues(); id++) {
                    final QueueLink link = controller.link(id);
                    if (link != null && link.state() == QueueLink.PARKED) {
                        rebuild(link);
                    }
                }
                succeeded(cause, (waiter.nowNs() - began) / 1_000_000);
                return;
            } catch (final StorageException again) {
                cause = cause + "; after the reset: " + again.getMessage();
            }
        }
    }

    private void succeeded(final String cause, final long tookMs) {
        synchronized (this) {
            resets++;
            lastReset = cause;
        }
        controller.tell("device '" + uri + "' was reset in " + tookMs + " ms: " + cause
            + "; what was in flight is sent again");
    }

    /** Makes the owners park and stops the controller; false when that failed, which is the end. */
    private boolean stopped(final String cause, final Runnable stop) {
        word |= 1;
        for (int id = 1; id <= controller.queues(); id++) {
            final QueueLink link = controller.link(id);
            if (link != null) {
                link.retract();
            }
        }
        awaitParked();
        try {
            stop.run();
            return true;
        } catch (final StorageException dead) {
            if (!waiter.closing()) {
                fail(BlockStatus.DRIVER_GONE, cause + "; it could not be stopped: " + dead.getMessage());
            }
            return false;
        }
    }

    /**
     * Gives owners that poll the time to park: nobody writes a doorbell then. The others are safe too, only noisier.
     */
    private void awaitParked() {
        final long deadline = waiter.deadline(PARK_WAIT_MS);
        for (int turn = 0; !inline && !allParked() && !waiter.over(deadline); turn++) {
            waiter.pause(turn);
        }
    }

    private boolean allParked() {
        for (int id = 1; id <= controller.queues(); id++) {
            if (controller.link(id) != null && controller.link(id).state() == QueueLink.RUNNING) {
                return false;
            }
        }
        return true;
    }

    /** Disables the controller for good, so that requests can end, and fails. */
    private void giveUp(final int code, final String reason) {
        if (stopped(reason, controller::stop)) {
            fail(code, reason);
        }
    }

    private void fail(final int code, final String reason) {
        synchronized (this) {
            failure = reason;
            failureCode = code;
        }
        word = FAILED;
        controller.tell("device '" + uri + "' has failed: " + reason);
    }
}
