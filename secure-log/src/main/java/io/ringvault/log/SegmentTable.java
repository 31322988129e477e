package io.ringvault.log;

import io.ringvault.block.StorageException;
import java.util.Arrays;

/**
 * What each segment is, and which segment a generation lives in: primitive arrays, no objects.
 *
 * <p>Transitions (docs/format.md section 10); everything else throws {@link IllegalStateException}:
 * <pre>
 *   announce    FREE                        -&gt; ANNOUNCED     generation, session and purpose are given
 *   open        ANNOUNCED                   -&gt; OPEN
 *   advance     OPEN                        -&gt; OPEN          end slot and last sequence only rise
 *   close       ANNOUNCED, OPEN             -&gt; CLOSED
 *   victim      CLOSED                      -&gt; VICTIM
 *   unvictim    VICTIM                      -&gt; CLOSED
 *   empty       CLOSED, VICTIM              -&gt; EMPTY
 *   free        EMPTY, QUARANTINED          -&gt; FREE          the generation is forgotten
 *   quarantine  FREE, ANNOUNCED             -&gt; QUARANTINED   the generation is forgotten
 *   bad         FREE, EMPTY, QUARANTINED    -&gt; BAD           the generation is forgotten
 * </pre>
 * A generation that is not in the table is stale: never read, never counted (protocol rule 40).
 *
 * <p>The map from generations is open addressing with Fibonacci hashing: one multiplication spreads dense, rising
 * numbers almost evenly. (Hashing by identity would be free of collisions at first; but a volume filled once and then
 * churned keeps a long run of old generations, and every newer one that wraps into it would probe to the run's end.)
 * It stores segment numbers alone, 4 bytes each; the generation is compared in the segment's own entry, which the
 * caller reads next anyway.
 *
 * <p>One thread (the data agent). No allocation after construction, except in {@link #encodePage} callers' buffers.
 */
public final class SegmentTable {
    /** Generations are 40-bit numbers above 0 (protocol rule 1). */
    public static final long MAX_GENERATION = (1L << 40) - 1;

    private static final int MAX_END_SLOT = 65536;
    private static final int[] ALLOWED_FROM = new int[SegmentState.count()];

    static {
        ALLOWED_FROM[SegmentState.ANNOUNCED] = 1 << SegmentState.FREE;
        ALLOWED_FROM[SegmentState.OPEN] = 1 << SegmentState.ANNOUNCED;
        ALLOWED_FROM[SegmentState.VICTIM] = 1 << SegmentState.CLOSED;
        ALLOWED_FROM[SegmentState.EMPTY] = 1 << SegmentState.CLOSED | 1 << SegmentState.VICTIM;
        ALLOWED_FROM[SegmentState.FREE] = 1 << SegmentState.EMPTY | 1 << SegmentState.QUARANTINED;
        ALLOWED_FROM[SegmentState.QUARANTINED] = 1 << SegmentState.FREE | 1 << SegmentState.ANNOUNCED;
        ALLOWED_FROM[SegmentState.BAD] =
            1 << SegmentState.FREE | 1 << SegmentState.EMPTY | 1 << SegmentState.QUARANTINED;
    }

    private final int segmentCount;
    private final long[] generations;
    private final long[] sessions;
    private final long[] lastSequences;
    private final long[] emptyAt;
    private final long[] emptyReadSerial;
    private final int[] endSlots;
    private final int[] tableRefs;
    private final int[] memRefs;
    private final byte[] states;
    private final byte[] purposes;
    private final int[] counts = new int[SegmentState.count()];

    /** Open addressing: segment + 1, 0 = nothing. At most half full. */
    private final int[] map;
    private final int mapMask;
    private final int mapShift;

    private final long[] dirty;
    private int freeCursor;

    public SegmentTable(final int segmentCount) {
        if (segmentCount < 1 || segmentCount > 1 << 28) {
            throw new IllegalArgumentException("segment count " + segmentCount);
        }
        this.segmentCount = segmentCount;
        generations = new long[segmentCount];
        sessions = new long[segmentCount];
        lastSequences = new long[segmentCount];
        emptyAt = new long[segmentCount];
        emptyReadSerial = new long[segmentCount];
        endSlots = new int[segmentCount];
        tableRefs = new int[segmentCount];
        memRefs = new int[segmentCount];
        states = new byte[segmentCount];
        purposes = new byte[segmentCount];
        counts[SegmentState.FREE] = segmentCount;
        map = new int[Integer.highestOneBit(segmentCount) << 2];
        mapMask = map.length - 1;
        mapShift = 64 - Integer.numberOfTrailingZeros(map.length);
        dirty = new long[(pages() + 63) >>> 6];
    }

