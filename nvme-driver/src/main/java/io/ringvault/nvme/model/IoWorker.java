package io.ringvault.nvme.model;

import java.util.ArrayDeque;
import java.util.Iterator;

/** Serves one I/O submission queue: fetch, execute, post. Owned by its stage's thread, or by the stepping caller. */
final class IoWorker {
    /** Commands served by one step at most. */
    static final int BATCH = 64;

    private static final int WRITE = 1;
    private static final int READ = 2;

    /** A completion held back by the fault plan. */
    private static final class Held {
        private final int commandId;
        private final int status;
        private int others;

        Held(final int commandId, final int status, final int others) {
            this.commandId = commandId;
            this.status = status;
            this.others = others;
        }
    }

    private final SubmissionRing ring;
    private final CommandExecutor executor;
    private final FaultPlan faults;
    private final ModelLog log;
    private final int blockBytes;
    private final ArrayDeque<Held> held = new ArrayDeque<>();

    IoWorker(final SubmissionRing ring, final CommandExecutor executor, final FaultPlan faults, final ModelLog log,
             final int blockBytes) {
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
        int served = 0;
        while (served < BATCH && ring.completions().hasRoom()) {
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
            case HOLD -> held.add(new Held(ring.commandId(), execute(), fault.holdFor()));
            case MANGLE -> post(ring.commandId(), execute(), fault.xorDword2(), fault.xorDword3());
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

    private void post(final int commandId, final int status, final int xorDword2, final int xorDword3) {
        ring.completions().post(ring.id(), ring.head(), commandId, status, 0, xorDword2, xorDword3);
        for (final Held waiting : held) {
            if (waiting.others != Integer.MAX_VALUE) {
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
