package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.log.CommitId;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SummaryCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChunkWriterTest {
    private static final SpaceReserves NO_RESERVES = new SpaceReserves(0, 0, 0, 0);

    @Test
    void shouldPlaceWithoutFailureWheneverCanPlaceSaysYes() {
        int yes = 0;
        int no = 0;
        for (final int perChunk : new int[] {1, 3, 14}) {
            for (int fill = 0; fill < 16; fill++) {
                for (int free = 0; free <= 3; free++) {
                    for (int blocks = 0; blocks <= 9; blocks++) {
                        for (int cells = blocks == 0 ? 1 : 0; cells <= 1; cells++) {
                            if (tryPlacing(perChunk, fill, free, blocks, cells)) {
                                yes++;
                            } else {
                                no++;
                            }
                        }
                    }
                }
            }
        }
        assertTrue(yes > 1000 && no > 100, yes + " placed, " + no + " refused");
    }

    /** Segments of 16; {@code free} segments beyond the user floor of 4 when the request arrives. */
    private static boolean tryPlacing(final int perChunk, final int fill, final int free, final int blocks,
                                      final int cells) {
        final EngineConfig config = LogRig.tiny();
        config.chunkDataBlocks = perChunk;
        config.chunkBuffers = 40;
        final SpaceReserves reserves = new SpaceReserves(1, 1, 1, 4);
        final LogRig rig = new LogRig(config, 16, 8 + free, reserves);
        for (int i = 0; i < fill && rig.chunks.canPlace(0, 1, 0); i++) {
            rig.place(0, i);
        }
        final int freeBefore = rig.allocator.free();
        if (!rig.chunks.canPlace(LogStream.USER, blocks, cells)) {
            return false;
        }
        final String what = perChunk + " per chunk, filled " + fill + ", free " + free + ": " + blocks + " + " + cells;
        try {
            for (int i = 0; i < blocks; i++) {
                if (i == 1 && cells > 0) {
                    rig.chunks.placeTrim(5, 1);
                }
                rig.place(0, i);
            }
            if (cells > 0 && blocks < 2) {
                rig.chunks.placeTrim(5, 1);
            }
        } catch (final RuntimeException failed) {
            throw new AssertionError(what, failed);
        }
        assertTrue(rig.allocator.free() >= Math.min(freeBefore, reserves.user()), what);
        assertTrue(rig.chunks.canCommit(), what);
        rig.chunks.commit(false, false);
        rig.drain();
        assertEquals(rig.chunks.nextSequence() - 1, rig.walk().size(), what
            + ": every chunk is listed by the one before");
        return true;
    }

    @Test
    void shouldListThePlaceOfTheNextChunkWhateverTheOrderOfBothStreams() {
        for (int seed = 0; seed < 40; seed++) {
            final Random random = new Random(seed);
            final EngineConfig config = LogRig.tiny();
            config.chunkDataBlocks = 1 + random.nextInt(6);
            final LogRig rig = new LogRig(config, 16, 40, NO_RESERVES);
            for (int i = 0; i < 200; i++) {
                final int stream = random.nextInt(2);
                switch (random.nextInt(8)) {
                    case 0 -> {
                        if (rig.chunks.canCommit()) {
                            rig.chunks.commit(random.nextBoolean(), false);
                        }
                    }
                    case 1 -> rig.chunks.sealOpen();
                    case 2 -> {
                        if (rig.chunks.canPlace(0, 0, 1)) {
                            rig.chunks.placeTrim(i, 3);
                        }
                    }
                    default -> {
                        if (rig.chunks.canPlace(stream, 1, 0)) {
                            rig.place(stream, i);
                        }
                    }
                }
                rig.step();
            }
            rig.chunks.sealOpen();
            rig.drain();
            final List<LogRig.Chunk> walked = rig.walk();
            assertEquals(rig.chunks.nextSequence() - 1, walked.size(), "seed " + seed);
            long epoch = 1;
            for (final LogRig.Chunk chunk : walked) {
                assertEquals(epoch, chunk.epoch(), "seed " + seed + " chunk " + chunk.sequence());
                epoch += chunk.commit() ? 1 : 0;
                assertTrue(SummaryCodec.durableMark(chunk.summary()) < chunk.sequence());
            }
        }
    }

    @Test
    void shouldKeepEditsInOneChunkEach() {
        final LogRig rig = new LogRig(LogRig.tiny(), 64, 16, NO_RESERVES);
        for (int edit = 0; edit < 3; edit++) {
            rig.chunks.placeTrim(edit, 1);
            rig.chunks.beginEdit(90);
            for (int i = 0; i < 45; i++) {
                rig.chunks.placeTableDrop(edit * 100 + i + 1);
            }
            for (int i = 0; i < 45; i++) {
                rig.chunks.placeTableAdd(edit * 100 + i + 50, 1, 7, 3);
            }
        }
        rig.chunks.commit(false, false);
        rig.drain();
        final List<List<Long>> edits = new ArrayList<>();
        for (final LogRig.Chunk chunk : rig.walk()) {
            final List<Long> ids = new ArrayList<>();
            for (int i = 0; i < SummaryCodec.cellCount(chunk.summary()); i++) {
                if (SummaryCodec.cellType(chunk.summary(), i) >= SummaryCodec.TABLE_ADD) {
                    ids.add(SummaryCodec.tableId(SummaryCodec.cellLow(chunk.summary(), i)) / 100);
                }
            }
            if (!ids.isEmpty()) {
                edits.add(ids);
            }
        }
        assertEquals(3, edits.size(), "one chunk for each edit");
        for (int edit = 0; edit < 3; edit++) {
            final long number = edit;
            assertEquals(90, edits.get(edit).size());
            assertTrue(edits.get(edit).stream().allMatch(each -> each == number));
        }
    }

    @Test
    void shouldVoidARelocationThatAWriteOvertook() {
        final LogRig rig = new LogRig(LogRig.tiny(), 64, 16, NO_RESERVES);
        rig.place(1, 10);
        rig.place(1, 11);
        rig.place(0, 11);
        rig.chunks.commit(false, false);
        rig.drain();
        final byte[] relocated = rig.walk().get(0).summary();
        assertEquals(1, SummaryCodec.stream(relocated));
        assertEquals(SummaryCodec.RELOCATED, SummaryCodec.cellType(relocated, 0));
        assertEquals(SummaryCodec.VOID, SummaryCodec.cellType(relocated, 1));
        assertEquals(2, SummaryCodec.dataCount(relocated), "its block still takes its slot");
    }

    @Test
    void shouldNotVoidTheRelocationThatFillsItsChunk() {
        final LogRig rig = new LogRig(LogRig.tiny(), 16, 16, NO_RESERVES);
        for (long lba = 0; lba < 20; lba++) {
            assertTrue(rig.chunks.canPlace(LogStream.RELOCATION, 1, 0));
            rig.place(LogStream.RELOCATION, lba);
            rig.step();
        }
        rig.chunks.commit(false, false);
        rig.drain();
        int relocated = 0;
        for (final LogRig.Chunk chunk : rig.walk()) {
            for (int i = 0; i < SummaryCodec.cellCount(chunk.summary()); i++) {
                assertEquals(SummaryCodec.RELOCATED, SummaryCodec.cellType(chunk.summary(), i),
                    "LBA " + SummaryCodec.cellLow(chunk.summary(), i) + " in chunk " + chunk.sequence());
                relocated++;
            }
        }
        assertEquals(20, relocated);
    }

    @Test
    void shouldSealAnEmptyCommitWhenNothingIsFilling() {
        final LogRig rig = new LogRig(LogRig.tiny(), 64, 16, NO_RESERVES);
        final CommitId first = rig.chunks.commit(false, false);
        final CommitId second = rig.chunks.commit(true, true);
        rig.drain();
        assertEquals(1, first.epoch());
        assertEquals(2, second.epoch());
        final List<LogRig.Chunk> walked = rig.walk();
        assertEquals(2, walked.size());
        assertEquals(SummaryCodec.FLAG_COMMIT, SummaryCodec.flags(walked.get(0).summary()));
        assertEquals(SummaryCodec.FLAG_COMMIT | SummaryCodec.FLAG_ENGINE_COMMIT | SummaryCodec.FLAG_CLOSE,
            SummaryCodec.flags(walked.get(1).summary()));
    }

    @Test
    void shouldGoOnAsSoonAsASegmentIsFreeAgainAlsoFromTheLastSlot() {
        final EngineConfig config = LogRig.tiny();
        config.chunkDataBlocks = 14;
        final SpaceReserves reserves = new SpaceReserves(3, 3, 3, 3);
        final LogRig rig = new LogRig(config, 16, 8, reserves);
        int lba = 0;
        while (rig.chunks.canPlace(0, 1, 0)) {
            rig.place(0, lba++);
        }
        rig.chunks.sealOpen();
        for (int i = 0; i < 40 && rig.chunks.canCommit(); i++) {
            rig.chunks.commit(false, false);
            rig.drain();
        }
        assertEquals(15, rig.chunks.stream(0).nextSlot, "the last slot is kept");
        assertEquals(-1, rig.chunks.stream(0).successor);
        assertFalse(rig.chunks.canCommit());
        assertFalse(rig.chunks.canPlaceOwn(1));
        for (int segment = 0; segment < rig.table.segmentCount(); segment++) {
            if (rig.table.state(segment) == SegmentState.CLOSED) {
                rig.table.empty(segment, 0, 0);
            }
            if (rig.table.state(segment) == SegmentState.EMPTY) {
                rig.table.free(segment);
            }
        }
        assertTrue(rig.allocator.free() > reserves.recovery(), "a segment is free again: " + rig.allocator.free());
        assertTrue(rig.chunks.canCommit(), "a stream without a successor must ask for one again");
        rig.chunks.commit(false, false);
        rig.drain();
        assertEquals(rig.chunks.nextSequence() - 1, rig.walk().size());
        assertFalse(rig.state.poisoned());
    }

    @Test
    void shouldHaveBuffersForTheLargestRequestWhereverTheStreamStands() {
        for (final int perChunk : new int[] {1, 2, 3, 5, 6, 14, 20}) {
            for (final int buffers : new int[] {10, 12, 16, 24}) {
                for (int fill = 0; fill < 16; fill++) {
                    final EngineConfig config = LogRig.tiny();
                    config.chunkDataBlocks = perChunk;
                    config.chunkBuffers = buffers;
                    final LogRig rig = new LogRig(config, 16, 24, NO_RESERVES);
                    for (int i = 0; i < fill; i++) {
                        rig.chunks.commit(false, false);
                        rig.drain();
                    }
                    final int most = rig.state.requestBlocks;
                    assertTrue(most >= 2, most + " blocks");
                    assertTrue(rig.chunks.canPlace(0, most, 0), most + " blocks, " + perChunk + " in a chunk, "
                        + buffers + " buffers, from slot " + rig.chunks.stream(0).nextSlot);
                }
            }
        }
    }

    @Test
    void shouldLetTheEnginesOwnCellsRollBelowTheUsersReserve() {
        final EngineConfig config = LogRig.tiny();
        config.chunkDataBlocks = 14;
        final LogRig rig = new LogRig(config, 16, 8, new SpaceReserves(1, 2, 2, 4));
        int lba = 0;
        while (rig.chunks.canPlace(0, 1, 0)) {
            rig.place(0, lba++);
        }
        assertEquals(4, rig.allocator.free(), "user writes stop at their reserve");
        assertFalse(rig.chunks.canPlace(0, 1, 0));
        assertTrue(rig.chunks.canPlaceOwn(163), "an edit or a checkpoint must still get through");
        assertTrue(rig.chunks.canPlaceTrims(163), "a trim gives space back: it may go on where data may not");
    }

    @Test
    void shouldKeepUserDataOutOfASegmentThatWasRolledToForTheEnginesCells() {
        final EngineConfig config = LogRig.tiny();
        config.chunkDataBlocks = 14;
        config.chunkBuffers = 40;
        final LogRig rig = new LogRig(config, 16, 12, new SpaceReserves(1, 2, 3, 6));
        int lba = 0;
        while (rig.chunks.canPlace(LogStream.USER, 1, 0)) {
            rig.place(LogStream.USER, lba++);
        }
        final int segment = rig.chunks.stream(LogStream.USER).segment;
        for (int i = 0; i < 40 && rig.chunks.stream(LogStream.USER).segment == segment; i++) {
            assertTrue(rig.chunks.canPlaceOwn(1));
            rig.chunks.placeTrim(1, 1);
            rig.chunks.sealOpen();
            rig.drain();
        }
        assertEquals(5, rig.allocator.free(), "the engine's cells went below the user's reserve");
        assertFalse(rig.chunks.canPlace(LogStream.USER, 1, 0), "the new segment is not for the user's data");
        assertTrue(rig.chunks.canPlaceOwn(1));
        assertTrue(rig.chunks.canPlace(LogStream.RELOCATION, 1, 0), "the cleaner goes on");
    }

    @Test
    void shouldLeaveAMergeItsSegmentsWhenTheCleanerRuns() {
        final EngineConfig config = LogRig.tiny();
        config.chunkDataBlocks = 14;
        config.chunkBuffers = 40;
        final LogRig rig = new LogRig(config, 16, 12, new SpaceReserves(1, 2, 5, 6));
        rig.state.hints.mergeUnderWay = true;
        int lba = 0;
        while (rig.chunks.canPlace(LogStream.RELOCATION, 1, 0)) {
            rig.place(LogStream.RELOCATION, lba++);
        }
        assertEquals(5, rig.allocator.free());
        assertTrue(rig.allocator.grantObjectSegment(false) >= 0, "a merge that has begun can end");
        rig.state.hints.mergeUnderWay = false;
        assertTrue(rig.chunks.canPlace(LogStream.RELOCATION, 1, 0), "without a merge the cleaner may use its share");
    }
}
