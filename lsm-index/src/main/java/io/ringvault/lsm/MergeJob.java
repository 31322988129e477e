package io.ringvault.lsm;

import io.ringvault.log.ObjectReader;
import io.ringvault.log.ObjectSink;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Merges sorted inputs into new tables, newest value first: a sweep over the LBAs that never steps over a range's
 * edge. A newer range removes older points and clips older ranges; points are newer than the ranges of their own
 * table; at the last level trims vanish and losses stay.
 *
 * <p>Runs on the index agent's thread in bounded steps; reads ahead one block per input. It allocates when it is made
 * and when a table ends. A block that cannot be read becomes a LOST range over the LBAs it could hold, so that nothing
 * older shows through; the records in it are unknown, so the edit does not subtract them and counts stay at or above
 * the truth. One job runs at a time; flushes may come between.
 */
public final class MergeJob {
    private final MergeInput[] inputs;
    private final List<Long> dropped;
    private final Memtable flushed;
    private final boolean lastLevel;
    private final long[] cuts;
    private final TableBuilder builder;
    private final int maxOutputs;
    private final List<Table> added = new ArrayList<>();
    private final GenerationCounts delta = new GenerationCounts();
    /** Every output below this LBA is decided, ranges included. */
    private long position;
    /** No range begins or ends between {@link #position} and here. */
    private long boundary;
    /** Input whose range covers {@link #position}, or the number of inputs. */
    private int coveredBy;
    private int coverKind;
    private int nextCut;
    private boolean surveyed;
    private boolean finishingTable;
    private boolean ended;
    private boolean done;

    /**
     * @param compaction what to merge; not a move
     * @param tableIds gives the ids of the output tables, each once
     */
    public MergeJob(final Compaction compaction, final LongSupplier tableIds) {
        this(runInputs(compaction), compaction.inputs().stream().map(Table::id).toList(), null,
            compaction.outputLevel(),
            compaction.lastLevel(), compaction.cuts(), compaction.maxTableBlocks(), tableIds);
        if (compaction.move()) {
            throw new IllegalArgumentException("a move writes no table: use its moveEdit");
        }
    }

    MergeJob(final MergeInput[] inputs, final List<Long> dropped, final Memtable flushed, final int outputLevel,
        final boolean lastLevel,
             final long[] cuts, final int maxTableBlocks, final LongSupplier tableIds) {
        this.inputs = inputs;
        this.dropped = dropped;
        this.flushed = flushed;
        this.lastLevel = lastLevel;
        this.cuts = cuts;
        builder = new TableBuilder(tableIds, outputLevel, maxTableBlocks);
        maxOutputs = IndexEdit.MAX_CELLS - dropped.size();
        if (maxOutputs < 1) {
            throw new IllegalArgumentException(dropped.size()
                + " input tables leave no room for an output in one edit");
        }
    }

    /**
     * Goes on for about {@code budgetRecords} records. Returns early when the sink has no room or a read is in flight.
     *
     * @return true when every output is appended (not yet durable: the owner flushes before it seals the edit)
     */
    public boolean step(final ObjectSink sink, final ObjectReader reader, final int budgetRecords) {
        for (int left = budgetRecords; left > 0 && !done; left--) {
            if (finishingTable) {
                if (!builder.finish(sink)) {
                    return false;
                }
                added.add(builder.take());
                finishingTable = false;
                done = ended;
            } else if (!settle(reader) || !advance(sink)) {
                return false;
            }
        }
        return done;
    }

    /** The change to record, once {@link #step} said true. */
    public IndexEdit edit() {
        if (!done) {
            throw new IllegalStateException("the merge has not finished");
        }
        int lost = 0;
        for (final MergeInput input : inputs) {
            lost += input.lostBlocks;
        }
        return new IndexEdit(added, dropped, flushed, delta, lost);
    }

    /** For a job that is given up: true when no read into its memory is in flight any more. Call until it says so. */
    public boolean drain(final ObjectReader reader) {
        boolean drained = true;
        for (final MergeInput input : inputs) {
            drained &= input.drain(reader);
        }
        return drained;
    }

