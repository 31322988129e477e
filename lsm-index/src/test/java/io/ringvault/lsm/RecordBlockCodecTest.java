package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RecordBlockCodecTest {
    private record Entry(long lba, int kind, long generation, int slot, long tag0, long tag1) {
    }

    private final Found found = new Found();

    private static List<Entry> fill(final Random random, final RecordBlockBuilder builder, final long gap,
                                    final long generations, final boolean kinds) {
        final List<Entry> entries = new ArrayList<>();
        long lba = random.nextLong() & (1L << 30) - 1;
        long place = random.nextInt(60_000);
        while (true) {
            final boolean runs = random.nextInt(3) > 0;
            lba += runs ? 1 : 1 + (random.nextLong() & gap);
            place += runs ? 1 : 1 + (random.nextLong() & generations);
            final int kind = kinds && random.nextInt(10) == 0 ? Lookup.TRIMMED + random.nextInt(2) : Lookup.FOUND;
            final Entry entry = kind != Lookup.FOUND ? new Entry(lba, kind, 0, 0, 0, 0)
                : new Entry(lba, kind, place >>> 16, (int) place & 0xFFFF, random.nextLong(), random.nextLong());
            if (!builder.add(entry.lba, entry.kind, entry.generation, entry.slot, entry.tag0, entry.tag1)) {
                return entries;
            }
            entries.add(entry);
        }
    }

    @Test
    void shouldFindEveryRecordAndNothingElseWhenRecordsAreRandom() {
        Seeds.each(60, seed -> {
            final Random random = new Random(seed);
            final RecordBlockBuilder builder = new RecordBlockBuilder();
            final byte[] block = new byte[Geometry.SEALED_BYTES];
            for (int round = 0; round < 3; round++) {
                final List<Entry> entries = fill(random, builder, (1L << random.nextInt(30)) - 1,
                    (1L << random.nextInt(50)) - 1, random.nextBoolean());
                assertEquals(entries.size(), builder.recordCount());
                builder.finish(block);
                assertTrue(builder.isEmpty());
                assertNull(RecordBlockCodec.check(block, entries.getFirst().lba, entries.getLast().lba));
                long previous = entries.getFirst().lba - 1;
                for (final Entry entry : entries) {
                    if (entry.lba > previous + 1) {
                        assertEquals(Lookup.ABSENT, RecordBlockCodec.find(block, previous + 1, found));
                        assertEquals(Lookup.ABSENT, RecordBlockCodec.find(block, entry.lba - 1, found));
                    }
                    assertEquals(entry.kind, RecordBlockCodec.find(block, entry.lba, found));
                    if (entry.kind == Lookup.FOUND) {
                        assertEquals(entry, new Entry(entry.lba, entry.kind, found.generation, found.slot, found.tag0,
                            found.tag1));
                    }
                    previous = entry.lba;
                }
                assertEquals(Lookup.ABSENT, RecordBlockCodec.find(block, previous + 1, found));
                assertEquals(Lookup.ABSENT, RecordBlockCodec.find(block, Memtable.MAX_LBA, found));
                assertEquals(Lookup.ABSENT, RecordBlockCodec.find(block, entries.getFirst().lba - 1, found));
                assertEquals(Lookup.ABSENT, RecordBlockCodec.find(block, 0, found));
            }
        });
    }

    @Test
    void shouldTakeNoMoreThan22BytesPerRecordWhenWritesAreRandomOnADenseDisk() {
        final Random random = new Random(5);
        final RecordBlockBuilder builder = new RecordBlockBuilder();
        int count = 0;
        while (builder.add(1_000_000 + count, Lookup.FOUND, random.nextInt(1 << 24), random.nextInt(1024), 1, 2)) {
            count++;
        }
        assertTrue(count >= (Geometry.SEALED_BYTES - RecordBlockCodec.HEADERS_OFFSET) / 22, "only " + count
            + " records");
    }

    @Test
    void shouldTakeAlmostOnlyTagsWhenWritesAreSequential() {
        final RecordBlockBuilder builder = new RecordBlockBuilder();
        int count = 0;
        while (builder.add(77 + count, Lookup.FOUND, 9, 3 + count, 1, 2)) {
            count++;
        }
        assertTrue(count >= 251, "only " + count + " records");
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        builder.finish(block);
        assertEquals(1, RecordBlockCodec.runs(block));
    }

    @Test
    void shouldHoldTrimmedRunsOnAnyLength() {
        final RecordBlockBuilder builder = new RecordBlockBuilder();
        for (int i = 0; i < 20_000; i++) {
            assertTrue(builder.add(i, Lookup.TRIMMED, 0, 0, 0, 0));
        }
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        builder.finish(block);
        assertEquals(2, RecordBlockCodec.runs(block));
        assertNull(RecordBlockCodec.check(block, 0, 19_999));
        assertEquals(Lookup.TRIMMED, RecordBlockCodec.find(block, 19_999, found));
        assertEquals(Lookup.ABSENT, RecordBlockCodec.find(block, 20_000, found));
    }

    @Test
    void shouldNotJoinARunWhenGenerationSlotOrKindDiffers() {
        final RecordBlockBuilder builder = new RecordBlockBuilder();
        builder.add(1, Lookup.FOUND, 5, 10, 0, 0);
        builder.add(2, Lookup.FOUND, 5, 11, 0, 0);
        builder.add(3, Lookup.FOUND, 6, 12, 0, 0);
        builder.add(4, Lookup.FOUND, 6, 14, 0, 0);
        builder.add(5, Lookup.LOST, 0, 0, 0, 0);
        builder.add(6, Lookup.TRIMMED, 0, 0, 0, 0);
        builder.add(8, Lookup.TRIMMED, 0, 0, 0, 0);
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        builder.finish(block);
        assertEquals(6, RecordBlockCodec.runs(block));
        assertNull(RecordBlockCodec.check(block, 1, 8));
        assertEquals(Lookup.ABSENT, RecordBlockCodec.find(block, 7, found));
    }

    /** Any bytes decode to a valid block or are refused; nothing throws, nothing loops. */
    @Test
    void shouldAnswerOrRefuseWhenBytesAreArbitrary() {
        Seeds.each(300, seed -> {
            final Random random = new Random(seed);
            final byte[] block = new byte[Geometry.SEALED_BYTES];
            if (random.nextBoolean()) {
                random.nextBytes(block);
                block[RecordBlockCodec.LBA_WIDTH_OFFSET] = (byte) random.nextInt(7);
                block[RecordBlockCodec.GENERATION_WIDTH_OFFSET] = (byte) random.nextInt(7);
                block[RecordBlockCodec.SLOT_WIDTH_OFFSET] = (byte) random.nextInt(4);
                block[RecordBlockCodec.META_WIDTH_OFFSET] = (byte) (3 * random.nextInt(2));
                block[RecordBlockCodec.VERSION_WIDTH_OFFSET] = 0;
                block[1] &= 3;
                block[3] = 0;
            } else {
                final RecordBlockBuilder builder = new RecordBlockBuilder();
                fill(random, builder, 1000, 1 << 20, true);
                builder.finish(block);
                for (int i = 0; i < 3; i++) {
                    block[random.nextInt(random.nextBoolean() ? 60 : block.length)] ^= (byte) (1 << random.nextInt(8));
                }
            }
            final long base = RecordBlockCodec.baseLba(block);
            RecordBlockCodec.check(block, base, Memtable.MAX_LBA);
            for (int i = 0; i < 200; i++) {
                final int result = RecordBlockCodec.find(block, base + random.nextInt(10_000), found);
                assertTrue(result != Lookup.NEED_BLOCK && result >= 0 && result <= Lookup.ERROR);
            }
        });
    }

    @Test
    void shouldRefuseABlockThatIsNotWhatItsFenceSays() {
        final RecordBlockBuilder builder = new RecordBlockBuilder();
        builder.add(10, Lookup.FOUND, 5, 10, 0, 0);
        builder.add(12, Lookup.FOUND, 5, 11, 0, 0);
        final byte[] block = new byte[Geometry.SEALED_BYTES];
        builder.finish(block);
        assertNull(RecordBlockCodec.check(block, 10, 12));
        assertNotNull(RecordBlockCodec.check(block, 9, 12));
        assertNotNull(RecordBlockCodec.check(block, 10, 11));
        block[RecordBlockCodec.VERSION_WIDTH_OFFSET] = 1;
        assertNotNull(RecordBlockCodec.check(block, 10, 12));
        assertEquals(Lookup.ERROR, RecordBlockCodec.find(block, 10, found));
        assertFalse(RecordBlockCodec.fits(new byte[Geometry.SEALED_BYTES]));
    }
}
