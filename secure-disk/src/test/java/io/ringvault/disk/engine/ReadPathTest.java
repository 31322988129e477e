package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.TestDisk;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReadPathTest {
    private static final int BLOCKS = 256;
    private final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);

    @Test
    void shouldReadHolesAndTrimsAsZeros() {
        final TestDisk disk = TestDisk.open(device);
        disk.await(disk.write(0, TestDisk.filled(8 * 4096, 1)));
        disk.await(disk.trim(2 * 4096, 4096));
        disk.await(disk.trim(100 * 4096, 100 * 4096));
        final byte[] got = new byte[10 * 4096];
        Arrays.fill(got, (byte) 77);
        assertEquals(OpStatus.OK, disk.await(disk.read(0, MemorySegment.ofArray(got))));
        for (int i = 0; i < got.length; i++) {
            assertEquals(i / 4096 == 2 || i / 4096 >= 8 ? 0 : 1, got[i], "byte " + i);
        }
        disk.disk.close();
        final TestDisk again = TestDisk.open(device);
        assertArrayEquals(got, again.bytes(0, got.length));
        again.disk.close();
    }

    @Test
    void shouldServeManyReadsWithOneCachedBlockAndTwoBuffers() {
        final TestDisk disk = TestDisk.open(device);
        for (int lba = 0; lba < BLOCKS; lba++) {
            disk.await(disk.write(lba * 4096L, TestDisk.filled(4096, lba % 100 + 1)));
        }
        disk.await(disk.sync());
        final Random random = new Random(3);
        for (int round = 0; round < 10; round++) {
            final List<Long> tokens = new ArrayList<>();
            final List<byte[]> targets = new ArrayList<>();
            final List<Integer> first = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                final byte[] target = new byte[(1 + random.nextInt(12)) * 4096];
                first.add(random.nextInt(BLOCKS - 12));
                targets.add(target);
                tokens.add(disk.read(first.get(i) * 4096L, MemorySegment.ofArray(target)));
            }
            for (int i = 0; i < 40; i++) {
                assertEquals(OpStatus.OK, disk.await(tokens.get(i)));
                for (int b = 0; b < targets.get(i).length; b += 4096) {
                    assertEquals((first.get(i) + b / 4096) % 100 + 1, targets.get(i)[b]);
                }
            }
        }
        assertEquals(0, disk.disk.counters().integrityErrors());
        disk.disk.close();
    }

    @Test
    void shouldDeliverNoByteOfADamagedBlock() {
        final TestDisk writer = TestDisk.open(device);
        writer.await(writer.write(0, TestDisk.filled(4096, 42)));
        writer.disk.close();
        final TestDisk disk = TestDisk.open(device);
        device.filterReads((nth, offset, data) -> {
            for (int i = 0; i < data.length; i += 512) {
                data[i] ^= 1;
            }
        });
        final byte[] target = new byte[4096];
        Arrays.fill(target, (byte) 77);
        assertEquals(OpStatus.INTEGRITY, disk.await(disk.read(0, MemorySegment.ofArray(target))));
        for (final byte each : target) {
            assertEquals(77, each);
        }
        assertTrue(disk.disk.counters().integrityErrors() > 0);
        assertNull(disk.disk.counters().poisonReason(), "a bad block does not end the volume");
        device.filterReads((nth, offset, data) -> { });
        assertEquals(42, disk.bytes(0, 4096)[17]);
        disk.disk.close();
    }

    @Test
    void shouldReportADeviceErrorAsOne() {
        final TestDisk disk = TestDisk.open(device);
        disk.await(disk.write(0, TestDisk.filled(4096, 42)));
        disk.await(disk.sync());
        device.inject(DeviceFault.fail(SimulatedDevice.Kind.READ, 1));
        assertEquals(OpStatus.IO_ERROR, disk.await(disk.read(0, TestDisk.filled(4096, 0))));
        assertEquals(42, disk.bytes(0, 4096)[0]);
        disk.disk.close();
    }

    @Test
    void shouldSayThatTheBufferIsGone() {
        final TestDisk disk = TestDisk.open(device);
        disk.await(disk.write(0, TestDisk.filled(4096, 42)));
        for (final long offset : new long[] {0, 40960}) {
            final Arena arena = Arena.ofShared();
            final long token = disk.read(offset, arena.allocate(4096));
            arena.close();
            assertEquals(OpStatus.BUFFER_GONE, disk.await(token));
        }
        disk.disk.close();
    }
}
