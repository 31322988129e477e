package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import io.ringvault.log.Le;

import java.util.Arrays;

/**
 * Collects records in LBA order until a block is full, then encodes them. Preallocated; owned by one thread. Every
 * LBA, generation and slot is stored in the fewest bytes that the whole block needs; the sizes of the block with one
 * more record are known in constant time.
 */
final class RecordBlockBuilder {
    private static final int MAX_RUNS = 1024;
    private static final int MAX_TAGS = Geometry.SEALED_BYTES / RecordBlockCodec.TAG_LENGTH;

    private final long[] lbas = new long[MAX_RUNS];
    private final long[] generations = new long[MAX_RUNS];
    private final int[] slots = new int[MAX_RUNS];
    private final int[] kinds = new int[MAX_RUNS];
    private final int[] counts = new int[MAX_RUNS];
    private final long[] tags = new long[2 * MAX_TAGS];
    private int runCount;
    private int tagCount;
    private int recordCount;
    private long minGeneration;
    private long maxGeneration;
    private int maxSlot;
    private boolean meta;

    boolean isEmpty() {
        return runCount == 0;
    }

    int recordCount() {
        return recordCount;
    }

    int presentCount() {
        return tagCount;
    }

    long firstLba() {
        return lbas[0];
    }

    long lastLba() {
        return lbas[runCount - 1] + counts[runCount - 1] - 1;
    }

    /** Adds one record behind all others; false, and nothing changed, when the block is full. */
    boolean add(final long lba, final int kind, final long generation, final int slot, final long tag0,
        final long tag1) {
        assert runCount == 0 || lba > lastLba() : "records must come in LBA order";
        final boolean present = kind == Lookup.FOUND;
        final boolean joins = joins(lba, kind, generation, slot);
        final int newRuns = joins ? runCount : runCount + 1;
        final int newTags = present ? tagCount + 1 : tagCount;
        final boolean newMeta = meta || joins || !present;
        final long newMin = present && !joins ? Math.min(generation, tagCount == 0 ? generation : minGeneration)
            : minGeneration;
        final long newMax = present && !joins ? Math.max(generation, tagCount == 0 ? generation : maxGeneration)
            : maxGeneration;
        final int newSlot = present && !joins ? Math.max(slot, maxSlot) : maxSlot;
        final long span = runCount == 0 ? 0 : (joins ? lbas[runCount - 1] : lba) - lbas[0];
        final int width = lbaWidth(span) + bytes(newMax - newMin) + bytes(newSlot)
            + (newMeta ? RecordBlockCodec.META_LENGTH : 0);
        if (newRuns > MAX_RUNS || RecordBlockCodec.lengthBytes(newRuns, width, newTags) > Geometry.SEALED_BYTES) {
            return false;
        }
        if (joins) {
            counts[runCount - 1]++;
        } else {
            lbas[runCount] = lba;
            generations[runCount] = generation;
            slots[runCount] = slot;
            kinds[runCount] = kind;
            counts[runCount] = 1;
            runCount++;
        }
        if (present) {
            tags[2 * tagCount] = tag0;
            tags[2 * tagCount + 1] = tag1;
        }
        recordCount++;
        tagCount = newTags;
        meta = newMeta;
        minGeneration = newMin;
        maxGeneration = newMax;
        maxSlot = newSlot;
        return true;
    }

    /** Fills {@code block} (4080 bytes) and starts the next block. */
    void finish(final byte[] block) {
        Arrays.fill(block, (byte) 0);
        final int lbaWidth = lbaWidth(lbas[runCount - 1] - lbas[0]);
        final int generationWidth = bytes(maxGeneration - minGeneration);
        final int slotWidth = bytes(maxSlot);
        Le.putShort(block, RecordBlockCodec.RUNS_OFFSET, runCount);
        Le.putShort(block, RecordBlockCodec.TAGS_OFFSET, tagCount);
        Le.putInt(block, RecordBlockCodec.RECORDS_OFFSET, recordCount);
        Le.putLong(block, RecordBlockCodec.BASE_LBA_OFFSET, lbas[0]);
        Le.putLong(block, RecordBlockCodec.BASE_GENERATION_OFFSET, minGeneration);
        block[RecordBlockCodec.LBA_WIDTH_OFFSET] = (byte) lbaWidth;
        block[RecordBlockCodec.GENERATION_WIDTH_OFFSET] = (byte) generationWidth;
        block[RecordBlockCodec.SLOT_WIDTH_OFFSET] = (byte) slotWidth;
        block[RecordBlockCodec.META_WIDTH_OFFSET] = (byte) (meta ? RecordBlockCodec.META_LENGTH : 0);
        int at = RecordBlockCodec.HEADERS_OFFSET;
        int tag = 0;
        for (int run = 0; run < runCount; run++) {
            final boolean present = kinds[run] == Lookup.FOUND;
            RecordBlockCodec.putNumber(block, at, lbas[run] - lbas[0], lbaWidth);
            at += lbaWidth;
            RecordBlockCodec.putNumber(block, at, present ? generations[run] - minGeneration : 0, generationWidth);
            at += generationWidth;
            RecordBlockCodec.putNumber(block, at, present ? slots[run] : 0, slotWidth);
            at += slotWidth;
            if (meta) {
                block[at] = (byte) tag;
                Le.putShort(block, at + 1, kinds[run] << 14 | counts[run] - 1);
                at += RecordBlockCodec.META_LENGTH;
            }
            tag += present ? counts[run] : 0;
        }
        final int firstTag = Geometry.SEALED_BYTES - tagCount * RecordBlockCodec.TAG_LENGTH;
        for (int i = 0; i < 2 * tagCount; i++) {
            Le.putLong(block, firstTag + 8 * i, tags[i]);
        }
        reset();
    }

    private boolean joins(final long lba, final int kind, final long generation, final int slot) {
        final int run = runCount - 1;
        if (run < 0 || kinds[run] != kind || lba != lbas[run] + counts[run]) {
            return false;
        }
        if (kind != Lookup.FOUND) {
            return counts[run] < RecordBlockCodec.MAX_EMPTY_RUN;
        }
        return generations[run] == generation && slot == slots[run] + counts[run]
            && counts[run] < RecordBlockCodec.MAX_PRESENT_RUN;
    }

    private void reset() {
        runCount = 0;
        tagCount = 0;
        recordCount = 0;
        minGeneration = 0;
        maxGeneration = 0;
        maxSlot = 0;
        meta = false;
    }

    private static int lbaWidth(final long span) {
        return Math.max(1, bytes(span));
    }

    /** Bytes needed for an unsigned number, 0 for zero. */
    private static int bytes(final long value) {
        return 64 - Long.numberOfLeadingZeros(value) + 7 >>> 3;
    }
}
