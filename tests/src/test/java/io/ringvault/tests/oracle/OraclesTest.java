package io.ringvault.tests.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockQueue;
import io.ringvault.block.DmaBuffer;
import io.ringvault.log.SegmentState;
import io.ringvault.tests.harness.SimRig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each oracle finds what it is for. */
class OraclesTest {
    private final VolumeView view = new VolumeView(4, 5);

    @BeforeEach
    void soundVolume() {
        segment(0, SegmentState.CLOSED, 7, 9, 3);
        segment(1, SegmentState.CLOSED, 8, 4, 1);
        segment(2, SegmentState.OPEN, 9, 0, 0);
        segment(3, SegmentState.CLOSED, 10, 4, 0);
        place(0, 7, 1);
        place(1, 7, 2);
        view.tableBlocks.add(new long[] {7, 3});
        view.checkpointBlocks.put(8L, 1);
    }

    @Test
    void shouldPassASoundVolumeAndCountWhatIsThere() {
        assertEquals(3, PlaceOracle.check(view));
        assertEquals(1, SpaceOracle.check(view));
    }

    @Test
    void shouldReportAPlaceThatTwoBlocksName() {
        place(2, 7, 2);
        assertTrue(placeViolation().contains("belongs to block 1 and to block 2"));
    }

    @Test
    void shouldReportAPlaceThatABlockAndATableName() {
        place(3, 7, 3);
        assertTrue(placeViolation().contains("table block 0"));
    }

    @Test
    void shouldReportAPlaceBehindTheEndOrInNoSegment() {
        place(3, 8, 4);
        assertTrue(placeViolation().contains("which ends at 4"));
        place(3, 77, 1);
        assertTrue(placeViolation().contains("no segment holds"));
    }

    @Test
    void shouldReportLiveBlocksWhereTheyMayBeOverwritten() {
        for (final int state : new int[] {SegmentState.FREE, SegmentState.QUARANTINED, SegmentState.EMPTY}) {
            view.state[0] = state;
            assertTrue(spaceViolation().contains("live blocks"));
        }
    }

    @Test
    void shouldReportACountBelowTheTruth() {
        view.references[0] = 2;
        assertTrue(spaceViolation().contains("too early"));
    }

    @Test
    void shouldReportAnUnknownGeneration() {
        view.checkpointBlocks.put(99L, 1);
        assertTrue(spaceViolation().contains("no segment holds it"));
    }

    @Test
    void shouldReportMetadataThatDiffer() {
        final VolumeView other = new VolumeView(4, 5);
        assertTrue(assertThrows(AssertionError.class, () -> MetadataOracle.compare(view, other)).getMessage()
            .contains("block 0"));
        assertTrue(view.difference(other).contains("block 0"));
        other.generation[0] = 7;
        other.slot[0] = 1;
        other.generation[1] = 7;
        other.slot[1] = 2;
        assertTrue(view.difference(other).contains("segment 0"));
        other.tag1[1] = 5;
        assertTrue(view.mappingDifference(other).contains("block 1"));
    }

    @Test
    void shouldReportASecretOnTheDeviceAndInItsMemory() {
        final byte[] key = new byte[32];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (i * 37 + 11);
        }
        final SecretOracle oracle = new SecretOracle();
        oracle.add(key);
        final SimRig rig = SimRig.create(1 << 20, 1);
        oracle.watch(rig);
        final var device = rig.open();
        final DmaBuffer buffer = device.allocate(4096);
        final BlockQueue queue = device.openQueue(4);
        buffer.copyIn(key, 5, 100, 7);
        write(queue, buffer);
        oracle.searchMemory(rig.device());
        oracle.check();
        buffer.copyIn(key, 5, 101, 8);
        oracle.searchMemory(rig.device());
        assertTrue(assertThrows(AssertionError.class, oracle::check).getMessage().contains("byte 101 of memory"));
        final SecretOracle second = new SecretOracle();
        second.add(key);
        second.watch(rig);
        write(queue, buffer);
        assertTrue(assertThrows(AssertionError.class, second::check).getMessage().contains("WRITE"));
    }

    private static void write(final BlockQueue queue, final DmaBuffer buffer) {
        queue.write(1, 8192, 4096, buffer, 0, false);
        queue.submit();
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> { }, 4);
        }
    }

    private String placeViolation() {
        return assertThrows(AssertionError.class, () -> PlaceOracle.check(view)).getMessage();
    }

    private String spaceViolation() {
        return assertThrows(AssertionError.class, () -> SpaceOracle.check(view)).getMessage();
    }

    private void place(final int lba, final long generation, final int slot) {
        view.generation[lba] = generation;
        view.slot[lba] = slot;
    }

    private void segment(final int segment, final int state, final long generation, final int end,
        final long references) {
        view.state[segment] = state;
        view.holds[segment] = generation;
        view.endSlot[segment] = end;
        view.references[segment] = references;
    }
}
