package io.ringvault.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.poller.VirtualClock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SecureDiskTest {
    private static final byte[] KEY = TestDisk.KEY;
    private static final int BLOCKS = 256;
    private final VirtualClock clock = new VirtualClock();

    private static SimulatedDevice device() {
        return new SimulatedDevice(SimulatedDevice.Settings.of(8 << 20), 7);
    }

    private SimulatedDevice formatted() {
        final SimulatedDevice device = device();
        Volumes.format(new FormatContext().blockDevice(device).key(KEY).sizeBytes(BLOCKS * 4096L).segmentBlocks(16)
            .configure(TestDisk::tiny));
        return device;
    }

    private SecureDisk open(final SimulatedDevice device) {
        return SecureDisk.open(new SecureDiskContext().blockDevice(device).key(KEY).threadingMode(ThreadingMode.INVOKER)
            .clock(clock).configure(TestDisk::tiny));
    }

    @Test
    void shouldReadBackWhatWasWrittenAlsoAfterReopening() {
        final SimulatedDevice device = formatted();
        final Random random = new Random(1);
        final byte[] model = new byte[BLOCKS * 4096];
        for (int session = 0; session < 6; session++) {
            final SecureDisk disk = open(device);
            check(disk, model);
            for (int i = 0; i < 400; i++) {
                final int length = 1 + random.nextInt(random.nextBoolean() ? 4096 * 5 : 700);
                final int offset = random.nextInt(model.length - length);
                switch (random.nextInt(12)) {
                    case 0 -> {
                        disk.writeZeroes(offset, length);
                        Arrays.fill(model, offset, offset + length, (byte) 0);
                    }
                    case 1 -> {
                        final int first = (offset + 4095) / 4096;
                        final int end = (offset + length) / 4096;
                        disk.trim(offset, length);
                        if (first < end) {
                            Arrays.fill(model, first * 4096, end * 4096, (byte) 0);
                        }
                    }
                    case 2 -> disk.sync();
                    default -> {
                        final byte[] data = new byte[length];
                        random.nextBytes(data);
                        disk.write(offset, MemorySegment.ofArray(data), 0, length);
                        System.arraycopy(data, 0, model, offset, length);
                    }
                }
                if (i % 50 == 0) {
                    check(disk, model);
                }
            }
            check(disk, model);
            assertNull(disk.counters().poisonReason());
            disk.close();
        }
    }

    @Test
    void shouldKeepSyncedDataWhenTheProcessDies() {
        SimulatedDevice device = formatted();
        final byte[] model = new byte[BLOCKS * 4096];
        final Random random = new Random(2);
        for (int round = 0; round < 8; round++) {
            final SecureDisk disk = open(device);
            check(disk, model);
            for (int i = 0; i < 100; i++) {
                final byte[] data = new byte[4096 * (1 + random.nextInt(4))];
                random.nextBytes(data);
                final int offset = random.nextInt(BLOCKS - 4) * 4096;
                disk.write(offset, MemorySegment.ofArray(data), 0, data.length);
                System.arraycopy(data, 0, model, offset, data.length);
            }
            disk.sync();
            device = device.crash(io.ringvault.block.CrashPolicy.NONE, round);
            disk.abandon();
        }
        final SecureDisk disk = open(device);
        check(disk, model);
        disk.close();
        assertEquals(0, disk.counters().integrityErrors());
    }

    private static void check(final SecureDisk disk, final byte[] model) {
        final MemorySegment all = MemorySegment.ofArray(new byte[model.length]);
        disk.read(0, all, 0, model.length);
        assertArrayEquals(model, all.toArray(ValueLayout.JAVA_BYTE));
    }
}