    /** Segments of the volume. */
    public int segmentCount() {
        return segmentCount;
    }

    /** The segment that holds the generation, or -1: the place is stale. */
    public int segmentOf(final long generation) {
        int at = home(generation);
        int entry = map[at];
        while (entry != 0) {
            if (generations[entry - 1] == generation) {
                return entry - 1;
            }
            at = at + 1 & mapMask;
            entry = map[at];
        }
        return -1;
    }

    /** {@link SegmentState}. */
    public int state(final int segment) {
        return states[segment];
    }

    /** Generation, 0 = none. */
    public long generation(final int segment) {
        return generations[segment];
    }

    /** Session that the segment was written in. */
    public long session(final int segment) {
        return sessions[segment];
    }

    /** {@link SegmentPurpose}. */
    public int purpose(final int segment) {
        return purposes[segment];
    }

    /** Slots below it were written (or at least sealed). */
    public int endSlot(final int segment) {
        return endSlots[segment];
    }

    /** Index records in tables that name the segment's generation, or live object blocks. */
    public int tableRefs(final int segment) {
        return tableRefs[segment];
    }

    /** Records in memtables that name the segment's generation. */
    public int memRefs(final int segment) {
        return memRefs[segment];
    }

    /** Sequence of the last chunk in the segment, 0 = none in this session's window. */
    public long lastSequence(final int segment) {
        return lastSequences[segment];
    }

    /** The snapshot id given to {@link #empty}. */
    public long emptyAt(final int segment) {
        return emptyAt[segment];
    }

    /** The read serial given to {@link #empty}: reads issued before it must end before the segment is reused. */
    public long emptyReadSerial(final int segment) {
        return emptyReadSerial[segment];
    }

    /**
     * Gives a FREE segment its next life. The generation must be new: never in the table, 1..{@link #MAX_GENERATION}.
     */
    public void announce(final int segment, final long generation, final long session, final int purpose) {
        if (generation < 1 || generation > MAX_GENERATION || segmentOf(generation) >= 0) {
            throw new IllegalStateException("generation " + generation + " for segment " + segment
                + " is out of range or in use");
        }
        if (purpose < SegmentPurpose.USER || purpose > SegmentPurpose.OBJECT) {
            throw new IllegalStateException("purpose " + purpose + " for segment " + segment);
        }
        move(segment, SegmentState.ANNOUNCED);
        generations[segment] = generation;
        sessions[segment] = session;
        purposes[segment] = (byte) purpose;
        insert(segment);
    }

    /** The first block of an announced segment is about to be written. */
    public void open(final int segment) {
        move(segment, SegmentState.OPEN);
    }

    /**
     * Slots below {@code endSlot} are sealed; the newest chunk in the segment is {@code lastSequence} (0 for object
     * blocks).
     */
    public void advance(final int segment, final int endSlot, final long lastSequence) {
        if (states[segment] != SegmentState.OPEN || endSlot < endSlots[segment] || endSlot > MAX_END_SLOT
                || lastSequence < lastSequences[segment]) {
            throw new IllegalStateException("segment " + segment + " " + SegmentState.name(states[segment])
                + " cannot advance from slot "
                + endSlots[segment] + ", sequence " + lastSequences[segment] + " to " + endSlot + ", " + lastSequence);
        }
        endSlots[segment] = endSlot;
        lastSequences[segment] = lastSequence;
        markDirty(segment);
    }

    /** Nothing more is written to the segment in this life. */
    public void close(final int segment) {
        requireOneOf(segment, 1 << SegmentState.ANNOUNCED | 1 << SegmentState.OPEN, "close");
        set(segment, SegmentState.CLOSED);
    }

    /** The cleaner takes a CLOSED segment. */
    public void victim(final int segment) {
        move(segment, SegmentState.VICTIM);
    }

    /** The cleaner gives its victim back. */
    public void unvictim(final int segment) {
        requireOneOf(segment, 1 << SegmentState.VICTIM, "unvictim");
        set(segment, SegmentState.CLOSED);
    }

    /**
     * Nothing in the segment is live any more (protocol rule 38).
     *
     * @param snapshotId the last checkpoint snapshot taken before this; a later one must be in both slots before
     *                   {@link #free}
     * @param readSerial reads issued up to this serial may still name the segment
     */
    public void empty(final int segment, final long snapshotId, final long readSerial) {
        move(segment, SegmentState.EMPTY);
        emptyAt[segment] = snapshotId;
        emptyReadSerial[segment] = readSerial;
    }

