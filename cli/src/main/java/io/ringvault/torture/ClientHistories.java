package io.ringvault.torture;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The histories of several clients on one disk, each with an area of its own, and what binds them together.
 *
 * <p>A disk that keeps its promise shows after a crash one moment of its past: for each client a prefix of its
 * operations, and if an operation is there, everything that had been answered before that operation was submitted is
 * there too, whichever client it came from. A sync covers what any client had been answered before the sync. Not
 * thread-safe; the events must arrive in an order in which an answer that came before a submission stands before it.
 */
public final class ClientHistories {
    private final History[] histories;
    private final List<List<int[]>> answeredBefore = new ArrayList<>();
    private final int[] floors;
    private final int granuleBytes;

    /**
     * A disk of zeros.
     *
     * @param clients      number of clients
     * @param granulesEach size of the area of each
     * @param granuleBytes a multiple of 8, 40 or more
     * @param run          odd; differs between runs, so that what an earlier run left is told apart
     */
    public ClientHistories(final int clients, final int granulesEach, final int granuleBytes, final long run) {
        this(new History[clients], granuleBytes);
        for (int client = 0; client < clients; client++) {
            histories[client] = new History(granulesEach, runOf(run, client));
        }
    }

    private ClientHistories(final History[] histories, final int granuleBytes) {
        this.histories = histories;
        this.granuleBytes = granuleBytes;
        floors = new int[histories.length];
        for (int client = 0; client < histories.length; client++) {
            answeredBefore.add(new ArrayList<>());
        }
    }

    /** The run number in one client's stamps: it differs, so that a block in another client's area is foreign. */
    public static long runOf(final long run, final int client) {
        return run + ((long) (client + 1) << 56);
    }

    /** Number of clients. */
    public int clients() {
        return histories.length;
    }

    /** The version that the client's next operation carries. */
    public long nextVersion(final int client) {
        return histories[client].nextVersion();
    }

    /** Operations submitted since the state this began with, by all clients. */
    public int submitted() {
        return Arrays.stream(histories).mapToInt(History::submitted).sum();
    }

    /** An operation is about to be submitted; its number among this client's operations. */
    public int begin(final int client, final History.Kind kind, final long firstGranule, final int granules) {
        answeredBefore.get(client).add(syncBegin());
        return histories[client].begin(kind, firstGranule, granules);
    }

    /** The operation was answered; {@code durable} when the answer says that it cannot be lost. */
    public void end(final int client, final int op, final boolean durable) {
        histories[client].end(op);
        if (durable) {
            floors[client] = Math.max(floors[client], op + 1);
        }
    }

    /** The operation was answered with a refusal that promises that it has no effect. */
    public void refused(final int client, final int op) {
        histories[client].refused(op);
    }

    /** The versions in a client's area with its first {@code ops} operations in effect. */
    public long[] state(final int client, final int ops) {
        return histories[client].state(ops);
    }

    /** Operations of a client submitted since the state this began with. */
    public int submitted(final int client) {
        return histories[client].submitted();
    }

    /** What a sync that is about to be submitted must cover: to be kept until {@link #syncAcknowledged}. */
    public int[] syncBegin() {
        final int[] answered = new int[histories.length];
        for (int client = 0; client < answered.length; client++) {
            answered[client] = histories[client].syncBegin();
        }
        return answered;
    }

    /** The sync was answered. */
    public void syncAcknowledged(final int[] covered) {
        for (int client = 0; client < floors.length; client++) {
            floors[client] = Math.max(floors[client], covered[client]);
        }
    }

    /** The disk was closed in good order: everything answered is durable. */
    public void closed() {
        syncAcknowledged(syncBegin());
    }

    /** Whether a state holds more than what was acknowledged as durable. */
    public boolean beyondAcknowledged(final int[] state) {
        for (int client = 0; client < floors.length; client++) {
            if (state[client] > floors[client]) {
                return true;
            }
        }
        return false;
    }

    /** A history that begins with this state: what a recovered disk goes on from. */
    public ClientHistories continueFrom(final int[] state) {
        final History[] next = new History[histories.length];
        for (int client = 0; client < next.length; client++) {
            next[client] = histories[client].continueFrom(state[client]);
        }
        return new ClientHistories(next, granuleBytes);
    }

    /**
     * The areas as found after a crash must be one moment of the past, no older than what was acknowledged.
     *
     * @param areas the bytes of each client's area
     * @return for each client the number of its operations that are there; the newest moment that fits
     * @throws HistoryViolation saying what is wrong
     */
    public int[] check(final byte[][] areas) {
        return check(areas, floors);
    }

    /** As {@link #check}, however old: what a reader may be shown who asks for less than the newest state. */
    public int[] checkAnyAge(final byte[][] areas) {
        return check(areas, new int[floors.length]);
    }

    private int[] check(final byte[][] areas, final int[] oldest) {
        final BitSet[] fitting = new BitSet[histories.length];
        final int[] state = new int[histories.length];
        for (int client = 0; client < histories.length; client++) {
            final long[] observed = HistoryChecker.observe(areas[client], granuleBytes, histories[client].run());
            final BitSet admissible = histories[client].admissibleWithoutCommits(oldest[client]);
            try {
                state[client] = HistoryChecker.check(histories[client], observed, admissible, areas[client],
                    granuleBytes);
            } catch (final HistoryViolation violation) {
                throw new HistoryViolation("area of client " + client + ": " + violation.getMessage());
            }
            fitting[client] = histories[client].matches(observed);
            fitting[client].and(admissible);
        }
        return newestMoment(fitting, state);
    }

    /**
     * The fitting moments are closed under "the newer of both", so lowering whoever is too new ends at the newest one.
     */
    private int[] newestMoment(final BitSet[] fitting, final int[] start) {
        final int[] state = start.clone();
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int newer = 0; newer < state.length; newer++) {
                final int missing = missing(state, newer);
                if (missing >= 0) {
                    final int[] needed = answeredBefore.get(newer).get(state[newer] - 1);
                    final int lower = fitting[newer].previousSetBit(state[newer] - 1);
                    if (lower < 0) {
                        throw new HistoryViolation("not one moment: operation " + (state[newer] - 1) + " of client "
                            + newer + " is there, but of client " + missing + " only " + state[missing]
                            + " operations, though " + needed[missing] + " had been answered before it was submitted");
                    }
                    state[newer] = lower;
                    changed = true;
                }
            }
        }
        return state;
    }

    /** A client of whose operations fewer are there than had been answered before the newest one of {@code newer}. */
    private int missing(final int[] state, final int newer) {
        if (state[newer] > 0) {
            final int[] needed = answeredBefore.get(newer).get(state[newer] - 1);
            for (int older = 0; older < state.length; older++) {
                if (state[older] < needed[older]) {
                    return older;
                }
            }
        }
        return -1;
    }
}
