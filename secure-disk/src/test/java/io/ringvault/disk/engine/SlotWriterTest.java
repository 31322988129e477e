package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlotWriterTest {
    private final ObjectRig rig = new ObjectRig(16);
    private final SlotWriter slots = rig.slots;

    private void write(final long serial) {
        slots.start(rig.superblock(serial));
        assertTrue(slots.busy());
        rig.until(() -> !slots.busy() || slots.failure() != null);
    }

    @Test
    void shouldWriteEachSerialToItsOwnSlotDurably() {
        final List<SimulatedDevice.Operation> operations = new ArrayList<>();
        rig.device.observe(new SimulatedDevice.Observer() {
            @Override
            public void beforeOperation(final SimulatedDevice of, final SimulatedDevice.Operation operation) {
                operations.add(operation);
            }
        });
        for (long serial = 2; serial < 8; serial++) {
            write(serial);
            assertNull(slots.failure());
            assertEquals(serial, rig.slot((int) (serial & 1)).serial());
            final SimulatedDevice.Operation last = operations.getLast();
            assertTrue(last.kind() == SimulatedDevice.Kind.WRITE && last.fua(), last.toString());
        }
        assertEquals(6, rig.slot(0).serial());
    }

    @Test
    void shouldWriteNothingWhenSomebodyElseHasWrittenTheSlot() {
        write(2);
        final byte[] foreign = LogRig.filled(4096, 1);
        rig.device.edit(rig.geometry.slotBlock(0) * 4096, foreign);
        write(4);
        assertTrue(slots.failure().contains("slot A") && slots.failure().contains("another writer"), slots.failure());
        assertTrue(Arrays.equals(foreign, rig.device.content(rig.geometry.slotBlock(0) * 4096, 4096)));
    }

    @Test
    void shouldSendTheIdenticalSlotAgainWhenTheDeviceFailsForAMoment() {
        rig.device.inject(ObjectRig.fault(SimulatedDevice.Kind.READ, true));
        rig.device.inject(ObjectRig.fault(SimulatedDevice.Kind.WRITE, true));
        write(3);
        assertNull(slots.failure());
        assertEquals(3, rig.slot(1).serial());
        write(5);
        assertNull(slots.failure());
    }

    @Test
    void shouldFailForGoodAndStayBusyWhenTheSlotCannotBeWritten() {
        rig.device.inject(ObjectRig.fault(SimulatedDevice.Kind.WRITE, false));
        slots.start(rig.superblock(3));
        rig.until(() -> slots.failure() != null);
        assertTrue(slots.busy());
        assertTrue(slots.failure().startsWith("writing superblock slot B"), slots.failure());
        assertFalse(slots.step() > 0);
        assertNull(rig.slot(1));
    }
}