    /** The segment may be used again (protocol rule 39 is the caller's). Its generation becomes stale for ever. */
    public void free(final int segment) {
        move(segment, SegmentState.FREE);
        forget(segment);
    }

    /** The segment is taken out of use. */
    public void bad(final int segment) {
        move(segment, SegmentState.BAD);
        forget(segment);
    }

    /** Late writes of an earlier session may still land in the segment; it is not used before {@link #free}. */
    public void quarantine(final int segment) {
        move(segment, SegmentState.QUARANTINED);
        forget(segment);
    }

    /** Counts index records (or live object blocks) that came or went; below zero throws. */
    public void addTableRefs(final int segment, final int delta) {
        checkKnown(segment, "table");
        tableRefs[segment] = added(segment, tableRefs[segment], delta, "table");
        markDirty(segment);
    }

    /** Counts memtable records that came or went; below zero throws. Not part of a checkpoint. */
    public void addMemRefs(final int segment, final int delta) {
        checkKnown(segment, "memtable");
        memRefs[segment] = added(segment, memRefs[segment], delta, "memtable");
    }

    private static void checkKnown(final int segment, final String kind) {
        if (segment < 0) {
            throw StorageException.integrity("the index refers to a generation that the segment table does not have"
                + " (its " + kind + " references would change): the checkpoint's pages contradict each other");
        }
    }

    /** Segments in this state. */
    public int count(final int state) {
        return counts[state];
    }

    /** The next FREE segment in round-robin order (wear is spread, freed segments rest longest), or -1. */
    public int nextFree() {
        if (counts[SegmentState.FREE] == 0) {
            return -1;
        }
        int segment = freeCursor;
        while (states[segment] != SegmentState.FREE) {
            segment = segment + 1 == segmentCount ? 0 : segment + 1;
        }
        freeCursor = segment + 1 == segmentCount ? 0 : segment + 1;
        return segment;
    }

    /** Pages of the table in a checkpoint. */
    public int pages() {
        return SegmentPageCodec.pages(segmentCount);
    }

    /** The first page at or after {@code from} that changed since {@link #clearDirty}, or -1. */
    public int nextDirtyPage(final int from) {
        for (int word = from >>> 6; word < dirty.length; word++) {
            final long bits = word == from >>> 6 ? dirty[word] & -1L << (from & 63) : dirty[word];
            if (bits != 0) {
                return (word << 6) + Long.numberOfTrailingZeros(bits);
            }
        }
        return -1;
    }

    /** Pages that changed. */
    public int dirtyPages() {
        int sum = 0;
        for (final long word : dirty) {
            sum += Long.bitCount(word);
        }
        return sum;
    }

    /** The page's next change counts as the first. */
    public void clearDirty(final int page) {
        dirty[page >>> 6] &= ~(1L << (page & 63));
    }

    /** Has the page written by the next checkpoint, changed or not (to move it out of an old segment). */
    public void markPageDirty(final int page) {
        dirty[page >>> 6] |= 1L << (page & 63);
    }

    /** Every page is written by the next checkpoint. */
    public void markAllDirty() {
        for (int page = 0; page < pages(); page++) {
            markPageDirty(page);
        }
    }

    /** Marks the pages of all EMPTY segments, so that the next checkpoint knows them as such. */
    void markEmptyPages() {
        for (int segment = 0; segment < segmentCount; segment++) {
            if (states[segment] == SegmentState.EMPTY) {
                markDirty(segment);
            }
        }
    }

    /**
     * Fills {@code page4080} with the page as of now; VICTIM and EMPTY are stored as CLOSED. An EMPTY segment without
     * chunks to replay is stored without references: those that were counted are of records that newer ones hide, as
     * the cleaner has proved, and who loads the page may free the segment as the present session would. Leaves the
     * dirty mark alone.
     *
     * @param replayFrom replay of the checkpoint begins at this sequence
     */
    public void encodePage(final int page, final byte[] page4080, final long replayFrom) {
        final int first = page * SegmentPageCodec.ENTRIES;
        final int count = Math.min(SegmentPageCodec.ENTRIES, segmentCount - first);
        Arrays.fill(page4080, (byte) 0);
        SegmentPageCodec.header(page4080, first, count);
        for (int i = 0; i < count; i++) {
            final int segment = first + i;
            final int state = states[segment] >= SegmentState.VICTIM ? SegmentState.CLOSED : states[segment];
            final boolean unused = states[segment] == SegmentState.EMPTY && lastSequence(segment) < replayFrom;
            SegmentPageCodec.entry(page4080, i, generations[segment], sessions[segment], state, purposes[segment],
                endSlots[segment], unused ? 0 : tableRefs[segment]);
        }
    }

