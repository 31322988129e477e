package io.ringvault.torture;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The operations of one client on one disk since a known state, the commits that the disk reported, and the syncs
 * that it
 * acknowledged. From these follows which states may be found after a crash.
 *
 * <p>State {@code j} is the baseline with the first {@code j} operations applied. The operations of one client take
 * effect in
 * the order of their submission, so every state the disk may ever show is one of these. A commit sealed while
 * operations were
 * under way covers one of the states between what had completed and what had been submitted.
 *
 * <p>Admissible after a crash: the whole disk equals one state {@code j} that some commit covers, not older than the
 * newest
 * acknowledged sync nor than the newest commit that was reported durable.
 */
public final class History {
    /** What an operation leaves in its granules. */
    public enum Kind { WRITE, ZERO }

    /** In an observation: nothing is known about this granule, and any version would do. */
    public static final long ANY = Long.MIN_VALUE;

    record Op(Kind kind, long firstGranule, int granules, long version) {
        long left() {
            return kind == Kind.WRITE ? version : 0;
        }
    }

    private record Commit(long epoch, int low, int high, boolean engineStarted) {
    }

    private final long[] baseline;
    private final long[] newest;
    private final long run;
    private final List<Op> ops = new ArrayList<>();
    private final BitSet refused = new BitSet();
    private final List<Commit> commits = new ArrayList<>();
    private long nextVersion;
    private int completed;
    private int floorState;
    private int floorCommit;
    private long lastDurableEpoch = Long.MIN_VALUE;

    /** A disk of zeros. */
    public History(final int granules, final long run) {
        this(new long[granules], run, 1);
    }

    private History(final long[] baseline, final long run, final long nextVersion) {
        this.baseline = baseline;
        this.newest = baseline.clone();
        this.run = run;
        this.nextVersion = nextVersion;
        this.commits.add(new Commit(Long.MIN_VALUE, 0, 0, false));
    }

    /** A new history that begins with state {@code j} of this one: what a recovered disk goes on from. */
    public History continueFrom(final int j) {
        return new History(state(j), run, nextVersion);
    }

    /** The same past, to be continued independently. */
    public History copy() {
        final History copy = new History(baseline, run, nextVersion);
        System.arraycopy(newest, 0, copy.newest, 0, newest.length);
        copy.ops.addAll(ops);
        copy.refused.or(refused);
        copy.commits.clear();
        copy.commits.addAll(commits);
        copy.completed = completed;
        copy.floorState = floorState;
        copy.floorCommit = floorCommit;
        copy.lastDurableEpoch = lastDurableEpoch;
        return copy;
    }

    /** Records a submission. Its version is {@link #versionOf} of the returned number. */
    public int begin(final Kind kind, final long firstGranule, final int granules) {
        if (firstGranule < 0 || granules <= 0 || firstGranule + granules > baseline.length) {
            throw new IllegalArgumentException("granules " + firstGranule + "+" + granules + " of " + baseline.length);
        }
        final Op op = new Op(kind, firstGranule, granules, nextVersion++);
        ops.add(op);
        Arrays.fill(newest, (int) firstGranule, (int) firstGranule + granules, op.left());
        return ops.size() - 1;
    }

    /** The version that the operation's granules carry. */
    public long versionOf(final int op) {
        return ops.get(op).version();
    }

    /** Operation {@code op} was reported complete: it and everything submitted before it has taken effect. */
    public void end(final int op) {
        completed = Math.max(completed, op + 1);
    }

    /**
     * Operation {@code op} was refused: it has no effect, now or later, and those submitted after it go on without it.
     */
    public void refused(final int op) {
        refused.set(op);
        completed = Math.max(completed, op + 1);
        System.arraycopy(state(ops.size()), 0, newest, 0, newest.length);
    }

    /** To be kept from the submission of a sync until its acknowledgement: the operations it has to cover. */
    public int syncBegin() {
        return effective();
    }

    /** Operations completed, without those at the end that were refused. */
    private int effective() {
        int count = completed;
        while (count > 0 && refused.get(count - 1)) {
            count--;
        }
        return count;
    }

    /** The sync was acknowledged. */
    public void syncAcknowledged(final int covered) {
        int commit = floorCommit;
        while (commit < commits.size() && commits.get(commit).high < covered) {
            commit++;
        }
        if (commit == commits.size()) {
            throw new HistoryViolation("a sync that covers " + covered
                + " operations was acknowledged, but the newest commit "
                + "reported is " + commits.getLast());
        }
        floorCommit = commit;
        floorState = Math.max(floorState, covered);
    }

    /** The disk was closed in good order: everything completed is committed, whatever was reported. */
    public void closed() {
        if (commits.getLast().high < effective()) {
            throw new HistoryViolation("closed with " + completed + " operations completed, but the newest commit is "
                + commits.getLast());
        }
        floorState = Math.max(floorState, effective());
        floorCommit = Math.max(floorCommit, commits.size() - 1);
    }

