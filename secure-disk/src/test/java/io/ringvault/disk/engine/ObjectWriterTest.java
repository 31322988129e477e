package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.log.ObjectKind;
import org.junit.jupiter.api.Test;

class ObjectWriterTest {
    private static final int SEGMENT_BLOCKS = 16;
    private final ObjectRig rig = new ObjectRig(16);
    private final ObjectWriter writer = rig.writer;

    @Test
    void shouldWriteEveryBlockOnceAtItsPlaceAcrossSegments() {
        assertTrue(writer.grant(4, 10));
        final long[][] places = new long[40][];
        int granted = 4;
        for (int i = 0; i < places.length; i++) {
            while (writer.available() == 0) {
                if (writer.takeFinishedSegment() >= 0) {
                    assertEquals(SEGMENT_BLOCKS, writer.finishedEndSlot());
                }
                if (writer.wantsSegment(true)) {
                    granted++;
                    assertTrue(writer.grant(granted, granted + 6));
                }
                rig.step();
            }
            writer.append(ObjectKind.TABLE_RECORDS, 3, i, rig.plain(i));
            places[i] = new long[] {writer.lastSegment(), writer.lastSlot(), writer.lastGeneration()};
        }
        final long barrier = writer.barrier();
        rig.until(() -> writer.reached(barrier));
        for (int i = 0; i < places.length; i++) {
            assertArrayEquals(rig.plain(i), rig.open(ObjectKind.TABLE_RECORDS, 3, i, (int) places[i][0],
                (int) places[i][1], places[i][2]), "block " + i);
        }
    }

    @Test
    void shouldReachABarrierOnlyAfterAFlushThatFollowedTheLastWrite() {
        writer.grant(4, 10);
        writer.available();
        writer.append(ObjectKind.TABLE_HEAD, 1, 0, rig.plain(1));
        final long barrier = writer.barrier();
        assertFalse(writer.reached(barrier));
        rig.until(() -> writer.reached(barrier));
        final byte[] durable = rig.device.durableContent(rig.geometry.blockOf(4, 1) * 4096, 4096);
        assertArrayEquals(rig.device.content(rig.geometry.blockOf(4, 1) * 4096, 4096), durable);
        assertTrue(rig.device.operations(SimulatedDevice.Kind.FLUSH) == 1);
    }

    /** Asked for at leisure, then urgently: both may be answered, and the second segment must not be forgotten. */
    @Test
    void shouldRefuseASecondSegmentWhileItHoldsOne() {
        writer.available();
        assertTrue(writer.wantsSegment(false));
        assertFalse(writer.wantsSegment(false));
        assertTrue(writer.wantsSegment(true));
        assertTrue(writer.grant(4, 10));
        assertFalse(writer.grant(5, 11));
        writer.available();
        writer.append(ObjectKind.TABLE_HEAD, 1, 0, rig.plain(1));
        assertEquals(4, writer.lastSegment());
    }

    @Test
    void shouldOfferNoRoomWhenNoSegmentWasGrantedOrStagingIsFull() {
        assertEquals(0, writer.available());
        assertThrows(IllegalStateException.class, () -> writer.append(ObjectKind.TABLE_HEAD, 1, 0, rig.plain(1)));
        writer.grant(4, 10);
        int appended = 0;
        while (writer.available() > 0) {
            writer.append(ObjectKind.TABLE_RECORDS, 1, appended, rig.plain(appended));
            appended++;
        }
        assertTrue(appended > 0 && appended < 16, appended + " blocks in a staging of 16");
        rig.until(() -> writer.available() > 0);
    }

    @Test
    void shouldSendTheIdenticalBytesAgainWhenAWriteFailsForAMoment() {
        rig.device.inject(ObjectRig.fault(SimulatedDevice.Kind.WRITE, true));
        writer.grant(4, 10);
        writer.available();
        writer.append(ObjectKind.TABLE_RECORDS, 1, 0, rig.plain(7));
        final long barrier = writer.barrier();
        rig.until(() -> writer.reached(barrier));
        assertNull(writer.failure());
        assertArrayEquals(rig.plain(7), rig.open(ObjectKind.TABLE_RECORDS, 1, 0, 4, 1, 10));
    }

    @Test
    void shouldFailForGoodAndNeverReachTheBarrierWhenAWriteOrFlushFails() {
        for (final SimulatedDevice.Kind kind : new SimulatedDevice.Kind[] {SimulatedDevice.Kind.WRITE,
            SimulatedDevice.Kind.FLUSH}) {
            final ObjectRig broken = new ObjectRig(16);
            broken.device.inject(ObjectRig.fault(kind, false));
            broken.writer.grant(4, 10);
            broken.writer.available();
            broken.writer.append(ObjectKind.TABLE_RECORDS, 1, 0, broken.plain(7));
            final long barrier = broken.writer.barrier();
            broken.until(() -> broken.writer.failure() != null);
            for (int i = 0; i < 100; i++) {
                broken.step();
            }
            assertFalse(broken.writer.reached(barrier), kind.name());
            assertNotNull(broken.writer.failure());
            assertEquals(0, broken.writer.available());
        }
    }
}
