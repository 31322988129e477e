package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

class WritePathTest {
    private static final int BLOCKS = 256;
    private final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);

    @Test
    void shouldMergeEightWritersOf512BytesIntoOneBlock() {
        final TestDisk disk = TestDisk.open(device);
        disk.await(disk.write(0, TestDisk.filled(8192, 99)));
        disk.await(disk.sync());
        final List<Long> tokens = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            tokens.add(disk.write(i * 512L, TestDisk.filled(512, i + 1)));
        }
        for (final long token : tokens) {
            assertEquals(OpStatus.OK, disk.await(token));
        }
        final byte[] block = disk.bytes(0, 8192);
        for (int i = 0; i < 8192; i++) {
            assertEquals(i < 4096 ? i / 512 + 1 : 99, block[i], "byte " + i);
        }
        disk.disk.close();
    }

    @Test
    void shouldKeepTheOrderOfOverlappingRequestsOfOneClient() {
        final TestDisk disk = TestDisk.open(device);
        final Random random = new Random(4);
        final byte[] model = new byte[40 * 4096];
        for (int round = 0; round < 60; round++) {
            final List<Long> tokens = new ArrayList<>();
            final List<byte[]> expected = new ArrayList<>();
            final List<byte[]> got = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                final int length = 1 + random.nextInt(9000);
                final int offset = random.nextInt(model.length - length);
                switch (random.nextInt(5)) {
                    case 0 -> {
                        final byte[] target = new byte[length];
                        got.add(target);
                        expected.add(Arrays.copyOfRange(model, offset, offset + length));
                        tokens.add(disk.read(offset, MemorySegment.ofArray(target)));
                    }
                    case 1 -> {
                        tokens.add(disk.zero(offset, length));
                        Arrays.fill(model, offset, offset + length, (byte) 0);
                    }
                    default -> {
                        final byte[] data = new byte[length];
                        random.nextBytes(data);
                        tokens.add(disk.write(offset, MemorySegment.ofArray(data)));
                        System.arraycopy(data, 0, model, offset, length);
                    }
                }
            }
            for (final long token : tokens) {
                assertEquals(OpStatus.OK, disk.await(token), "round " + round);
            }
            for (int i = 0; i < got.size(); i++) {
                assertArrayEquals(expected.get(i), got.get(i), "read " + i + " of round " + round);
            }
        }
        assertArrayEquals(model, disk.bytes(0, model.length));
        disk.disk.close();
    }

    @Test
    void shouldSayThatTheBufferIsGoneAndGoOn() {
        final TestDisk disk = TestDisk.open(device);
        final Arena arena = Arena.ofShared();
        final long token = disk.write(4096, arena.allocate(4096));
        arena.close();
        assertEquals(OpStatus.BUFFER_GONE, disk.await(token));
        assertNull(disk.disk.counters().poisonReason());
        assertEquals(OpStatus.OK, disk.await(disk.write(4096, TestDisk.filled(4096, 5))));
        assertEquals(5, disk.bytes(4096, 1)[0]);
        disk.disk.close();
    }

    @Test
    void shouldTakeRequestsOfEverySizeOrRefuseThemButNeverHang() {
        final TestDisk disk = TestDisk.open(device);
        for (int blocks = 1; blocks <= 80; blocks++) {
            final int write = disk.await(disk.write(100, TestDisk.filled(blocks * 4096, blocks)));
            assertTrue(write == OpStatus.OK || write == OpStatus.INVALID, "status " + write);
            assertTrue(blocks > 8 || write == OpStatus.OK, blocks + " blocks");
            assertEquals(OpStatus.OK, disk.await(disk.zero(100, blocks * 4096L)), blocks + " blocks of zeroes");
            assertEquals(OpStatus.OK, disk.await(disk.trim(0, blocks * 4096L)), blocks + " blocks of trim");
        }
        disk.disk.close();
    }

    @Test
    void shouldAnswerAFuaWriteOnlyWhenItIsDurable() {
        final TestDisk disk = TestDisk.open(device);
        assertEquals(OpStatus.OK, disk.await(disk.writeFua(8192, TestDisk.filled(4096, 7))));
        final TestDisk after = TestDisk.open(device.crash(io.ringvault.block.CrashPolicy.NONE, 1));
        assertEquals(7, after.bytes(8192, 4096)[4095]);
        after.disk.close();
    }

    @Test
    void shouldRefuseAnEpochThatGrowsTooLargeWhenEpochsAreStrict() {
        final TestDisk disk = TestDisk.open(device, null, config -> {
            config.strictEpochs = true;
            config.epochBytes = 40 * 4096;
        });
        int status = OpStatus.OK;
        int written = 0;
        while (status == OpStatus.OK) {
            status = disk.await(disk.write(written++ * 4096L, TestDisk.filled(4096, 1)));
        }
        assertEquals(OpStatus.EPOCH_TOO_LARGE, status);
        assertEquals(41, written);
        assertEquals(OpStatus.OK, disk.await(disk.zero(0, 200 * 4096L)), "zeroes take no space");
        assertEquals(OpStatus.OK, disk.await(disk.sync()));
        assertEquals(OpStatus.OK, disk.await(disk.write(0, TestDisk.filled(4096, 1))));
        assertEquals(0, disk.disk.counters().engineCommits());
        disk.disk.close();
    }

    @Test
    void shouldGoOnOverwritingAFullDiskWithAndWithoutSyncs() {
        for (final boolean syncs : new boolean[] {true, false}) {
            final int blocks = 600;
            final long bytes = io.ringvault.disk.volume.VolumeFormatter.deviceBytesFor(blocks, 16, config());
            final SimulatedDevice full = TestDisk.format(blocks, bytes, null);
            final TestDisk disk = TestDisk.open(full);
            final int[] model = new int[blocks];
            final Random random = new Random(8);
            for (int i = 0; i < blocks * 6; i++) {
                final int lba = i < blocks ? i : random.nextInt(blocks);
                model[lba] = i % 127 + 1;
                assertEquals(OpStatus.OK, disk.await(disk.write(lba * 4096L, TestDisk.filled(4096, model[lba]))),
                    "write " + i + " " + disk.disk.counters());
                if (syncs && i % 37 == 0) {
                    assertEquals(OpStatus.OK, disk.await(disk.sync()));
                }
            }
            check(disk, model);
            assertTrue(disk.disk.counters().segmentsCleaned() > 0);
            assertTrue(disk.disk.counters().checkpoints() > 0);
            disk.disk.close();
            final TestDisk again = TestDisk.open(full);
            check(again, model);
            again.disk.close();
        }
    }

    private static void check(final TestDisk disk, final int[] model) {
        for (int lba = 0; lba < model.length; lba++) {
            final byte[] block = disk.bytes(lba * 4096L, 4096);
            assertEquals(model[lba], block[0], "LBA " + lba);
            assertEquals(model[lba], block[4095], "LBA " + lba);
        }
    }

    private static EngineConfig config() {
        final EngineConfig config = new EngineConfig();
        TestDisk.tiny(config);
        return config;
    }
}