    /** The mark of a commit was sealed. */
    public void commitSealed(final long epoch, final boolean engineStarted) {
        final Commit previous = commits.getLast();
        if (epoch <= previous.epoch) {
            throw new HistoryViolation("commit of epoch " + epoch + " sealed after " + previous);
        }
        commits.add(new Commit(epoch, Math.max(completed, previous.low), ops.size(), engineStarted));
    }

    /** The disk said that this epoch is durable. */
    public void commitDurable(final long epoch) {
        if (epoch <= lastDurableEpoch) {
            throw new HistoryViolation("epoch " + epoch + " reported durable after epoch " + lastDurableEpoch);
        }
        lastDurableEpoch = epoch;
        for (int i = commits.size() - 1; i >= 0; i--) {
            if (commits.get(i).epoch == epoch) {
                floorCommit = Math.max(floorCommit, i);
                return;
            }
        }
        throw new HistoryViolation("epoch " + epoch + " reported durable, but no such commit was sealed");
    }

    /** The states that a crash at this moment may leave. */
    public BitSet admissible() {
        final BitSet states = new BitSet();
        for (int i = floorCommit; i < commits.size(); i++) {
            states.set(commits.get(i).low, commits.get(i).high + 1);
        }
        states.clear(0, floorState);
        return states;
    }

    /** The oldest commit, by its number among {@link #commits()}, that a crash at this moment may go back to. */
    public int floorCommit() {
        return floorCommit;
    }

    /** The states that this commit may stand for, of those that a crash at this moment may leave. */
    public BitSet admissible(final int commit) {
        final BitSet states = new BitSet();
        if (commit >= floorCommit) {
            states.set(commits.get(commit).low, commits.get(commit).high + 1);
            states.clear(0, floorState);
        }
        return states;
    }

    /** Whether nobody asked for the commit. */
    public boolean engineStarted(final int commit) {
        return commits.get(commit).engineStarted;
    }

    /** For a disk whose commits cannot be seen: any state from the newest acknowledged sync on. */
    public BitSet admissibleWithoutCommits(final int acknowledged) {
        final BitSet states = new BitSet();
        states.set(acknowledged, ops.size() + 1);
        return states;
    }

    /** The versions of state {@code j}, by granule. */
    public long[] state(final int j) {
        final long[] versions = baseline.clone();
        for (int i = refused.nextClearBit(0); i < j; i = refused.nextClearBit(i + 1)) {
            final Op op = ops.get(i);
            Arrays.fill(versions, (int) op.firstGranule, (int) op.firstGranule + op.granules, op.left());
        }
        return versions;
    }

    /** The version that a read must return now, in a disk with no operation under way. */
    public long newest(final int granule) {
        return newest[granule];
    }

    /** The version that the next operation will get. */
    public long nextVersion() {
        return nextVersion;
    }

    /** Number of operations submitted. */
    public int submitted() {
        return ops.size();
    }

    /** Number of operations completed. */
    public int completed() {
        return completed;
    }

    /** Commits seen, the baseline included. */
    public int commits() {
        return commits.size();
    }

    /** Number of granules of the disk. */
    public int granules() {
        return baseline.length;
    }

    /** The number in each stamp. */
    public long run() {
        return run;
    }

    /**
     * The states that {@code observed} (versions by granule) equals, out of all of them: for each granule the runs of
     * states
     * in which it held the observed version are counted, and a state that is counted for every granule matches.
     */
    public BitSet matches(final long[] observed) {
        final int[] counts = countMatches(observed);
        final BitSet states = new BitSet();
        for (int j = 0; j <= ops.size(); j++) {
            if (counts[j] == observed.length) {
                states.set(j);
            }
        }
        return states;
    }

    /** Of the wanted states the one that differs in the fewest granules. */
    int nearest(final long[] observed, final BitSet wanted) {
        final int[] counts = countMatches(observed);
        int best = wanted.nextSetBit(0);
        for (int j = best; j >= 0; j = wanted.nextSetBit(j + 1)) {
            if (counts[j] > counts[best]) {
                best = j;
            }
        }
        return best;
    }

    private static boolean same(final long version, final long observed) {
        return version == observed || observed == ANY;
    }

    private int[] countMatches(final long[] observed) {
        if (observed.length != baseline.length) {
            throw new IllegalArgumentException(observed.length + " granules observed of " + baseline.length);
        }
        final int[] change = new int[ops.size() + 2];
        final long[] current = baseline.clone();
        final int[] since = new int[baseline.length];
        for (int j = refused.nextClearBit(0); j < ops.size(); j = refused.nextClearBit(j + 1)) {
            final Op op = ops.get(j);
            final int end = (int) op.firstGranule + op.granules;
            for (int g = (int) op.firstGranule; g < end; g++) {
                if (same(current[g], observed[g])) {
                    change[since[g]]++;
                    change[j + 1]--;
                }
                current[g] = op.left();
                since[g] = j + 1;
            }
        }
        for (int g = 0; g < observed.length; g++) {
            if (same(current[g], observed[g])) {
                change[since[g]]++;
            }
        }
        for (int j = 1; j < change.length; j++) {
            change[j] += change[j - 1];
        }
        return change;
    }
}
