package io.ringvault.nvme.model;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.function.BooleanSupplier;

/** Serves one I/O submission queue: fetch, execute, post. Owned by its stage's thread, or by the stepping caller. */
final class IoWorker {
    /** Commands served by one step at most. */
    static final int BATCH = 64;

    private static final int WRITE = 1;
    private static final int READ = 2;
    private static final int NONE = -1;
    private static final int NEVER = Integer.MAX_VALUE;
    private static final int SPINS_FOR_ABORT = 100_000;

    /** A completion held back by the fault plan. */
    private static final class Held {
        private final int commandId;
        private int status;
        private int others;
        private final boolean abortable;
        /** To be executed when the controller is reset, or null. */
        private final long[] late;

        Held(final int commandId, final int status, final int others, final boolean abortable, final long[] late) {
            this.commandId = commandId;
            this.status = status;
            this.others = others;
            this.abortable = abortable;
            this.late = late;
        }
    }

    private final SubmissionRing ring;
    private final CommandExecutor executor;
    private final FaultPlan faults;
    private final ModelLog log;
    private final int blockBytes;
    private final ArrayDeque<Held> held = new ArrayDeque<>();

    private final BooleanSupplier frozen;
    private final Runnable onFatal;
    private volatile int abortAsked = NONE;
    private volatile boolean abortAnswer;

    /**
     * @param frozen  whether the controller is in a fatal state
     * @param onFatal what makes it so
     */
    IoWorker(final SubmissionRing ring, final CommandExecutor executor, final FaultPlan faults, final ModelLog log,
             final int blockBytes,              final BooleanSupplier frozen, final Runnable onFatal) {
        this.frozen = frozen;
        this.onFatal = onFatal;
        this.ring = ring;
        this.executor = executor;
        this.faults = faults;
        this.log = log;
        this.blockBytes = blockBytes;
    }

    SubmissionRing ring() {
        return ring;
    }

    /** Serves what is there, up to a batch; returns the number of commands. */
    int step() {
        if (abortAsked != NONE) {
            abortAnswer = abortNow(abortAsked);
            abortAsked = NONE;
        }
        int served = 0;
        while (served < BATCH && !frozen.getAsBoolean() && ring.completions().hasRoom()) {
            if (!held.isEmpty() && postOneHeld()) {
                continue;
            }
            if (!ring.fetch()) {
                break;
            }
            serve();
            served++;
        }
        return served;
    }

    private void serve() {
        final FaultPlan.Fault fault = faults.next(ring.opcode());
        if (fault == null) {
            post(ring.commandId(), execute(), 0, 0);
            return;
        }
        switch (fault.kind()) {
            case FAIL -> post(ring.commandId(), logged(fault.status()), 0, 0);
            case HOLD -> held.add(new Held(ring.commandId(), execute(), fault.holdFor(), true, null));
            case MANGLE -> post(ring.commandId(), execute(), fault.xorDword2(), fault.xorDword3());
            case HANG -> hang(fault);
            case FATAL -> onFatal.run();
            default -> throw new IllegalStateException("fault " + fault);
        }
    }

    private int execute() {
        return logged(executor.execute(ring));
    }

    private int logged(final int status) {
        final int opcode = ring.opcode();
        if (status != ModelStatus.OK) {
            log.failed(ring.id(), ring.commandId(), status, ring.dwords10and11(), ring.namespace());
        } else if (opcode == READ) {
            log.read(lengthBytes());
        } else if (opcode == WRITE) {
            log.written(lengthBytes());
        }
        return status;
    }

    private long lengthBytes() {
        return ((ring.dword(12) & 0xFFFF) + 1L) * blockBytes;
    }

    private void hang(final FaultPlan.Fault fault) {
        if (fault.hang() == FaultPlan.Hang.AFTER) {
            executor.execute(ring);
        }
        held.add(new Held(ring.commandId(), ModelStatus.OK, NEVER, fault.abortable(),
            fault.hang() == FaultPlan.Hang.AT_RESET ? ring.copy() : null));
    }

    /** The controller is being reset, and this worker has stopped: the commands that are that late happen now. */
    void executeLate() {
        for (final Held waiting : held) {
            if (waiting.late != null) {
                ring.recall(waiting.late);
                executor.execute(ring);
            }
        }
    }

    /** Ends a command that hangs; on the worker's thread, or while it is stepped by the caller. */
    boolean abortNow(final int commandId) {
        for (final Held waiting : held) {
            if (waiting.commandId == commandId && waiting.abortable && waiting.others > 0) {
                waiting.status = ModelStatus.ABORT_REQUESTED;
                waiting.others = 0;
                return true;
            }
        }
        return false;
    }

    /** The same from the thread of the admin queue: asks the worker and waits a little. */
    boolean abort(final int commandId) {
        abortAsked = commandId;
        for (int spin = 0; spin < SPINS_FOR_ABORT && abortAsked != NONE; spin++) {
            Thread.onSpinWait();
            if (spin > 1000) {
                Thread.yield();
            }
        }
        return abortAsked == NONE && abortAnswer;
    }

    private void post(final int commandId, final int status, final int xorDword2, final int xorDword3) {
        ring.completions().post(ring.id(), ring.head(), commandId, status, 0, xorDword2, xorDword3);
        for (final Held waiting : held) {
            if (waiting.others != NEVER) {
                waiting.others--;
            }
        }
    }

    private boolean postOneHeld() {
        final Iterator<Held> all = held.iterator();
        while (all.hasNext()) {
            final Held next = all.next();
            if (next.others <= 0) {
                all.remove();
                post(next.commandId, next.status, 0, 0);
                return true;
            }
        }
        return false;
    }
}
