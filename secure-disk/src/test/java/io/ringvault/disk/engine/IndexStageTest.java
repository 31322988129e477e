package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.lsm.Found;
import io.ringvault.lsm.GenerationCounts;
import io.ringvault.lsm.IndexEdit;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Lookup;
import io.ringvault.ring.OneToOneQueue;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IndexStageTest {
    private final LogRig rig = new LogRig(LogRig.tiny(), 16, 20, new SpaceReserves(1, 1, 1, 1));
    private final OneToOneQueue<Object> toIndex = new OneToOneQueue<>(16);
    private final ReplayPoint start = rig.chunks.boundary();
    private final IndexStage index = new IndexStage(rig.state, rig.table, rig.allocator, rig.chunks, toIndex,
        IndexVersion.empty(), start);
    private final Found found = new Found();

    @AfterEach
    void close() {
        index.close();
    }

    private void place(final long... lbas) {
        rig.chunks.connect(index);
        for (final long lba : lbas) {
            rig.place(0, lba);
        }
    }

    private int references() {
        int sum = 0;
        for (int segment = 0; segment < rig.table.segmentCount(); segment++) {
            sum += rig.table.memRefs(segment);
        }
        return sum;
    }

    @Test
    void shouldCountAReferenceForEachNewestBlockOnly() {
        place(3, 4, 3);
        assertEquals(2, references(), "the block that was overwritten is referred to no more");
        assertEquals(Lookup.FOUND, index.findInMemtable(3, found));
        index.trim(3, 1);
        assertEquals(1, references());
        assertEquals(Lookup.ABSENT, index.findInMemtable(9, found));
    }

    @Test
    void shouldFreezeAtAChunkBoundaryAndOneAtATime() {
        place(3, 4);
        assertSame(start, index.replayPoint());
        assertTrue(index.freeze());
        assertEquals(start.sequence + 1, rig.chunks.boundary().sequence, "the chunk that was being filled is sealed");
        final IndexMessages.Flush message = (IndexMessages.Flush) toIndex.poll();
        assertTrue(index.hasFrozen() && message.frozen().isFrozen());
        assertSame(start, index.replayPoint(), "replay needs what the frozen memtable holds");
        assertEquals(List.of(message.frozen()), index.version().frozen());
        assertEquals(Lookup.ABSENT, index.findInMemtable(3, found));
        assertEquals(Lookup.FOUND, index.version().find(3, found, index.cache()));
        place(5);
        assertFalse(index.freeze(), "the one before is not flushed yet");
        assertNull(toIndex.poll());
    }

    @Test
    void shouldMoveTheReplayPointWhenTheFlushIsSealedAndReuseTheMemtableWhenNoReadNeedsIt() {
        place(3, 4);
        assertTrue(index.freeze());
        final ReplayPoint boundary = rig.chunks.boundary();
        final IndexMessages.Flush message = (IndexMessages.Flush) toIndex.poll();
        index.editReady(new IndexEdit(List.of(), List.of(), message.frozen(), new GenerationCounts(), 0));
        final long readBefore = rig.allocator.nextReadSerial();
        index.step(readBefore);
        assertFalse(index.hasFrozen());
        assertEquals(boundary.sequence, index.replayPoint().sequence);
        assertEquals(1, rig.state.counters.memtableFlushes);
        assertTrue(toIndex.poll() instanceof IndexMessages.EditSealed);
        place(5);
        assertFalse(index.freeze(), "a read that began before may still look into the retired memtable");
        index.step(Long.MAX_VALUE);
        assertTrue(index.freeze());
    }

    @Test
    void shouldRefuseAnEditOfAnotherMemtable() {
        place(3);
        assertTrue(index.freeze());
        try (io.ringvault.lsm.Memtable other = new io.ringvault.lsm.Memtable(8, 2, generation -> { })) {
            index.editReady(new IndexEdit(List.of(), List.of(), other, new GenerationCounts(), 0));
            assertThrows(IllegalStateException.class, () -> index.step(Long.MAX_VALUE));
        }
    }

    @Test
    void shouldOnlyMoveTheBoundaryWhenThereIsNothingToFreeze() {
        place();
        rig.place(1, 7);
        rig.chunks.sealOpen();
        assertTrue(index.freeze());
        toIndex.poll();
        index.editReady(new IndexEdit(List.of(), List.of(), index.version().frozen().getFirst(),
            new GenerationCounts(), 0));
        index.step(Long.MAX_VALUE);
        index.step(Long.MAX_VALUE);
        toIndex.poll();
        assertTrue(index.freeze());
        assertFalse(index.hasFrozen());
        assertTrue(index.flushed());
        assertNull(toIndex.poll(), "nothing to flush");
    }

    @Test
    void shouldSealNothingWhileASessionEnds() {
        place(3);
        assertTrue(index.freeze());
        final IndexMessages.Flush message = (IndexMessages.Flush) toIndex.poll();
        index.suspend(true);
        index.editReady(new IndexEdit(List.of(), List.of(), message.frozen(), new GenerationCounts(), 0));
        index.step(Long.MAX_VALUE);
        assertTrue(index.hasFrozen());
        index.suspend(false);
        index.step(Long.MAX_VALUE);
        assertFalse(index.hasFrozen());
    }
}
