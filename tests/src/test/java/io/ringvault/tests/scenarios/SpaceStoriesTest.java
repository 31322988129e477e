package io.ringvault.tests.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice.Operation;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.tests.harness.SimRig.Keep;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Segments that are used again, moved, trimmed or damaged while somebody still counts on them. */
class SpaceStoriesTest extends Story {

    /** Cold blocks move from segment to segment under a hot load; what old index records say of them frees nothing. */
    @Test
    void s06StaleIndexRecordsDoNotCountForTheNextLifeOfASegment() {
        start();
        write(0, blocks());
        recorder.sync();
        final long total = disk().totalSegments();
        for (int i = 0; disk().segmentsCleaned() < 2 * total && i < 20_000; i++) {
            write(random.nextInt(blocks() / 6), 1);
            if (i % 97 == 0) {
                recorder.sync();
            }
        }
        assertTrue(disk().segmentsCleaned() >= 2 * total && disk().compactions() > 10 && disk().blocksRelocated() > 100,
            disk().engine().counters().toString());
        recorder.checkNewest();
        crash(Keep.NONE);
        recorder.sync();
        reopen();
        recorder.checkNewest();
    }

    /** A whole disk is written over and over and no sync ever comes: the engine commits by itself and goes on. */
    @Test
    void s09AUserWhoNeverSyncsIsServedAndLosesNoMoreThanTheOpenEpoch() {
        everyCrash(repeat("w 0 320; w 320 320; w 600 160", 8), true, 120, Keep.NONE, Keep.ALL);
    }

    /** The cleaner finds no summary that verifies, so writes end with OUT_OF_SPACE at last; trims still succeed. */
    @Test
    void s09ATrimSucceedsWhenAWriteFindsNoSpace() {
        start();
        write(0, blocks());
        recorder.sync();
        final long[] spoilt = new long[geometry().segmentCount()];
        final byte[] block = new byte[BLOCK];
        final StorageException full = assertThrows(StorageException.class, () -> {
            for (int i = 0; i < 5000; i++) {
                spoilSummaries(spoilt);
                disk().write((long) random.nextInt(blocks()) * BLOCK, block, 0, BLOCK);
            }
        });
        assertEquals(Category.OUT_OF_SPACE, full.category(), full.getMessage());
        for (int i = 0; i < 300; i++) {
            disk().trim((long) random.nextInt(blocks()) * BLOCK, BLOCK);
            disk().sync();
        }
        disk().trim(0, (long) blocks() * BLOCK);
        disk().sync();
        for (int lba = 0; lba < blocks(); lba++) {
            Arrays.fill(block, (byte) 1);
            disk().read((long) lba * BLOCK, block, 0, BLOCK);
            assertTrue(Arrays.equals(block, new byte[BLOCK]), "LBA " + lba + " was trimmed");
        }
        for (int i = 0; i < 400; i++) {
            disk().write((long) random.nextInt(blocks()) * BLOCK, block, 0, BLOCK);
        }
        disk().sync();
    }

    /** Flips a bit in the first summary of every life of a segment that is met. */
    private void spoilSummaries(final long[] spoilt) {
        for (int segment = 0; segment < spoilt.length; segment++) {
            final long at = geometry().blockOf(segment, 0) * BLOCK;
            final byte[] preface = rig.device().content(at, BLOCK);
            final long generation = PrefaceCodec.generation(preface, 0);
            if (generation != spoilt[segment] && PrefaceCodec.purpose(preface, 0) != SegmentPurpose.OBJECT) {
                spoilt[segment] = generation;
                rig.device().flipBit(at + BLOCK + 9, 1);
            }
        }
    }

    /** While the cleaner moves blocks their user overwrites and trims them: the later one wins, in replay too. */
    @Test
    void s11ARelocationNeverShadowsANewerWriteOrTrim() {
        start();
        write(0, blocks());
        recorder.sync();
        for (int i = 0; i < 1500; i++) {
            final int lba = random.nextInt(blocks());
            if (random.nextInt(4) == 0) {
                recorder.trim((long) lba * GRANULES, GRANULES);
            } else {
                write(lba, 1);
            }
            disk().idle(random.nextInt(4));
            if (i % 150 == 149) {
                recorder.checkNewest();
                crash(i % 300 == 149 ? Keep.ALL : Keep.PROCESS_DEATH);
            }
        }
        assertTrue(disk().blocksRelocated() > 0, disk().engine().counters().toString());
    }

    /** One damaged block lives through cleaning, merges, crashes: an error at every read, until it is overwritten. */
    @Test
    void s21DamageStaysAnErrorThroughCleaningAndMerging() {
        final int lost = 50;
        watchWrites();
        start();
        write(0, blocks());
        recorder.sync();
        writes.clear();
        write(lost, 1);
        recorder.sync();
        damageWhatWasWritten(lost);
        final BitSet expected = new BitSet();
        expected.set(lost);
        final long before = disk().compactions();
        for (int i = 0; i < 1500; i++) {
            final int lba = random.nextInt(blocks());
            write(lba == lost ? 0 : lba, 1);
            if (i % 250 == 249) {
                assertEquals(expected, damaged(disk()), "round " + i);
                recorder.sync();
            }
        }
        assertTrue(disk().segmentsCleaned() > 20 && disk().compactions() > before, disk().engine().counters()
            .toString());
        recorder.disk().close();
        recorder.attach(kind.open(rig.open(), anchor, recorder));
        assertEquals(expected, damaged(disk()));
        write(lost, 1);
        assertEquals(new BitSet(), damaged(disk()));
    }

    /** Finds the block's place among the last writes by trying, and leaves it damaged there. */
    private void damageWhatWasWritten(final int lba) {
        for (final Operation each : List.copyOf(writes)) {
            for (long at = each.offsetBytes(); at < each.offsetBytes() + each.lengthBytes(); at += BLOCK) {
                rig.device().flipBit(at + 77, 3);
                try {
                    disk().read((long) lba * BLOCK, new byte[BLOCK], 0, BLOCK);
                } catch (final StorageException damaged) {
                    assertEquals(Category.INTEGRITY, damaged.category(), damaged.getMessage());
                    return;
                }
                rig.device().flipBit(at + 77, 3);
            }
        }
        throw new AssertionError("block " + lba + " is in none of " + writes);
    }
}
