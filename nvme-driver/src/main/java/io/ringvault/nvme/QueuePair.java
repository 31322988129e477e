package io.ringvault.nvme;

import io.ringvault.nvme.spec.CompletionEntry;
import io.ringvault.nvme.spec.Registers;
import io.ringvault.nvme.spec.SubmissionEntry;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * One submission queue and its completion queue: NVM Express Base 2.1, sections 3.3 and 4.2.
 *
 * <p>A command identifier is the index of a tracker. A tracker goes
 * <pre>
 *   FREE --claim--&gt; CLAIMED --place--&gt; OUTSTANDING --completion polled--&gt; CLAIMED --release--&gt; FREE
 *                      ^-------------------- place again (a retry) --------'
 * </pre>
 * {@link #restart} puts all of it back to the beginning, after a reset. There are fewer trackers than entries, so
 * neither queue can overflow and the controller's view of the submission head is not needed. Free trackers form a
 * stack: the one used last is warm in the cache.
 *
 * <p>Owned by one thread. Never allocates, blocks, throws or logs after construction. A completion that answers no
 * outstanding command, names another queue or an impossible head makes {@link #broken()} true and the pair delivers
 * nothing more: whoever owns the pair has the controller reset. It never touches the state of another command.
 */
final class QueuePair {

    /** Hears of completions, on the owner's thread. The tracker is then CLAIMED: place it again or release it. */
    @FunctionalInterface
    interface Listener {
        /**
         * One command has ended.
         *
         * @param tracker its command identifier
         * @param status  15 bits, to be read with {@link io.ringvault.nvme.spec.StatusField}
         * @param result  dword 0 of the completion
         */
        void onCommand(int tracker, int status, int result);
    }

    private static final byte FREE = 0;
    private static final byte CLAIMED = 1;
    private static final byte OUTSTANDING = 2;

    private final int id;
    private final int entries;
    private final MemorySegment submissions;
    private final MemorySegment completions;
    private final Doorbell tailDoorbell;
    private final Doorbell headDoorbell;
    private final Runnable onPoll;

    private final byte[] states;
    private final int[] freeStack;
    private int freeCount;
    private int outstanding;
    private int tail;
    private int rungTail;
    private int head;
    private int rungHead;
    private int phase = 1;
    private boolean broken;
    private long brokenBy;

    private long polls;
    private long idlePolls;
    private long doorbellWrites;
    private long completed;

    /**
     * @param id       queue identifier, 0 for the admin queue
     * @param entries  of both queues, 2..65536
     * @param trackers commands outstanding at most, 1..entries-1
     * @param memory   zeroed rings
     * @param doorbells the doorbell registers
     * @param strideBytes from doorbell to doorbell
     * @param onPoll   run at the start of each poll
     */
    QueuePair(final int id, final int entries, final int trackers, final QueueMemory memory,
              final MemorySegment doorbells, final int strideBytes, final Runnable onPoll) {
        this(id, entries, trackers, memory, new Doorbell(doorbells, Registers.submissionDoorbell(id, strideBytes)),
            new Doorbell(doorbells, Registers.completionDoorbell(id, strideBytes)), onPoll);
    }

    /** The same with doorbells of any kind. */
    QueuePair(final int id, final int entries, final int trackers, final QueueMemory memory,
              final Doorbell tailDoorbell,
              final Doorbell headDoorbell, final Runnable onPoll) {
        if (trackers < 1 || trackers >= entries) {
            throw new IllegalArgumentException(trackers + " trackers for " + entries + " entries");
        }
        this.id = id;
        this.entries = entries;
        this.submissions = memory.submissions().segment();
        this.completions = memory.completions().segment();
        this.tailDoorbell = tailDoorbell;
        this.headDoorbell = headDoorbell;
        this.onPoll = onPoll;
        this.states = new byte[trackers];
        this.freeStack = new int[trackers];
        restart();
    }

    /** As new: nothing is outstanding. After the queue was created again, with rings zeroed. */
    void restart() {
        Arrays.fill(states, FREE);
        freeCount = 0;
        for (int tracker = states.length - 1; tracker >= 0; tracker--) {
            freeStack[freeCount++] = tracker;
        }
        outstanding = 0;
        tail = 0;
        rungTail = 0;
        head = 0;
        rungHead = 0;
        phase = 1;
        broken = false;
    }

    /** Queue identifier. */
    int id() {
        return id;
    }

    /** How many trackers there are. */
    int trackers() {
        return states.length;
    }

    /** Commands placed and not yet answered. */
    int outstanding() {
        return outstanding;
    }

    /** Entries of each ring. */
    int entries() {
        return entries;
    }

    /** Whether the tracker's command is with the controller. */
    boolean isOutstanding(final int tracker) {
        return states[tracker] == OUTSTANDING;
    }

    /** The controller has broken the protocol; nothing more will be delivered. */
    boolean broken() {
        return broken;
    }

    /** The completion that broke it: dword 2 below, dword 3 above. */
    long brokenBy() {
        return brokenBy;
    }

    /** Takes a free tracker; -1 when all are in use. */
    int claim() {
        if (freeCount == 0) {
            return -1;
        }
        final int tracker = freeStack[--freeCount];
        states[tracker] = CLAIMED;
        return tracker;
    }

    /** Gives a claimed tracker back. */
    void release(final int tracker) {
        assert states[tracker] == CLAIMED : "tracker " + tracker + " released in state " + states[tracker];
        states[tracker] = FREE;
        freeStack[freeCount++] = tracker;
    }

    /** Writes the command of a claimed tracker into the next slot; the controller sees it after {@link #ring()}. */
    void place(final int tracker, final int opcode, final int nsid, final long prp1, final long prp2,
               final long cdw10and11, final int cdw12) {
        place(tracker, opcode, nsid, 0, prp1, prp2, cdw10and11, cdw12, 0);
    }

    /** The same with a metadata pointer and command dword 14. */
    void place(final int tracker, final int opcode, final int nsid, final long mptr, final long prp1, final long prp2,
               final long cdw10and11, final int cdw12, final int cdw14) {
        assert states[tracker] == CLAIMED : "tracker " + tracker + " placed in state " + states[tracker];
        SubmissionEntry.encode(submissions, (long) tail << SubmissionEntry.LENGTH_SHIFT, opcode, tracker, nsid, mptr,
            prp1, prp2, cdw10and11, cdw12, cdw14);
        states[tracker] = OUTSTANDING;
        outstanding++;
        tail = tail + 1 == entries ? 0 : tail + 1;
    }

    /** Hands over everything placed since the last call: one doorbell write, none when nothing is new. */
    void ring() {
        if (tail != rungTail) {
            doorbellWrites += tailDoorbell.ring(rungTail, tail);
            rungTail = tail;
        }
    }

    /**
     * Takes up to {@code limit} completions.
     *
     * @return the number taken
     */
    int poll(final Listener listener, final int limit) {
        onPoll.run();
        polls++;
        int taken = 0;
        try {
            while (taken < limit && !broken) {
                final long entry = (long) head << CompletionEntry.LENGTH_SHIFT;
                final int dword3 = CompletionEntry.dword3Acquire(completions, entry);
                if (CompletionEntry.phase(dword3) != phase) {
                    break;
                }
                final int dword2 = CompletionEntry.dword2(completions, entry);
                final int result = CompletionEntry.dword0(completions, entry);
                taken++;
                if (!accepts(dword2, dword3)) {
                    broken = true;
                    brokenBy = (long) dword3 << 32 | dword2 & 0xFFFF_FFFFL;
                    break;
                }
                advanceHead();
                final int tracker = CompletionEntry.commandId(dword3);
                states[tracker] = CLAIMED;
                outstanding--;
                listener.onCommand(tracker, CompletionEntry.status(dword3), result);
            }
        } finally {
            finishPoll(taken);
        }
        return taken;
    }

    private boolean accepts(final int dword2, final int dword3) {
        final int tracker = CompletionEntry.commandId(dword3);
        return tracker < states.length && states[tracker] == OUTSTANDING
            && CompletionEntry.submissionQueue(dword2) == id
            && CompletionEntry.submissionHead(dword2) < entries;
    }

    private void advanceHead() {
        head++;
        if (head == entries) {
            head = 0;
            phase ^= 1;
        }
    }

    private void finishPoll(final int taken) {
        if (taken == 0) {
            idlePolls++;
        } else if (!broken) {
            completed += taken;
            doorbellWrites += headDoorbell.ring(rungHead, head);
            rungHead = head;
        }
    }

    /** Calls of {@link #poll}. */
    long polls() {
        return polls;
    }

    /** Calls of {@link #poll} that found nothing. */
    long idlePolls() {
        return idlePolls;
    }

    /** Doorbell registers written, submission and completion side together. */
    long doorbellWrites() {
        return doorbellWrites;
    }

    /** Completions taken. */
    long completed() {
        return completed;
    }
}
