package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class SegmentAllocatorTest {
    private static final SpaceReserves RESERVES = new SpaceReserves(2, 4, 4, 6);
    private final SegmentTable table = new SegmentTable(12);

    private SegmentAllocator allocator(final BitSet lately) {
        return new SegmentAllocator(table, RESERVES, 1, 100, 1, lately, false);
    }

    /** A closed segment with one live record, written up to the given sequence. */
    private int written(final long generation, final long lastSequence) {
        final int segment = table.nextFree();
        table.announce(segment, generation, 1, SegmentPurpose.USER);
        table.open(segment);
        table.advance(segment, 9, lastSequence);
        table.close(segment);
        table.addMemRefs(segment, 1);
        return segment;
    }

    private void die(final SegmentAllocator allocator, final int segment) {
        table.addMemRefs(segment, -1);
        allocator.closed(segment);
    }

    private boolean freed(final SegmentAllocator allocator, final int segment) {
        allocator.step();
        return table.state(segment) == SegmentState.FREE;
    }

    @Test
    void shouldFreeOnlyWhenBothSlotsNameALaterSnapshot() {
        final SegmentAllocator allocator = allocator(new BitSet());
        final int segment = written(7, 20);
        die(allocator, segment);
        assertEquals(SegmentState.EMPTY, table.state(segment));
        assertFalse(freed(allocator, segment));
        final long first = allocator.snapshotTaken();
        allocator.published(0, first, 50);
        assertFalse(freed(allocator, segment), "the other slot may still be used");
        final long second = allocator.snapshotTaken();
        allocator.published(1, second, 60);
        assertTrue(freed(allocator, segment));
        assertEquals(0, allocator.limbo());
    }

    @Test
    void shouldNotCountASnapshotTakenBeforeTheSegmentBecameEmpty() {
        final SegmentAllocator allocator = allocator(new BitSet());
        final int segment = written(7, 20);
        final long early = allocator.snapshotTaken();
        die(allocator, segment);
        allocator.published(0, early, 50);
        final long later = allocator.snapshotTaken();
        allocator.published(1, later, 60);
        assertFalse(freed(allocator, segment));
        allocator.published(0, allocator.snapshotTaken(), 70);
        assertTrue(freed(allocator, segment));
    }

    @Test
    void shouldWaitForReplayToStartBehindTheLastChunk() {
        final SegmentAllocator allocator = allocator(new BitSet());
        final int segment = written(7, 55);
        die(allocator, segment);
        allocator.published(0, allocator.snapshotTaken(), 55);
        allocator.published(1, allocator.snapshotTaken(), 60);
        assertFalse(freed(allocator, segment), "slot A still replays chunk 55");
        allocator.published(0, allocator.snapshotTaken(), 56);
        assertTrue(freed(allocator, segment));
    }

    @Test
    void shouldWaitForReadsIssuedBefore() {
        final SegmentAllocator allocator = allocator(new BitSet());
        final int segment = written(7, 20);
        allocator.reads(6, 4);
        die(allocator, segment);
        allocator.published(0, allocator.snapshotTaken(), 50);
        allocator.published(1, allocator.snapshotTaken(), 60);
        assertFalse(freed(allocator, segment), "reads 4 and 5 may still name it");
        allocator.reads(9, 5);
        assertFalse(freed(allocator, segment));
        allocator.reads(9, 6);
        assertTrue(freed(allocator, segment));
    }

    @Test
    void shouldKeepWhatWasWrittenLatelyForTwoCheckpointsAndTheRestNot() {
        final int old = written(7, 0);
        final int late = written(8, 0);
        table.addMemRefs(old, -1);
        table.addMemRefs(late, -1);
        final BitSet lately = new BitSet();
        lately.set(late);
        final SegmentAllocator allocator = allocator(lately);
        assertTrue(freed(allocator, old), "both slots name the checkpoint that it is empty in");
        assertFalse(freed(allocator, late));
        allocator.published(0, allocator.snapshotTaken(), 50);
        assertFalse(freed(allocator, late));
        allocator.published(1, allocator.snapshotTaken(), 50);
        assertTrue(freed(allocator, late));
    }

    @Test
    void shouldFreeQuarantinedSegmentsAfterTheSecondCheckpoint() {
        table.quarantine(3);
        final SegmentAllocator allocator = allocator(new BitSet());
        assertEquals(1, allocator.quarantined());
        allocator.published(0, allocator.snapshotTaken(), 5);
        assertEquals(SegmentState.QUARANTINED, table.state(3));
        allocator.published(1, allocator.snapshotTaken(), 6);
        assertEquals(SegmentState.FREE, table.state(3));
        assertEquals(0, allocator.quarantined());
    }

    @Test
    void shouldGiveRisingGenerationsAndLeaveTheReserves() {
        final SegmentAllocator allocator = allocator(new BitSet());
        long last = 99;
        int objects = 0;
        for (int segment = allocator.grantObjectSegment(false); segment >= 0;
            segment = allocator.grantObjectSegment(false)) {
            assertTrue(table.generation(segment) > last);
            last = table.generation(segment);
            objects++;
        }
        assertEquals(8, objects);
        assertEquals(RESERVES.checkpoint(), allocator.free());
        while (allocator.grantObjectSegment(true) >= 0) {
            objects++;
        }
        assertEquals(RESERVES.recovery(), allocator.free());
        final LogStream stream = new LogStream(0);
        assertFalse(allocator.announceSuccessor(stream));
        assertEquals(-1, stream.successor);
    }

    @Test
    void shouldLetTheFirstCheckpointsUseTheRecoveryReserveThatTheOpenLeftInLimbo() {
        table.quarantine(0);
        table.quarantine(1);
        final SegmentAllocator allocator = allocator(new BitSet());
        while (allocator.grantObjectSegment(true) >= 0) {
            assertTrue(allocator.free() >= 0);
        }
        assertEquals(0, allocator.free(), "two quarantined segments stand for the reserve of two");
        allocator.published(0, allocator.snapshotTaken(), 5);
        allocator.published(1, allocator.snapshotTaken(), 6);
        assertEquals(2, allocator.free());
        assertEquals(-1, allocator.grantObjectSegment(true), "from now on the reserve is real");
    }

    @Test
    void shouldNotTakeWhatWasEmptiedAfterTheLastSnapshotForTheRecoveryReserve() {
        final SegmentAllocator allocator = allocator(new BitSet());
        for (int i = 0; i < 2; i++) {
            final int segment = allocator.grantObjectSegment(true);
            table.addTableRefs(segment, 1);
            allocator.objectSegmentFinished(segment, 3);
            table.addTableRefs(segment, -1);
            allocator.closed(segment);
        }
        assertEquals(2, allocator.limbo());
        while (allocator.grantObjectSegment(true) >= 0) {
            assertTrue(allocator.free() >= 0);
        }
        assertEquals(2, allocator.free(), "a crash now would find those two in use");
    }

    @Test
    void shouldOfferAMarginForTheLargestRequest() {
        final SegmentAllocator allocator = allocator(new BitSet());
        final int before = allocator.margin();
        allocator.requestSegments(before + 3);
        assertEquals(before + 3, allocator.margin());
        assertEquals(before + 3, allocator.requestSegments());
    }

    @Test
    void shouldEmptyAnObjectSegmentWhoseBlocksAllDied() {
        final SegmentAllocator allocator = allocator(new BitSet());
        final int segment = allocator.grantObjectSegment(false);
        table.addTableRefs(segment, 3);
        allocator.objectSegmentFinished(segment, 9);
        assertEquals(SegmentState.CLOSED, table.state(segment));
        table.addTableRefs(segment, -3);
        allocator.closed(segment);
        assertEquals(SegmentState.EMPTY, table.state(segment));
    }
}
