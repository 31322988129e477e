package io.ringvault.log;

import static io.ringvault.log.TestVolume.RELOCATION;
import static io.ringvault.log.TestVolume.USER;
import static io.ringvault.log.TestVolume.lbas;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SegmentReplayTest {
    private final TestVolume volume = TestVolume.formatted(40, 5);

    @Test
    void shouldCloseWhatHoldsChunksAndQuarantineWhatTheDeadSessionOnlyNamed() {
        for (int i = 0; i < 12; i++) {
            volume.chunk(i % 2, true, volume.sequence, lbas(i, 6));
            if (i == 5) {
                volume.checkpoint(4);
                volume.writeSlot();
            }
        }
        final int committed = volume.chunks.size();
        for (int i = 0; i < 5; i++) {
            volume.chunk(USER, false, volume.sequence, lbas(i, 9));
        }
        final RecoveredLog log = volume.recover();
        SegmentReplay.apply(log, volume.geometry);
        final SegmentTable table = log.checkpoint().table();
        final Set<Long> live = new HashSet<>();
        for (int i = 0; i < committed; i++) {
            final Place place = volume.chunks.get(i).place();
            live.add(place.generation());
            assertEquals(SegmentState.CLOSED, table.state(place.segment()));
            assertEquals(place.segment(), table.segmentOf(place.generation()));
            assertTrue(table.endSlot(place.segment()) > place.slot() + volume.chunks.get(i).dataBlocks());
        }
        for (final Place place : log.announced()) {
            final int expected = live.contains(place.generation()) ? SegmentState.CLOSED : SegmentState.QUARANTINED;
            assertEquals(expected, table.state(place.segment()), place.toString());
        }
        for (final Place place : volume.places()) {
            assertTrue(table.state(place.segment()) != SegmentState.FREE, place + " may still get late writes");
        }
        assertEquals(0, table.count(SegmentState.OPEN) + table.count(SegmentState.ANNOUNCED));
        assertTrue(table.count(SegmentState.QUARANTINED) >= 4);
    }

    @Test
    void shouldReplaceALifeThatWasFreedAfterTheSnapshot() {
        volume.table.announce(30, volume.nextGeneration++, 1, USER);
        volume.table.announce(31, volume.nextGeneration++, 1, USER);
        for (final int segment : new int[] {30, 31}) {
            volume.table.close(segment);
            volume.table.addTableRefs(segment, 3);
        }
        volume.checkpoint(1);
        volume.writeSlot();
        final long objects = volume.nextGeneration++;
        volume.table.empty(30, 0, 0);
        volume.table.free(30);
        volume.table.announce(30, objects, 1, SegmentPurpose.OBJECT);
        final SummaryBuilder builder = new SummaryBuilder();
        builder.begin(RELOCATION);
        builder.addSegmentOpen(30, objects, SegmentPurpose.OBJECT);
        volume.chunk(RELOCATION, true, 0, lbas(1, 1), builder);
        final SummaryBuilder dropped = new SummaryBuilder();
        dropped.begin(RELOCATION);
        dropped.addSegmentOpen(31, volume.nextGeneration++, SegmentPurpose.OBJECT);
        volume.chunk(RELOCATION, false, 1, lbas(1, 1), dropped);
        final RecoveredLog log = volume.recover();
        SegmentReplay.apply(log, volume.geometry);
        final SegmentTable table = log.checkpoint().table();
        assertEquals(30, table.segmentOf(objects));
        assertEquals(SegmentState.CLOSED, table.state(30));
        assertEquals(SegmentPurpose.OBJECT, table.purpose(30));
        assertEquals(0, table.tableRefs(30));
        assertEquals(SegmentState.QUARANTINED, table.state(31), "named by a chunk that did not survive");
        assertEquals(volume.nextGeneration, log.nextGeneration());
    }

    @Test
    void shouldRefuseAChainThatContradictsTheCheckpoint() {
        final int segment = volume.places().getFirst().segment();
        final SummaryBuilder builder = new SummaryBuilder();
        builder.begin(RELOCATION);
        builder.addSegmentOpen(segment, volume.nextGeneration++, SegmentPurpose.OBJECT);
        volume.chunk(RELOCATION, true, 0, lbas(1, 1), builder);
        final RecoveredLog log = volume.recover();
        final StorageException thrown =
            assertThrows(StorageException.class, () -> SegmentReplay.apply(log, volume.geometry));
        assertEquals(StorageException.Category.INTEGRITY, thrown.category());
    }
}