    private boolean settle(final ObjectReader reader) {
        boolean settled = true;
        for (final MergeInput input : inputs) {
            if (!input.settled) {
                surveyed = false;
                settled &= input.settle(reader);
            }
        }
        if (settled && !surveyed) {
            survey();
            surveyed = true;
        }
        return settled;
    }

    /** Finds which range covers the position and how far nothing changes. */
    private void survey() {
        boundary = nextCut < cuts.length ? cuts[nextCut] : MergeInput.NONE;
        coveredBy = inputs.length;
        coverKind = Lookup.ABSENT;
        for (int i = 0; i < inputs.length; i++) {
            final MergeInput input = inputs[i];
            surveyRange(i, input.lostFirst, input.lostLast, Lookup.LOST);
            surveyRange(i, input.rangeFirst, input.rangeLast, input.rangeKind);
        }
    }

    private void surveyRange(final int input, final long first, final long last, final int kind) {
        if (first > position) {
            boundary = Math.min(boundary, first);
        } else {
            boundary = Math.min(boundary, last + 1);
            if (coveredBy == inputs.length) {
                coveredBy = input;
                coverKind = kind;
            }
        }
    }

    private boolean advance(final ObjectSink sink) {
        long lba = MergeInput.NONE;
        int newest = 0;
        for (int i = 0; i < inputs.length; i++) {
            if (inputs[i].pointLba < lba) {
                lba = inputs[i].pointLba;
                newest = i;
            }
        }
        if (lba < boundary) {
            return point(sink, lba, newest);
        }
        if (boundary == MergeInput.NONE) {
            ended = true;
            finishingTable = !builder.isEmpty();
            done = builder.isEmpty();
        } else {
            passBoundary();
        }
        return true;
    }

    private boolean point(final ObjectSink sink, final long lba, final int newest) {
        final MergeInput winner = inputs[newest];
        if (newest <= coveredBy && isKept(winner.pointKind)) {
            if (!builder.add(lba, winner.pointKind, winner.pointGeneration, winner.pointSlot, winner.pointTag0,
                winner.pointTag1)) {
                return endBlock(sink, lba);
            }
            if (winner.pointKind == Lookup.FOUND) {
                delta.add(winner.pointGeneration, 1);
            }
        }
        for (int i = newest; i < inputs.length; i++) {
            final MergeInput input = inputs[i];
            if (input.pointLba == lba) {
                if (input.pointKind == Lookup.FOUND && input.isCounted()) {
                    delta.add(input.pointGeneration, -1);
                }
                input.nextPoint();
            }
        }
        return true;
    }

    /** At the last level a trimmed point has nothing to hide, unless a loss that stays lies under it. */
    private boolean isKept(final int kind) {
        return kind != Lookup.TRIMMED || !lastLevel || coverKind == Lookup.LOST;
    }

    /** Appends the full block; the point at {@code lba} comes again, in this table or in the next one. */
    private boolean endBlock(final ObjectSink sink, final long lba) {
        if (sink.available() == 0) {
            return false;
        }
        builder.appendRecords(sink);
        if (builder.isFull(isLastOutput())) {
            emitRange(lba);
            position = lba;
            finishingTable = true;
        }
        return true;
    }

    private void passBoundary() {
        emitRange(boundary);
        position = boundary;
        if (nextCut < cuts.length && cuts[nextCut] == position) {
            nextCut++;
            finishingTable = !builder.isEmpty() && !isLastOutput();
        }
        if (!finishingTable && builder.isFull(isLastOutput())) {
            finishingTable = true;
        }
        for (final MergeInput input : inputs) {
            input.pass(position);
        }
        surveyed = false;
    }

    /** Puts out the covering range from the position up to {@code end}, exclusive. */
    private void emitRange(final long end) {
        if (coverKind != Lookup.ABSENT && end > position && !(coverKind == Lookup.TRIMMED && lastLevel)) {
            builder.addRange(position, end - 1, coverKind);
        }
    }

    private boolean isLastOutput() {
        return added.size() + 1 >= maxOutputs;
    }

    private static MergeInput[] runInputs(final Compaction compaction) {
        final MergeInput[] inputs = new MergeInput[compaction.runs().size()];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = new RunInput(compaction.runs().get(i));
        }
        return inputs;
    }
}
