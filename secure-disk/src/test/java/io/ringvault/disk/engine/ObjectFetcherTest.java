package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.ObjectReader;
import org.junit.jupiter.api.Test;

/** FAILED is for good: the merge that asked makes a LOST range of the block. */
class ObjectFetcherTest {
    private final ObjectRig rig = new ObjectRig(16);
    private final byte[] target = new byte[Geometry.SEALED_BYTES];

    private int start(final int ordinal, final int slot) {
        return rig.fetcher.start(ObjectKind.TABLE_RECORDS, 3, ordinal, ObjectRig.FETCH_GENERATION, slot, target);
    }

    private int fetch(final int ordinal, final int slot) {
        final int ticket = start(ordinal, slot);
        rig.until(rig.fetcher::idle);
        return rig.fetcher.state(ticket);
    }

    @Test
    void shouldGiveTheBlockOfThatPlaceAndName() {
        rig.put(ObjectKind.TABLE_RECORDS, 3, 2, 5, rig.plain(8));
        assertEquals(ObjectReader.READY, fetch(2, 5));
        assertArrayEquals(rig.plain(8), target);
        assertEquals(ObjectReader.FAILED, fetch(1, 5));
        assertArrayEquals(new byte[Geometry.SEALED_BYTES], target);
    }

    @Test
    void shouldFailWithoutReadingWhenNoSegmentHasTheGeneration() {
        final int ticket = rig.fetcher.start(ObjectKind.TABLE_RECORDS, 3, 0, 77, 5, target);
        assertEquals(ObjectReader.FAILED, rig.fetcher.state(ticket));
        assertEquals(0, rig.device.operations(SimulatedDevice.Kind.READ));
    }

    @Test
    void shouldReadAgainWhenTheDeviceFailsForAMoment() {
        rig.put(ObjectKind.TABLE_RECORDS, 3, 0, 5, rig.plain(8));
        rig.device.inject(ObjectRig.fault(SimulatedDevice.Kind.READ, true));
        assertEquals(ObjectReader.READY, fetch(0, 5));
    }

    @Test
    void shouldReadAgainWhenTheBlockDoesNotVerifyOnce() {
        rig.put(ObjectKind.TABLE_RECORDS, 3, 0, 5, rig.plain(8));
        rig.device.filterReads((nth, offset, data) -> data[40] ^= (byte) (nth == 1 ? 4 : 0));
        assertEquals(ObjectReader.READY, fetch(0, 5));
        assertArrayEquals(rig.plain(8), target);
        assertEquals(0, rig.counters.integrityErrors);
    }

    @Test
    void shouldFailWhenTheBlockIsDamagedOrTheMediumCannotReadIt() {
        rig.put(ObjectKind.TABLE_RECORDS, 3, 0, 5, rig.plain(8));
        rig.device.flipBit(rig.geometry.blockOf(ObjectRig.FETCH_SEGMENT, 5) * 4096 + 9, 1);
        assertEquals(ObjectReader.FAILED, fetch(0, 5));
        assertEquals(1, rig.counters.integrityErrors);
        rig.put(ObjectKind.TABLE_RECORDS, 3, 0, 6, rig.plain(8));
        rig.device.inject(ObjectRig.fault(SimulatedDevice.Kind.READ, false));
        assertEquals(ObjectReader.FAILED, fetch(0, 6));
        assertNull(rig.fetcher.failure());
    }

    /** Otherwise a merge that outlives the controller for a moment would seal the loss of all it could not read. */
    @Test
    void shouldNeverSayFailedWhenTheControllerIsGone() {
        rig.put(ObjectKind.TABLE_RECORDS, 3, 0, 5, rig.plain(8));
        rig.device.inject(DeviceFault.fail(SimulatedDevice.Kind.READ, 1,
            BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_GONE, false)));
        final int ticket = start(0, 5);
        rig.until(() -> rig.fetcher.failure() != null);
        assertNotNull(rig.fetcher.failure());
        assertEquals(ObjectReader.PENDING, rig.fetcher.state(ticket));
    }
}
