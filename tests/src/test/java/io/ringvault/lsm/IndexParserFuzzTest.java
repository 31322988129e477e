package io.ringvault.lsm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.log.Geometry;
import io.ringvault.tests.fuzz.FuzzRun;
import io.ringvault.tests.fuzz.Mutations;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Record, range and fence blocks and heads of index tables with changed fields. What a check lets through is consistent
 * in every accessor; what it refuses is still harmless to a look-up, which allocates nothing.
 */
class IndexParserFuzzTest {
    private static final int BYTES = Geometry.SEALED_BYTES;
    private static final double SHARE = 0.25;
    private static final long BOUND = 1 << 20;
    private final byte[] donor = recordBlock(new Random(99));

    @Test
    void shouldRefuseRecordBlocksThatContradictThemselves() {
        final Found found = new Found();
        new FuzzRun("record block", BOUND).run(SHARE, random -> {
            final byte[] block = recordBlock(random);
            final long first = RecordBlockCodec.baseLba(block);
            assertNull(RecordBlockCodec.check(block, first, Memtable.MAX_LBA));
            Mutations.change(random, block, 0, random.nextBoolean() ? 64 : BYTES, donor);
            final boolean sound = RecordBlockCodec.check(block, first, Memtable.MAX_LBA) == null;
            for (int i = 0; i < 40; i++) {
                final long lba = i < 30 ? first + random.nextInt(600) : random.nextLong() & Memtable.MAX_LBA;
                final int result = RecordBlockCodec.find(block, lba, found);
                assertTrue(result == Lookup.FOUND || result == Lookup.TRIMMED || result == Lookup.LOST
                    || result == Lookup.ABSENT || result == Lookup.ERROR, "result " + result);
                assertTrue(!sound || result != Lookup.ERROR, "a sound block fails at " + lba);
            }
            if (sound) {
                checkRuns(block, first, found);
            }
            return sound ? "read" : "refused";
        }).met("read", "refused");
    }

    private static void checkRuns(final byte[] block, final long first, final Found found) {
        long next = first;
        for (int run = 0; run < RecordBlockCodec.runs(block); run++) {
            final long lba = RecordBlockCodec.lba(block, run);
            assertTrue(lba >= next, "runs overlap");
            next = lba + RecordBlockCodec.count(block, run);
            assertTrue(next - 1 <= Memtable.MAX_LBA, "beyond the largest LBA");
            assertEquals(RecordBlockCodec.kind(block, run), RecordBlockCodec.find(block, lba, found));
            assertEquals(RecordBlockCodec.kind(block, run), RecordBlockCodec.find(block, next - 1, found));
        }
    }

    @Test
    void shouldRefuseRangeBlocksThatContradictThemselves() {
        new FuzzRun("range block", BOUND).run(SHARE, random -> {
            final byte[] block = new byte[BYTES];
            final int count = 1 + random.nextInt(RangeBlockCodec.MAX_ENTRIES);
            long lba = random.nextInt(1000);
            final long first = lba;
            for (int i = 0; i < count; i++) {
                final long length = 1 + random.nextInt(5000);
                RangeBlockCodec.put(block, i, lba, lba + length - 1, Lookup.TRIMMED + random.nextInt(2));
                lba += length + random.nextInt(3);
            }
            RangeBlockCodec.putCount(block, count);
            assertNull(RangeBlockCodec.check(block, first, lba));
            Mutations.change(random, block, 0, random.nextBoolean() ? 64 : BYTES, donor);
            final boolean sound = RangeBlockCodec.check(block, first, lba) == null;
            for (int i = 0; i < 30; i++) {
                final int result = RangeBlockCodec.find(block, i < 20 ? random.nextLong(lba + 9) : random.nextLong());
                assertTrue(result == Lookup.TRIMMED || result == Lookup.LOST || result == Lookup.ABSENT
                    || result == Lookup.ERROR && !sound, "result " + result);
            }
            for (int i = 0; sound && i < RangeBlockCodec.count(block); i++) {
                assertEquals(RangeBlockCodec.kind(block, i), RangeBlockCodec.find(block, RangeBlockCodec.last(block,
                    i)));
            }
            return sound ? "read" : "refused";
        }).met("read", "refused");
    }

