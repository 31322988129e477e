package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.TestDisk;
import io.ringvault.log.Geometry;
import io.ringvault.log.HeaderCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** When checkpoints are made and in what order they reach the device, on a whole disk of tiny capacities. */
class CheckpointStageTest {
    private static final int BLOCKS = 256;
    private static final int BLOCK = 4096;
    private final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
    private final Geometry geometry = HeaderCodec.decode(device.content(0, BLOCK)).geometry();
    private final List<SimulatedDevice.Operation> operations = new ArrayList<>();
    private TestDisk disk = TestDisk.open(device);

    private void write(final int count, final Random random) {
        for (int i = 0; i < count; i++) {
            assertEquals(0, disk.await(disk.write((long) random.nextInt(BLOCKS) * BLOCK, TestDisk.filled(BLOCK, 3))));
            if (i % 4 == 3) {
                assertEquals(0, disk.await(disk.sync()));
            }
        }
        assertEquals(0, disk.await(disk.sync()));
    }

    private int slotOf(final SimulatedDevice.Operation operation) {
        final long block = operation.offsetBytes() / BLOCK;
        return operation.kind() != SimulatedDevice.Kind.WRITE ? -1 : block == geometry.slotBlock(0) ? 0
            : block == geometry.slotBlock(1) ? 1 : -1;
    }

    /** In the order in which the device finished them. */
    private void observe() {
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void afterCompletion(final SimulatedDevice on, final SimulatedDevice.Operation operation,
                final int status) {
                operations.add(operation);
            }
        });
    }

    @Test
    void shouldWriteTheSlotsInTurnWithFuaAndOnlyBehindAFlush() {
        observe();
        write(600, new Random(1));
        int before = -1;
        int slots = 0;
        boolean flushed = false;
        for (final SimulatedDevice.Operation operation : operations) {
            final int slot = slotOf(operation);
            if (operation.kind() == SimulatedDevice.Kind.FLUSH) {
                flushed = true;
            }
            if (slot >= 0) {
                assertTrue(operation.fua(), "a slot without FUA");
                assertTrue(flushed, "no flush since the slot before: what it names may be volatile");
                assertTrue(slot != before, "slot " + slot + " twice in a row");
                before = slot;
                flushed = false;
                slots++;
            }
        }
        assertTrue(slots >= 3, "checkpoints: " + slots);
        assertEquals(slots, disk.disk.counters().checkpoints());
        disk.disk.close();
    }

    @Test
    void shouldBoundWhatMustBeReplayedAndLeaveAnIdleVolumeAlone() {
        final Random random = new Random(2);
        write(900, random);
        // Each sync ends a chunk, and a checkpoint is due after 24 of them; it takes a few more until it is made.
        final long checkpoints = disk.disk.counters().checkpoints();
        assertTrue(checkpoints >= 900 / 4 / (2 * 24), "checkpoints: " + checkpoints);
        disk.steps(2000);
        final long settled = disk.disk.counters().checkpoints();
        final long written = disk.disk.counters().deviceBytesWritten();
        disk.steps(5000);
        assertEquals(settled, disk.disk.counters().checkpoints(), "an idle volume makes no checkpoints");
        assertEquals(written, disk.disk.counters().deviceBytesWritten(), "nor does it write anything");
        disk.disk.close();
    }

    /** Whatever slot write is the last that a crash leaves, the volume opens with what was synced. */
    @Test
    void shouldOpenFromEitherSlotWhenTheNewestWriteOfOneIsTorn() {
        final Random random = new Random(3);
        final List<SimulatedDevice> images = new ArrayList<>();
        for (int i = 0; i < BLOCKS; i++) {
            assertEquals(0, disk.await(disk.write((long) i * BLOCK, TestDisk.filled(BLOCK, 3))));
        }
        assertEquals(0, disk.await(disk.sync()));
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void afterSubmission(final SimulatedDevice on, final SimulatedDevice.Operation operation) {
                if (slotOf(operation) >= 0 && images.size() < 12) {
                    images.add(on.crash(images.size() % 2 == 0 ? CrashPolicy.RANDOM_TORN : CrashPolicy.NONE,
                        images.size()));
                }
            }
        });
        write(700, random);
        assertTrue(images.size() > 5, "slot writes: " + images.size());
        disk.disk.abandon();
        for (final SimulatedDevice image : images) {
            disk = TestDisk.open(image);
            for (int lba = 0; lba < BLOCKS; lba += 7) {
                assertEquals(3, disk.bytes((long) lba * BLOCK, BLOCK)[11]);
            }
            assertNull(disk.disk.counters().poisonReason());
            disk.disk.abandon();
        }
    }
}
