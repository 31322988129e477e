package io.ringvault.log;

import static io.ringvault.log.TestVolume.RELOCATION;
import static io.ringvault.log.TestVolume.USER;
import static io.ringvault.log.TestVolume.lbas;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LogRecoveryTest {
    private static final long SEED = Long.getLong("seed", 20260101);

    private final TestVolume volume = TestVolume.formatted(40, SEED);

    @Test
    void shouldRecoverTheCheckpointWhenNoChunkWasWritten() {
        final RecoveredLog log = volume.recover();
        assertEquals(volume.commit, log.commit());
        assertTrue(log.chunks().isEmpty());
        assertTrue(log.warnings().isEmpty(), log.warnings()::toString);
        assertEquals(4, log.announced().size());
        assertEquals(volume.nextGeneration, log.nextGeneration());
        assertFalse(log.otherSlotUsed());
    }

    @Test
    void shouldWalkBothStreamsAndManySegmentsToTheLastCommit() {
        final Random random = new Random(SEED);
        for (int i = 0; i < 60; i++) {
            volume.chunk(random.nextInt(2), i % 3 == 2, volume.sequence, lbas(random.nextInt(200), random.nextInt(8)));
        }
        final RecoveredLog log = volume.recover();
        assertEquals(volume.commit, log.commit());
        assertEquals(60, log.chunks().size());
        for (int i = 0; i < 60; i++) {
            final TestVolume.Chunk expected = volume.chunks.get(i);
            final WalkedChunk walked = log.chunks().get(i);
            assertEquals(expected.place(), walked.place(), "seed " + SEED);
            assertEquals(expected.sequence(), walked.sequence());
            assertEquals(expected.commit(), walked.isCommit());
            assertEquals(expected.dataBlocks(), SummaryCodec.dataCount(walked.summary()));
        }
        assertEquals(volume.nextGeneration, log.nextGeneration());
    }

    @Test
    void shouldDropChunksBehindTheLastCommit() {
        volume.chunk(USER, true, 0, 1, 2);
        final CommitId committed = volume.commit;
        volume.chunk(USER, false, 1, 1);
        volume.chunk(RELOCATION, false, 2, 2);
        final RecoveredLog log = volume.recover();
        assertEquals(committed, log.commit());
        assertEquals(1, log.chunks().size());
        assertEquals(3, log.walkedTo());
    }

    @Test
    void shouldCutATornTailAtEveryBlockOfIt() {
        volume.chunk(USER, true, 0, 1, 2);
        final CommitId durable = volume.commit;
        final TestVolume.Chunk second = volume.chunk(USER, false, 1, lbas(10, 3));
        final TestVolume.Chunk third = volume.chunk(RELOCATION, true, 1, lbas(20, 4));
        assertEquals(third.id(), volume.recover().commit());
        for (final TestVolume.Chunk torn : List.of(second, third)) {
            for (int block = 0; block <= torn.dataBlocks(); block++) {
                final MemoryImage image = volume.image.copy();
                image.wipe(volume.blockOf(torn, block));
                assertEquals(durable, volume.recover(image, null, false).commit(), torn + " block " + block);
                final MemoryImage unreadable = volume.image.copy();
                unreadable.unreadable.add(volume.blockOf(torn, block));
                assertEquals(durable, volume.recover(unreadable, null, false).commit(), torn + " block " + block);
            }
        }
    }

    @Test
    void shouldReportDamageWhenAMissingChunkIsBelowADurableMark() {
        final List<TestVolume.Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            chunks.add(volume.chunk(i % 2, true, Math.max(0, volume.sequence - 1), lbas(i, 5)));
        }
        for (int missing = 0; missing < 10; missing++) {
            final MemoryImage image = volume.image.copy();
            image.flip(volume.blockOf(chunks.get(missing), 0), 5);
            final StorageException damage = failure(Category.INTEGRITY, image, null);
            assertTrue(damage.getMessage().startsWith("LogDamaged: chunk " + chunks.get(missing).sequence() + " "),
                damage::getMessage);
        }
        final MemoryImage last = volume.image.copy();
        last.flip(volume.blockOf(chunks.get(11), 0), 5);
        assertEquals(chunks.get(10).id(), volume.recover(last, null, false).commit());
    }

    @Test
    void shouldFindEvidenceBehindTheEndInSegmentsThatOnlyLaterChunksName() {
        volume.chunk(USER, true, 0, 1);
        final TestVolume.Chunk missing = volume.chunk(USER, false, 0, 2);
        for (int i = 0; i < 6; i++) {
            volume.chunk(USER, false, 0, lbas(i, 12));
        }
        final MemoryImage torn = volume.image.copy();
        torn.wipe(volume.blockOf(missing, 0));
        final RecoveredLog log = volume.recover(torn, null, false);
        assertEquals(1, log.commit().sequence());
        assertEquals(volume.nextGeneration, log.nextGeneration(), "segments named by the lost tail are known");
        volume.chunk(USER, false, missing.sequence(), lbas(5, 12));
        final MemoryImage damaged = volume.image.copy();
        damaged.wipe(volume.blockOf(missing, 0));
        assertTrue(failure(Category.INTEGRITY, damaged, null).getMessage().startsWith("LogDamaged: chunk 2 "));
    }

    @Test
    void shouldKeepAChunkWithABadBlockUpToTheFloorAndCutItAbove() {
        final TestVolume.Chunk first = volume.chunk(USER, true, 0, 1, 2);
        final TestVolume.Chunk second = volume.chunk(USER, true, 1, 3, 4);
        volume.image.flip(volume.blockOf(first, 2), 77);
        assertEquals(second.id(), volume.recover().commit(), "chunk 1 is below the mark of chunk 2");
        assertEquals(1, volume.recover().floor());
        volume.image.flip(volume.blockOf(second, 2), 77);
        final RecoveredLog log = volume.recover();
        assertEquals(first.id(), log.commit(), "chunk 2 is above every mark");
        assertEquals(1, log.warnings().size());
        volume.chunk(USER, false, 2, 5);
        assertEquals(second.id(), volume.recover().commit(), "now a mark says that it was durable");
    }

    @Test
    void shouldNotVerifyTheBlockOfAVoidCell() {
        final SummaryBuilder builder = new SummaryBuilder();
        builder.begin(RELOCATION);
        builder.addTrim(5, 3);
        volume.voidCell = 1;
        final TestVolume.Chunk chunk = volume.chunk(RELOCATION, true, 0, lbas(1, 2), builder);
        volume.image.unreadable.add(volume.blockOf(chunk, 1));
        final RecoveredLog log = volume.recover();
        assertEquals(chunk.id(), log.commit());
        final byte[] summary = log.chunks().getFirst().summary();
        assertEquals(SummaryCodec.TRIM, SummaryCodec.cellType(summary, 0));
        assertEquals(SummaryCodec.VOID, SummaryCodec.cellType(summary, 1));
        volume.image.flip(volume.blockOf(chunk, 2), 1);
        assertEquals(0, volume.recover().commit().sequence(), "the other block counts");
    }

    @Test
    void shouldNeverFollowChunksOfAnEarlierSession() {
        volume.chunk(USER, true, 0, 1, 2);
        final CommitId kept = volume.commit;
        volume.chunk(USER, false, 1, 3);
        volume.startSession();
        assertEquals(kept, volume.recover().commit());
        assertTrue(volume.recover().chunks().isEmpty());
        final TestVolume.Chunk fresh = volume.chunk(USER, true, 1, 9);
        final RecoveredLog log = volume.recover();
        assertEquals(2, fresh.sequence(), "the dropped tail's sequence is used again, under another key");
        assertEquals(fresh.id(), log.commit());
        assertEquals(fresh.place(), log.chunks().getFirst().place());
    }

    @Test
    void shouldReplayFromBeforeTheCheckpointsCommit() {
        for (int i = 0; i < 6; i++) {
            volume.chunk(USER, true, volume.sequence, i, i + 1);
        }
        volume.checkpoint(3);
        volume.writeSlot();
        volume.chunk(USER, true, volume.sequence, 40);
        final RecoveredLog log = volume.recover();
        assertEquals(3, log.chunks().getFirst().sequence());
        assertEquals(7, log.commit().sequence());
        assertEquals(6, log.checkpoint().commit().sequence());
        final MemoryImage image = volume.image.copy();
        image.flip(volume.blockOf(volume.chunks.get(4), 0), 9);
        assertTrue(failure(Category.INTEGRITY, image, null).getMessage().contains("chunk 5 cannot be found"));
    }

    @Test
    void shouldUseTheOtherSlotsCheckpointWhenTheNewestIsDamaged() {
        volume.chunk(USER, true, 0, 1);
        volume.checkpoint(1);
        final PagePlace older = volume.directory.root();
        volume.chunk(USER, true, 1, 2);
        volume.checkpoint(2);
        volume.chunk(USER, true, 2, 3);
        final RecoveredLog before = volume.recover();
        final PagePlace newer = volume.directory.root();
        volume.image.flip(volume.geometry.blockOf(newer.segment(), newer.slot()), 1);
        final RecoveredLog log = volume.recover();
        assertTrue(log.otherSlotUsed());
        assertEquals(before.commit(), log.commit());
        assertEquals(3, log.chunks().size());
        assertEquals(1, log.warnings().size());
        volume.image.flip(volume.geometry.blockOf(older.segment(), older.slot()), 1);
        assertTrue(failure(Category.INTEGRITY, volume.image,
            null).getMessage().startsWith("both checkpoints are damaged"));
    }

    @Test
    void shouldNotUseTheCheckpointOfAnEarlierSession() {
        volume.chunk(USER, true, 0, 1);
        final byte[] olderSlot = volume.image.block(volume.geometry.slotBlock(1));
        volume.startSession();
        volume.image.write(volume.geometry.slotBlock(1), 1, olderSlot, 0, true);
        assertEquals(volume.commit, volume.recover().commit());
        final PagePlace root = volume.directory.root();
        volume.image.flip(volume.geometry.blockOf(root.segment(), root.slot()), 1);
        failure(Category.INTEGRITY, volume.image, null);
    }

    @Test
    void shouldStayWithTheCommitsWhenOneSlotIsLost() {
        volume.chunk(USER, true, 0, 1);
        volume.checkpoint(2);
        volume.chunk(USER, true, 1, 2);
        for (int which = 0; which < 2; which++) {
            final MemoryImage image = volume.image.copy();
            image.wipe(volume.geometry.slotBlock(which));
            assertEquals(volume.commit, volume.recover(image, null, false).commit());
        }
    }

    @Test
    void shouldAcceptEveryAnchorThatAnHonestVolumeCanShow() {
        final CommitId base = volume.commit;
        for (int i = 0; i < 5; i++) {
            volume.chunk(USER, true, 0, i);
        }
        assertEquals(volume.commit, volume.recover(volume.image, volume.anchorAt(base), false).commit());
        for (final TestVolume.Chunk chunk : volume.chunks) {
            assertEquals(volume.commit, volume.recover(volume.image, volume.anchorAt(chunk.id()), false).commit());
        }
        final AnchorValue third = volume.anchorAt(volume.chunks.get(2).id());
        volume.lastAnchored = third;
        volume.checkpoint(6);
        volume.writeSlot();
        assertEquals(volume.commit, volume.recover(volume.image, third, false).commit(), "what the slot recorded");
        final AnchorValue fourth = volume.anchorAt(volume.chunks.get(3).id());
        assertTrue(failure(Category.FRESHNESS, volume.image, fourth).getMessage().startsWith("Forked"),
            "between recorded and base");
        final AnchorValue second = volume.anchorAt(volume.chunks.get(1).id());
        assertTrue(failure(Category.FRESHNESS, volume.image, second).getMessage().startsWith("RolledBack"),
            "an older anchor");
    }

    @Test
    void shouldRefuseRollbackAndForkAndMissingAnchor() {
        volume.chunk(USER, true, 0, 1);
        final MemoryImage old = volume.image.copy();
        volume.chunk(USER, true, 0, 2);
        final AnchorValue now = volume.anchorAt(volume.commit);
        assertTrue(failure(Category.FRESHNESS, old, now).getMessage().startsWith("RolledBack"));
        final AnchorValue otherTag = new AnchorValue(1, now.epoch(), now.tag0() ^ 1, now.tag1());
        assertTrue(failure(Category.FRESHNESS, volume.image, otherTag).getMessage().startsWith("Forked"));
        final AnchorValue otherMiddle = new AnchorValue(1, now.epoch() - 1, now.tag0(), now.tag1());
        assertTrue(failure(Category.FRESHNESS, volume.image, otherMiddle).getMessage().startsWith("Forked"));
        volume.anchorKind = Anchor.KIND_LOCAL_FILE;
        volume.checkpoint(volume.sequence + 1);
        volume.writeSlot();
        assertTrue(failure(Category.FRESHNESS, volume.image, null).getMessage().startsWith("AnchorMissing"));
        assertEquals(volume.commit, volume.recover(volume.image, now, false).commit());
    }

    @Test
    void shouldNeverCutAnAnchoredCommit() {
        volume.chunk(USER, true, 0, 1);
        final TestVolume.Chunk anchored = volume.chunk(USER, true, 0, 2, 3);
        volume.image.flip(volume.blockOf(anchored, 1), 3);
        assertEquals(1, volume.recover().commit().sequence());
        assertEquals(anchored.id(), volume.recover(volume.image, volume.anchorAt(anchored.id()), false).commit());
        volume.image.wipe(volume.blockOf(anchored, 0));
        assertTrue(failure(Category.FRESHNESS, volume.image,
            volume.anchorAt(anchored.id())).getMessage().startsWith("RolledBack"));
    }

    @Test
    void shouldServeTheAnchoredCommitWhenReadOnly() {
        for (int i = 0; i < 5; i++) {
            volume.chunk(USER, true, 0, i);
        }
        final CommitId third = volume.chunks.get(2).id();
        final RecoveredLog log = volume.recover(volume.image, volume.anchorAt(third), true);
        assertEquals(third, log.commit());
        assertEquals(3, log.chunks().size());
        assertEquals(2, log.epochsBehind());
        assertEquals(5, volume.recover(volume.image, null, true).commit().sequence());
        volume.checkpoint(2);
        volume.writeSlot();
        final RecoveredLog published = volume.recover(volume.image, volume.anchorAt(third), true);
        assertEquals(5, published.commit().sequence(), "a published checkpoint cannot be undone");
        assertEquals(4, published.chunks().size());
    }

    @Test
    void shouldGiveTheSameAnswerTwiceAndWriteNothing() {
        for (int i = 0; i < 20; i++) {
            volume.chunk(i % 2, i % 4 == 3, volume.sequence / 2, lbas(i, i % 7));
        }
        volume.chunk(USER, false, 10, 3);
        final long writes = volume.image.writes;
        final MemoryImage before = volume.image.copy();
        final RecoveredLog one = volume.recover();
        final RecoveredLog two = volume.recover();
        assertEquals(writes, volume.image.writes);
        assertTrue(before.sameAs(volume.image));
        assertEquals(one.commit(), two.commit());
        assertEquals(one.announced(), two.announced());
        assertEquals(one.chunks().stream().map(WalkedChunk::place).toList(),
            two.chunks().stream().map(WalkedChunk::place).toList());
        assertEquals(one.nextGeneration(), two.nextGeneration());
        for (int segment = 0; segment < 40; segment++) {
            assertEquals(one.checkpoint().table().generation(segment), two.checkpoint().table().generation(segment));
        }
    }

    @Test
    void shouldRefuseAnAuthenticSummaryThatMakesNoSense() {
        volume.chunk(USER, true, 0, 1);
        final SummaryBuilder builder = new SummaryBuilder();
        builder.begin(USER);
        builder.addTrim(volume.geometry.userBlocks() - 1, 2);
        volume.chunk(USER, true, 0, new long[0], builder);
        final String message = failure(Category.INTEGRITY, volume.image, null).getMessage();
        assertTrue(message.contains("makes no sense: cell 0"), message);
    }

    @Test
    void shouldEndAtAChunkThatDoesNotFollowThePreviousOne() {
        final TestVolume.Chunk first = volume.chunk(USER, true, 0, 1);
        volume.tag0 ^= 1;
        volume.chunk(USER, true, 0, 2);
        assertEquals(first.id(), volume.recover().commit());
    }

    @Test
    void shouldRefuseEpochsThatDoNotFollowTheCommits() {
        volume.chunk(USER, true, 0, 1);
        volume.epoch--;
        volume.chunk(USER, true, 0, 2);
        assertTrue(failure(Category.INTEGRITY, volume.image, null).getMessage().contains("its epoch"));
    }

    @Test
    void shouldRefuseABaseCommitThatTheChainDoesNotContain() {
        volume.chunk(USER, true, 0, 1);
        volume.chunk(USER, true, 1, 2);
        volume.commit = new CommitId(volume.commit.epoch(), 2, volume.commit.tag0() ^ 1, volume.commit.tag1());
        volume.checkpoint(1);
        assertTrue(failure(Category.INTEGRITY, volume.image, null).getMessage().contains("is not the commit that"));
    }

    @Test
    void shouldGiveTheRightStateOrAnErrorWhenAnyBlockIsFlipped() {
        for (int i = 0; i < 8; i++) {
            volume.chunk(i % 2, true, volume.sequence, lbas(i, 3));
        }
        volume.checkpoint(5);
        volume.writeSlot();
        for (int i = 0; i < 4; i++) {
            volume.chunk(i % 2, true, volume.sequence, lbas(i, 3));
        }
        final CommitId newest = volume.commit;
        final CommitId beforeLast = volume.chunks.get(10).id();
        final Random random = new Random(SEED);
        int errors = 0;
        for (final long block : volume.image.writtenBlocks()) {
            final MemoryImage image = volume.image.copy();
            image.flip(block, random.nextInt(4096 * 8));
            try {
                final CommitId found = volume.recover(image, null, false).commit();
                assertTrue(found.equals(newest) || found.equals(beforeLast), "block " + block + " gives " + found
                    + ", seed " + SEED);
                final CommitId anchored = volume.recover(image, volume.anchorAt(newest), false).commit();
                assertEquals(newest, anchored, "block " + block);
            } catch (final StorageException refused) {
                assertTrue(refused.category() == Category.INTEGRITY || refused.category() == Category.FRESHNESS,
                    () -> "block: " + refused);
                errors++;
            }
        }
        assertTrue(errors >= 6, "summaries below marks and checkpoint blocks must be missed, " + errors);
    }

    private StorageException failure(final Category category, final MemoryImage image, final AnchorValue anchor) {
        final StorageException thrown =
            assertThrows(StorageException.class, () -> volume.recover(image, anchor, false));
        assertEquals(category, thrown.category(), thrown::getMessage);
        return thrown;
    }
}