    @Test
    void shouldRefuseFenceBlocksThatContradictThemselves() {
        new FuzzRun("fence block", BOUND).run(SHARE, random -> {
            final long[] fences = random.longs(1 + random.nextInt(1200), 0, Memtable.MAX_LBA).sorted().toArray();
            final int ordinal = random.nextInt(FenceBlockCodec.blocksFor(fences.length));
            final byte[] block = new byte[BYTES];
            FenceBlockCodec.encode(fences, fences.length, ordinal, block);
            Mutations.change(random, block, 0, random.nextBoolean() ? 64 : BYTES, donor);
            final long[] read = new long[fences.length];
            if (FenceBlockCodec.decode(block, ordinal, read) != null) {
                return "refused";
            }
            for (final long fence : read) {
                assertTrue(fence >= 0 && fence <= Memtable.MAX_LBA);
            }
            return "read";
        }).met("read", "refused");
    }

    @Test
    void shouldRefuseHeadsThatContradictThemselves() {
        new FuzzRun("table head", BOUND).run(SHARE, random -> {
            final byte[] head = head(random);
            Mutations.change(random, head, 0, random.nextBoolean() ? 160 : BYTES, donor);
            try {
                final Table.Shape shape = TableHeadCodec.decode(head, 7);
                assertTrue(shape.firstLba >= 0 && shape.firstLba <= shape.lastLba && shape.lastLba <= Memtable.MAX_LBA);
                assertEquals(shape.recordBlocks + shape.rangeBlocks, shape.fences.length);
                final int blocks = shape.extentEnds[shape.extentEnds.length - 1];
                assertTrue(blocks > shape.fences.length && blocks < TableHeadCodec.MAX_BLOCKS, "blocks " + blocks);
                return "read";
            } catch (final StorageException refused) {
                assertEquals(StorageException.Category.INTEGRITY, refused.category());
                return "refused";
            }
        }).met("read", "refused");
    }

    /** A sound head written field by field from {@code docs/format.md} section 7.4. */
    private static byte[] head(final Random random) {
        final byte[] head = new byte[BYTES];
        final int records = 1 + random.nextInt(600);
        final int ranges = random.nextInt(3);
        final int fences = (records + ranges + 507) / 508;
        put(head, 0, 8, 7);
        put(head, 8, 4, random.nextInt(5));
        put(head, 12, 4, records);
        put(head, 16, 4, ranges);
        put(head, 20, 4, fences);
        put(head, 24, 8, records * 100L);
        put(head, 32, 8, records * 90L);
        put(head, 40, 8, ranges * 3L);
        put(head, 48, 8, 10);
        put(head, 56, 8, 500_000);
        put(head, 64, 8, 500_000);
        put(head, 72, 8, ranges == 0 ? -1 : 400_000);
        final int blocks = records + ranges + fences;
        final int extents = 1 + random.nextInt(Math.min(blocks, 5));
        put(head, 80, 4, extents);
        for (int i = 0; i < extents; i++) {
            put(head, 128 + i * 16, 8, 30 + i);
            put(head, 136 + i * 16, 4, 1);
            put(head, 140 + i * 16, 4, i == extents - 1 ? blocks - extents + 1 : 1);
        }
        TableHeadCodec.decode(head, 7);
        return head;
    }

    private static void put(final byte[] block, final int at, final int bytes, final long value) {
        for (int i = 0; i < bytes; i++) {
            block[at + i] = (byte) (value >>> 8 * i);
        }
    }

    private static byte[] recordBlock(final Random random) {
        final RecordBlockBuilder builder = new RecordBlockBuilder();
        long lba = random.nextInt(1 << 20);
        long place = random.nextInt(60_000);
        final int wanted = 1 + random.nextInt(300);
        for (int i = 0; i < wanted; i++) {
            final boolean joined = random.nextInt(3) > 0;
            lba += joined ? 1 : 1 + random.nextInt(50);
            place += joined ? 1 : 1 + random.nextInt(5000);
            final int kind = random.nextInt(10) == 0 ? Lookup.TRIMMED + random.nextInt(2) : Lookup.FOUND;
            final boolean present = kind == Lookup.FOUND;
            if (!builder.add(lba, kind, present ? place >>> 16 : 0, present ? (int) place & 0xFFFF : 0,
                present ? random.nextLong() : 0, present ? random.nextLong() : 0)) {
                break;
            }
        }
        final byte[] block = new byte[BYTES];
        builder.finish(block);
        assertArrayEquals(new byte[8], java.util.Arrays.copyOfRange(block, 32, 40));
        return block;
    }
}