    /**
     * Takes over what a checkpoint said about a segment of a new table. Leaves the dirty marks alone.
     *
     * @return false when the entry contradicts itself or another one (a generation twice); nothing was changed then
     */
    boolean restore(final int segment, final int state, final long generation, final long session, final int purpose,
            final int endSlot, final int refs) {
        final boolean holds = state >= SegmentState.ANNOUNCED && state <= SegmentState.CLOSED;
        if (states[segment] != SegmentState.FREE || state < SegmentState.FREE || state > SegmentState.QUARANTINED
                || purpose < SegmentPurpose.USER || purpose > SegmentPurpose.OBJECT || refs < 0 || endSlot < 0
                || endSlot > MAX_END_SLOT
                || (holds ? generation < 1 || generation > MAX_GENERATION : generation != 0)
                || holds && segmentOf(generation) >= 0) {
            return false;
        }
        set(segment, state);
        clearDirty(segment / SegmentPageCodec.ENTRIES);
        generations[segment] = generation;
        sessions[segment] = session;
        purposes[segment] = (byte) purpose;
        endSlots[segment] = endSlot;
        tableRefs[segment] = refs;
        if (holds) {
            insert(segment);
        }
        return true;
    }

    /**
     * Lets a loaded table know of a segment that was given to objects after the snapshot: CLOSED, under its new
     * generation.
     */
    void adopt(final int segment, final long generation, final long session) {
        forget(segment);
        set(segment, SegmentState.CLOSED);
        generations[segment] = generation;
        sessions[segment] = session;
        purposes[segment] = SegmentPurpose.OBJECT;
        insert(segment);
    }

    /** Lets a loaded table know that a slot was written, whatever the segment's state. */
    void covers(final int segment, final int slot) {
        if (endSlots[segment] <= slot) {
            endSlots[segment] = slot + 1;
            markDirty(segment);
        }
    }

    private int added(final int segment, final int value, final int delta, final String what) {
        final long sum = (long) value + delta;
        if (sum < 0 || sum > Integer.MAX_VALUE) {
            throw new IllegalStateException("segment " + segment + " (generation " + generations[segment] + "): "
                + value + " " + what
                + " references cannot change by " + delta);
        }
        return (int) sum;
    }

    private void move(final int segment, final int to) {
        requireOneOf(segment, ALLOWED_FROM[to], SegmentState.name(to));
        set(segment, to);
    }

    private void requireOneOf(final int segment, final int allowed, final String action) {
        if ((allowed >>> states[segment] & 1) == 0) {
            throw new IllegalStateException("segment " + segment + " (generation " + generations[segment] + ") is "
                + SegmentState.name(states[segment]) + ": " + action + " is not possible from there");
        }
    }

    private void set(final int segment, final int to) {
        counts[states[segment]]--;
        states[segment] = (byte) to;
        counts[to]++;
        markDirty(segment);
    }

    private void markDirty(final int segment) {
        markPageDirty(segment / SegmentPageCodec.ENTRIES);
    }

    private void forget(final int segment) {
        if (generations[segment] != 0) {
            remove(segment);
        }
        generations[segment] = 0;
        sessions[segment] = 0;
        purposes[segment] = 0;
        endSlots[segment] = 0;
        tableRefs[segment] = 0;
        memRefs[segment] = 0;
        lastSequences[segment] = 0;
        emptyAt[segment] = 0;
        emptyReadSerial[segment] = 0;
    }

    private int home(final long generation) {
        return (int) (generation * 0x9E3779B97F4A7C15L >>> mapShift);
    }

    private void insert(final int segment) {
        int at = home(generations[segment]);
        while (map[at] != 0) {
            at = at + 1 & mapMask;
        }
        map[at] = segment + 1;
    }

    /** Removes by shifting later entries back, so that no tombstone ever lengthens a probe. */
    private void remove(final int segment) {
        int hole = home(generations[segment]);
        while (map[hole] != segment + 1) {
            hole = hole + 1 & mapMask;
        }
        int at = hole + 1 & mapMask;
        while (map[at] != 0) {
            final int home = home(generations[map[at] - 1]);
            if ((at - home & mapMask) >= (at - hole & mapMask)) {
                map[hole] = map[at];
                hole = at;
            }
            at = at + 1 & mapMask;
        }
        map[hole] = 0;
    }
}
