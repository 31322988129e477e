package io.ringvault.nvme;

import io.ringvault.nvme.spec.Opcode;
import java.util.function.LongSupplier;

/**
 * Time limits of the commands in flight.
 * <pre>
 *  in time --timeout--&gt; ABORTED (asked of the controller, one command at a time) --a quarter of it later--&gt; LATE
 *  in time --timeout, a flush--&gt; LATE                                    LATE: the controller has to be reset
 * </pre>
 * An overdue flush is not aborted, as an aborted flush would be a failed one. While an Abort is with the controller,
 * its command's own completion is held back: the identifier must not be used again while the controller may still look
 * for it.
 *
 * <p>Owned by the queue's thread, asks the system clock on every 64th poll ({@link PollClock}), and never blocks: what
 * is to be done is told to the control plane through {@link QueueLink}. Allocates nothing after construction.
 */
final class Overdue {
    /** No tracker. */
    static final int NONE = -1;

    private final ControllerRecovery recovery;
    private final QueueLink link;
    private final Commands commands;
    private final Requests requests;
    private final PollClock clock;
    private final long timeoutNs;
    private final long[] deadlineOf;
    private final boolean[] abortedOf;
    private int abortTracker = NONE;
    private boolean held;
    private int heldStatus;
    private boolean resetAsked;

    Overdue(final ControllerRecovery recovery, final QueueLink link, final Commands commands, final Requests requests,
            final long timeoutNs, final LongSupplier nanoTime) {
        this.recovery = recovery;
        this.link = link;
        this.commands = commands;
        this.requests = requests;
        this.clock = new PollClock(nanoTime);
        this.timeoutNs = timeoutNs;
        this.deadlineOf = new long[link.pair.trackers()];
        this.abortedOf = new boolean[link.pair.trackers()];
    }

    /** A new command was placed. */
    void placed(final int tracker) {
        abortedOf[tracker] = false;
        placedAgain(tracker);
    }

    /** The same command was placed once more; that it was aborted is remembered. */
    void placedAgain(final int tracker) {
        deadlineOf[tracker] = clock.nowNs() + timeoutNs;
    }

    /** Whether we had asked for the command to be aborted. */
    boolean aborted(final int tracker) {
        return abortedOf[tracker];
    }

    /** Whether a completion has to wait until the Abort of its command is answered; then it is kept here. */
    boolean holds(final int tracker, final int status) {
        if (tracker != abortTracker || link.abortAnswered()) {
            return false;
        }
        held = true;
        heldStatus = status;
        return true;
    }

    /** The tracker whose Abort was answered just now and whose own completion came meanwhile, or {@link #NONE}. */
    int takeHeld() {
        if (abortTracker == NONE || !link.abortAnswered()) {
            return NONE;
        }
        final int tracker = held ? abortTracker : NONE;
        abortTracker = NONE;
        held = false;
        link.forgetAbort();
        return tracker;
    }

    /** The status that came with the completion of {@link #takeHeld}. */
    int heldStatus() {
        return heldStatus;
    }

    /** Counts one poll and, when it is time, looks for commands that are late. */
    void tick() {
        if (!clock.tick()) {
            return;
        }
        recovery.serveInline();
        if (link.pair.outstanding() == 0) {
            return;
        }
        final long now = clock.nowNs();
        for (int tracker = 0; tracker < deadlineOf.length; tracker++) {
            if (link.pair.isOutstanding(tracker) && now - deadlineOf[tracker] > 0) {
                overdue(tracker);
            }
        }
        recovery.serveInline();
    }

    private void overdue(final int tracker) {
        final int request = commands.requestOf(tracker);
        if (abortedOf[tracker] || requests.opcodes[request] == Opcode.FLUSH) {
            if (!resetAsked) {
                resetAsked = true;
                requests.blamed[request]++;
                link.askReset(tracker, requests.opcodes[request]);
                recovery.wake();
            }
        } else if (abortTracker == NONE) {
            abortTracker = tracker;
            abortedOf[tracker] = true;
            deadlineOf[tracker] = clock.nowNs() + timeoutNs / 4;
            link.askAbort(tracker);
            recovery.wake();
        }
    }

    /** The controller was reset: nothing is in flight. */
    void restart() {
        abortTracker = NONE;
        held = false;
        resetAsked = false;
    }
}
