package io.ringvault.lsm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The newest records, in memory: an append-only off-heap array of 32-byte records and an open-addressing index of
 * 4-byte entries that keeps the
 * 16 LBAs of an aligned group in one cache line. At most 44 bytes per record of its capacity. An LBA that is written
 * again is overwritten in place (after a crash the log is replayed, not the memtable).
 *
 * <p>Points are always newer than ranges: a range that is inserted removes the points below it. Owned by one thread
 * (data agent) until {@link #freeze()}; after that immutable, and readable by another thread once the reference was
 * handed over with release and acquire.
 *
 * <p>Record: 0 LBA u64, 8 place u64 = kind (bits 63..62) | generation (bits 55..16) | slot (bits 15..0), 16 tag 16.
 */
public final class Memtable implements AutoCloseable {
    /** Largest LBA: 40 bits, 4 PiB. */
    public static final long MAX_LBA = (1L << 40) - 1;
    /** Largest generation: 40 bits. */
    public static final long MAX_GENERATION = (1L << 40) - 1;
    /** Trims and losses up to this many blocks are points, longer ones are ranges. */
    public static final int MAX_POINT_TRIM_BLOCKS = 64;
    /** Most records. */
    public static final int MAX_CAPACITY = 1 << 24;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final int RECORD_BYTES = 32;
    private static final int PLACE_OFFSET = 8;
    private static final int TAG0_OFFSET = 16;
    private static final int TAG1_OFFSET = 24;
    private static final int KIND_SHIFT = 62;
    private static final int SLOT_BITS = 16;
    private static final int SLOT_MASK = (1 << SLOT_BITS) - 1;
    private static final int GROUP_BITS = 4;
    private static final int INDEX_BITS = 24;
    private static final int INDEX_MASK = (1 << INDEX_BITS) - 1;
    /** Kind 0 in a record: a range took its place. */
    private static final int REMOVED = 0;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment records;
    private final MemorySegment index;
    private final int capacity;
    private final int slotMask;
    private final RangeSet ranges;
    private final SupersededListener listener;
    private int size;
    private long lowestLba = Long.MAX_VALUE;
    private long highestLba = -1;
    private boolean frozen;
    private long firstSequence;
    private long lastSequence;
    private long lastEpoch;

    /**
     * @param capacityRecords most records, 1..2^24
     * @param maxRanges most ranges, 2 or more
     * @param listener told about PRESENT records that are replaced
     */
    public Memtable(final int capacityRecords, final int maxRanges, final SupersededListener listener) {
        if (capacityRecords < 1 || capacityRecords > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacityRecords must be 1.." + MAX_CAPACITY + " but is "
                + capacityRecords);
        }
        if (maxRanges < RangeSet.PIECES_PER_INSERT || maxRanges > MAX_CAPACITY) {
            throw new IllegalArgumentException("maxRanges must be 2.." + MAX_CAPACITY + " but is " + maxRanges);
        }
        capacity = capacityRecords;
        final int wanted = Math.max(1 << GROUP_BITS, capacityRecords + (capacityRecords >> 1));
        final int slots = Integer.highestOneBit(wanted - 1) << 1;
        slotMask = slots - 1;
        records = arena.allocate((long) capacityRecords * RECORD_BYTES, 64);
        index = arena.allocate((long) slots * Integer.BYTES, 64);
        ranges = new RangeSet(maxRanges);
        this.listener = listener;
    }

    /** Bytes of off-heap memory that a memtable of that capacity takes. */
    public static long lengthBytes(final int capacityRecords) {
        final int wanted = Math.max(1 << GROUP_BITS, capacityRecords + (capacityRecords >> 1));
        return (long) capacityRecords * RECORD_BYTES + ((long) Integer.highestOneBit(wanted - 1) << 1) * Integer.BYTES;
    }

    /**
     * Whether so many more records and so many more range operations surely fit. A trim or loss needs its blocks as
     * records, or one range.
     */
    public boolean hasRoom(final int moreRecords, final int moreRanges) {
        return moreRecords <= capacity - size && ranges.size() + (long) moreRanges
            * RangeSet.PIECES_PER_INSERT <= ranges.capacity();
    }

    /** The LBA's newest value is at this place. The caller checked {@link #hasRoom}. */
    public void put(final long lba, final long generation, final int slot, final long tag0, final long tag1) {
        if ((generation & ~MAX_GENERATION) != 0 || (slot & ~SLOT_MASK) != 0) {
            throw new IllegalArgumentException("no place has generation " + generation + " and slot " + slot);
        }
        store(lba, Lookup.FOUND, generation << SLOT_BITS | slot, tag0, tag1);
    }

    /** LBAs {@code first .. first + count - 1} read as zeros from here on. The caller checked {@link #hasRoom}. */
    public void trim(final long first, final long count) {
        cover(first, count, Lookup.TRIMMED);
    }

    /** LBAs {@code first .. first + count - 1} read as an error from here on. The caller checked {@link #hasRoom}. */
    public void lost(final long first, final long count) {
        cover(first, count, Lookup.LOST);
    }

    /** FOUND with the place and tag in {@code out}, TRIMMED, LOST, or ABSENT. Allocates nothing. */
    public int find(final long lba, final Found out) {
        final int record = recordOf(lba);
        if (record >= 0) {
            final long at = offset(record);
            final long place = records.get(LONG, at + PLACE_OFFSET);
            final int kind = (int) (place >>> KIND_SHIFT);
            if (kind == Lookup.FOUND) {
                out.generation = place >>> SLOT_BITS & MAX_GENERATION;
                out.slot = (int) place & SLOT_MASK;
                out.tag0 = records.get(LONG, at + TAG0_OFFSET);
                out.tag1 = records.get(LONG, at + TAG1_OFFSET);
            }
            if (kind != REMOVED) {
                return kind;
            }
        }
        return ranges.find(lba);
    }

    /** Makes this memtable immutable. */
    public void freeze() {
        frozen = true;
    }

    public boolean isFrozen() {
        return frozen;
    }

    /** Empties it for reuse; no other thread may still read it. */
    public void clear() {
        index.fill((byte) 0);
        records.asSlice(0, (long) size * RECORD_BYTES).fill((byte) 0);
        ranges.clear();
        size = 0;
        lowestLba = Long.MAX_VALUE;
        highestLba = -1;
        frozen = false;
        firstSequence = 0;
        lastSequence = 0;
        lastEpoch = 0;
    }

    /** Record slots in use (a point that a range removed still has one). */
    public int size() {
        return size;
    }

    /** Ranges held. */
    public int rangeCount() {
        return ranges.size();
    }

    public boolean isEmpty() {
        return size == 0 && ranges.size() == 0;
    }

    /** Most records. */
    public int capacityRecords() {
        return capacity;
    }

    /** Sequence of the chunk with the oldest record, as the owner set it; 0 when not set. */
    public long firstSequence() {
        return firstSequence;
    }

    /** For the owner's use. */
    public void firstSequence(final long sequence) {
        firstSequence = sequence;
    }

    /** Sequence of the chunk with the newest record, as the owner set it. */
    public long lastSequence() {
        return lastSequence;
    }

    /** For the owner's use. */
    public void lastSequence(final long sequence) {
        lastSequence = sequence;
    }

    /**
     * Epoch of the newest record, as the owner set it: an edit with these records must not be sealed in an older one
     * (rule 47).
     */
    public long lastEpoch() {
        return lastEpoch;
    }

    /** For the owner's use. */
    public void lastEpoch(final long epoch) {
        lastEpoch = epoch;
    }

    /** Adds {@code sign} for the generation of each PRESENT record. Takes time in proportion to {@link #size()}. */
    public void countRecords(final GenerationCounts counts, final int sign) {
        for (int i = 0; i < size; i++) {
            if (kind(i) == Lookup.FOUND) {
                counts.add(generation(i), sign);
            }
        }
    }

    /** Frees the memory. No thread may use the memtable afterwards. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    RangeSet ranges() {
        return ranges;
    }

    long lowestLba() {
        return lowestLba;
    }

    long highestLba() {
        return highestLba;
    }

    long lba(final int record) {
        return records.get(LONG, offset(record));
    }

    /** Kind of a record; 0 when a range removed it. */
    int kind(final int record) {
        return (int) (records.get(LONG, offset(record) + PLACE_OFFSET) >>> KIND_SHIFT);
    }

    long generation(final int record) {
        return records.get(LONG, offset(record) + PLACE_OFFSET) >>> SLOT_BITS & MAX_GENERATION;
    }

    int slot(final int record) {
        return (int) records.get(LONG, offset(record) + PLACE_OFFSET) & SLOT_MASK;
    }

    long tag0(final int record) {
        return records.get(LONG, offset(record) + TAG0_OFFSET);
    }

    long tag1(final int record) {
        return records.get(LONG, offset(record) + TAG1_OFFSET);
    }

    private void cover(final long first, final long count, final int kind) {
        if (count < 1 || first < 0 || count > MAX_LBA + 1 - first) {
            throw new IllegalArgumentException("no such blocks: " + count + " from LBA " + first);
        }
        if (count <= MAX_POINT_TRIM_BLOCKS) {
            for (long lba = first; lba < first + count; lba++) {
                store(lba, kind, 0, 0, 0);
            }
            return;
        }
        requireOpen();
        if (!hasRoom(0, 1)) {
            throw new IllegalStateException("no room for a range: the owner must freeze this memtable first");
        }
        removePoints(first, first + count - 1);
        ranges.insert(first, first + count - 1, kind);
    }

    /** Removes the points in a range: by probing each LBA or by one scan over all records, whichever is shorter. */
    private void removePoints(final long first, final long last) {
        final long from = Math.max(first, lowestLba);
        final long to = Math.min(last, highestLba);
        if (to - from < size) {
            for (long lba = from; lba <= to; lba++) {
                final int record = recordOf(lba);
                if (record >= 0) {
                    remove(record);
                }
            }
            return;
        }
        for (int record = 0; record < size; record++) {
            final long lba = lba(record);
            if (lba >= from && lba <= to) {
                remove(record);
            }
        }
    }

    private void remove(final int record) {
        final long at = offset(record) + PLACE_OFFSET;
        supersede(records.get(LONG, at));
        records.set(LONG, at, (long) REMOVED << KIND_SHIFT);
    }

    private void store(final long lba, final int kind, final long place, final long tag0, final long tag1) {
        requireOpen();
        if ((lba & ~MAX_LBA) != 0) {
            throw new IllegalArgumentException("LBA " + lba + " is beyond the largest, " + MAX_LBA);
        }
        final long hash = hash(lba);
        final int print = fingerprint(hash, lba);
        int slot = home(hash, lba);
        int entry;
        while ((entry = index.get(INT, (long) slot << 2)) != 0) {
            if (entry >>> INDEX_BITS == print && lba(entry & INDEX_MASK) == lba) {
                final long at = offset(entry & INDEX_MASK);
                supersede(records.get(LONG, at + PLACE_OFFSET));
                fill(at, kind, place, tag0, tag1);
                return;
            }
            slot = slot + 1 & slotMask;
        }
        if (size == capacity) {
            throw new IllegalStateException("the memtable is full: the owner must freeze it first");
        }
        final long at = offset(size);
        records.set(LONG, at, lba);
        fill(at, kind, place, tag0, tag1);
        index.set(INT, (long) slot << 2, print << INDEX_BITS | size);
        size++;
        lowestLba = Math.min(lowestLba, lba);
        highestLba = Math.max(highestLba, lba);
    }

    private void fill(final long at, final int kind, final long place, final long tag0, final long tag1) {
        records.set(LONG, at + PLACE_OFFSET, (long) kind << KIND_SHIFT | place);
        records.set(LONG, at + TAG0_OFFSET, tag0);
        records.set(LONG, at + TAG1_OFFSET, tag1);
    }

    private void supersede(final long place) {
        if (place >>> KIND_SHIFT == Lookup.FOUND) {
            listener.superseded(place >>> SLOT_BITS & MAX_GENERATION);
        }
    }

    private int recordOf(final long lba) {
        final long hash = hash(lba);
        final int print = fingerprint(hash, lba);
        int slot = home(hash, lba);
        int entry;
        while ((entry = index.get(INT, (long) slot << 2)) != 0) {
            if (entry >>> INDEX_BITS == print && lba(entry & INDEX_MASK) == lba) {
                return entry & INDEX_MASK;
            }
            slot = slot + 1 & slotMask;
        }
        return -1;
    }

    private void requireOpen() {
        if (frozen) {
            throw new IllegalStateException("a frozen memtable does not change");
        }
    }

    /**
     * Neighbours share the hash of their group of 16 and so a cache line; which lane each has is mixed, so that
     * strided LBAs spread.
     */
    private int home(final long hash, final long lba) {
        final int lane = (int) (lba ^ hash >>> 60) & (1 << GROUP_BITS) - 1;
        return ((int) (hash >>> 28) << GROUP_BITS | lane) & slotMask;
    }

    private static int fingerprint(final long hash, final long lba) {
        final int print = (int) (hash >>> 20) + (int) lba & 0xFF;
        return print == 0 ? 0xFF : print;
    }

    private static long hash(final long lba) {
        final long h = (lba >>> GROUP_BITS) * 0x9E3779B97F4A7C15L;
        return (h ^ h >>> 29) * 0xBF58476D1CE4E5B9L;
    }

    private static long offset(final int record) {
        return (long) record * RECORD_BYTES;
    }
}
