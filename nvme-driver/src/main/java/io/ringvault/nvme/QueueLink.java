package io.ringvault.nvme;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What the owner of a queue and the control plane tell each other about it.
 * <pre>
 *  RUNNING --owner saw that the controller stops: touches rings and doorbells no more--&gt; PARKED
 *  PARKED --control plane created the queue anew, rings zeroed--&gt; RESUMABLE
 *  RESUMABLE --owner: rings and doorbells are its own again--&gt; RUNNING
 *  RESUMABLE --control plane: another reset came first--&gt; PARKED
 *  any --owner gave the queue up--&gt; CLOSED
 *
 *  abort:  NONE --owner asks--&gt; ASKED --control plane had the controller's answer--&gt; ANSWERED --owner saw
 * it--&gt; NONE
 * </pre>
 * An owner that does not poll stays RUNNING: its queue is created when it has parked, however late, so a doorbell that
 * it writes late is never one of the new queue's. Neither side waits for the other here.
 */
final class QueueLink {
    static final int RUNNING = 0;
    static final int PARKED = 1;
    static final int RESUMABLE = 2;
    static final int CLOSED = 3;

    private static final int NONE = 0;
    private static final int ASKED = 1;
    private static final int ANSWERED = 2;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(QueueLink.class, "state", int.class);
        } catch (final ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    final QueuePair pair;
    final QueueMemory memory;
    private volatile int state;
    private volatile int abort;
    private volatile int late;
    private volatile boolean broken;
    private long brokenBy;
    private int resumeWord;
    private int abortTracker;
    private int lastLate;

    /** @param word under which the queue was created */
    QueueLink(final QueuePair pair, final QueueMemory memory, final int word) {
        this.pair = pair;
        this.memory = memory;
        this.resumeWord = word;
    }

    // ---- the owner

    /** Acknowledges that the controller stops. */
    void park() {
        STATE.compareAndSet(this, RUNNING, PARKED);
    }

    /** Takes the queue back when it was created anew. */
    boolean resume() {
        return STATE.compareAndSet(this, RESUMABLE, RUNNING);
    }

    /** The word under which the queue was last created; for the owner after {@link #resume}. */
    int resumeWord() {
        return resumeWord;
    }

    /** The owner never uses the queue again. */
    void abandon() {
        state = CLOSED;
    }

    void askAbort(final int tracker) {
        abortTracker = tracker;
        abort = ASKED;
    }

    boolean abortAnswered() {
        return abort == ANSWERED;
    }

    void forgetAbort() {
        abort = NONE;
    }

    /** The command of this tracker was not answered, not even after an abort: the controller must be reset. */
    void askReset(final int tracker, final int opcode) {
        late = 1 << 31 | opcode << 16 | tracker;
    }

    /** A completion came that answers nothing: the controller must be reset, nothing more is taken from the queue. */
    void askRepair(final long completion) {
        brokenBy = completion;
        broken = true;
    }

    // ---- the control plane

    int state() {
        return state;
    }

    /** After the queue was created; nothing is touched by the control plane afterwards. */
    void makeResumable(final int word) {
        resumeWord = word;
        late = 0;
        broken = false;
        abort = NONE;
        STATE.compareAndSet(this, PARKED, RESUMABLE);
    }

    /** Another reset begins: what was created is gone again. */
    void retract() {
        STATE.compareAndSet(this, RESUMABLE, PARKED);
    }

    /** The tracker whose command is to be aborted, or -1. */
    int abortWanted() {
        return abort == ASKED ? abortTracker : -1;
    }

    void answerAbort() {
        abort = ANSWERED;
    }

    /** Whether a command is late for good; taken once. */
    boolean lateTaken() {
        if (late == 0) {
            return false;
        }
        lastLate = late;
        late = 0;
        return true;
    }

    /** Whether the controller broke the protocol on this queue; taken once. */
    boolean brokenTaken() {
        final boolean taken = broken;
        broken = false;
        return taken;
    }

    /** The completion that broke the protocol, as {@link QueuePair#brokenBy}; after {@link #brokenTaken}. */
    long brokenBy() {
        return brokenBy;
    }

    int lateTracker() {
        return lastLate & 0xFFFF;
    }

    int lateOpcode() {
        return lastLate >>> 16 & 0xFF;
    }
}
