package io.ringvault.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.SimulatedDevice.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SimulatedDeviceTest {
    private static final int BLOCK = 4096;
    private static final long SIZE = 64 * BLOCK;

    private SimulatedDevice device = new SimulatedDevice(Settings.of(SIZE).withShuffle(false), 1);
    private BlockQueue queue = device.openQueue(64);
    private DmaBuffer buffer = device.allocate(64 * BLOCK);
    private final List<Long> done = new ArrayList<>();

    private void use(final SimulatedDevice other) {
        device = other;
        queue = other.openQueue(64);
        buffer = other.allocate(64 * BLOCK);
        done.clear();
    }

    private void startWrite(final long block, final int blocks, final int value, final boolean fua) {
        final byte[] data = new byte[blocks * BLOCK];
        Arrays.fill(data, (byte) value);
        buffer.copyIn(data, 0, block * BLOCK, data.length);
        assertTrue(queue.write(block, block * BLOCK, data.length, buffer, block * BLOCK, fua));
        queue.submit();
    }

    private void write(final long block, final int value) {
        startWrite(block, 1, value, false);
        finish();
    }

    private void flush() {
        assertTrue(queue.flush(99));
        queue.submit();
        finish();
    }

    private int finish() {
        final int[] last = new int[1];
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> {
                done.add(token);
                last[0] = status;
            }, 64);
        }
        return last[0];
    }

    private static int valueAt(final SimulatedDevice device, final long block) {
        final byte[] content = device.content(block * BLOCK, BLOCK);
        for (final byte b : content) {
            assertEquals(content[0], b, "block " + block + " is mixed");
        }
        return content[0];
    }

    @Test
    void shouldKeepAfterACrashOnlyWhatAFlushCovered() {
        write(1, 11);
        flush();
        write(2, 22);
        final SimulatedDevice crashed = device.crash(CrashPolicy.NONE, 7);
        assertEquals(11, valueAt(crashed, 1));
        assertEquals(0, valueAt(crashed, 2));
        assertEquals(22, valueAt(device, 2));
        assertEquals(22, valueAt(device.crash(CrashPolicy.ALL, 7), 2));
    }

    @Test
    void shouldNotCoverAWriteThatCompletedAfterTheFlushWasSubmitted() {
        final SimulatedDevice delayed =
            new SimulatedDevice(Settings.of(SIZE).withShuffle(false).withMaxDelayPolls(0), 1);
        use(delayed);
        startWrite(1, 1, 11, false);
        assertTrue(queue.flush(99));
        queue.submit();
        finish();
        assertEquals(List.of(1L, 99L), done);
        assertEquals(0, valueAt(device.crash(CrashPolicy.NONE, 7), 1));
        flush();
        assertEquals(11, valueAt(device.crash(CrashPolicy.NONE, 7), 1));
    }

    @Test
    void shouldMakeAFuaWriteDurableAloneAndKeepOlderOnesFromComingBack() {
        write(1, 11);
        write(2, 22);
        startWrite(1, 1, 33, true);
        assertEquals(0, device.durableContent(BLOCK, 1)[0]);
        finish();
        assertEquals(33, valueAt(device.crash(CrashPolicy.NONE, 7), 1));
        assertEquals(0, valueAt(device.crash(CrashPolicy.NONE, 7), 2));
        assertEquals(33, valueAt(device.crash(CrashPolicy.ALL, 7), 1));
        flush();
        assertEquals(33, valueAt(device.crash(CrashPolicy.NONE, 7), 1));
        assertEquals(22, valueAt(device.crash(CrashPolicy.NONE, 7), 2));
    }

    @Test
    void shouldReachExactlyEverySubsetOfTheVolatileWrites() {
        write(1, 1);
        flush();
        write(1, 2);
        write(2, 2);
        startWrite(3, 1, 2, false);
        assertEquals(3, device.volatileCount());
        final Set<String> byMask = new HashSet<>();
        for (long mask = 0; mask < 8; mask++) {
            final SimulatedDevice crashed = device.crashSubset(mask);
            assertEquals((mask & 1) != 0 ? 2 : 1, valueAt(crashed, 1));
            assertEquals((mask & 2) != 0 ? 2 : 0, valueAt(crashed, 2));
            assertEquals((mask & 4) != 0 ? 2 : 0, valueAt(crashed, 3));
            byMask.add(state(crashed));
        }
        final Set<String> random = new HashSet<>();
        final Set<String> prefix = new HashSet<>();
        for (long seed = 0; seed < 200; seed++) {
            random.add(state(device.crash(CrashPolicy.RANDOM, seed)));
            prefix.add(state(device.crash(CrashPolicy.PREFIX, seed)));
            assertEquals(state(device.crash(CrashPolicy.RANDOM, seed)), state(device.crash(CrashPolicy.RANDOM, seed)));
        }
        assertEquals(byMask, random);
        assertEquals(Set.of("1 0 0", "2 0 0", "2 2 0", "2 2 2"), prefix);
    }

    private static String state(final SimulatedDevice crashed) {
        return valueAt(crashed, 1) + " " + valueAt(crashed, 2) + " " + valueAt(crashed, 3);
    }

    @Test
    void shouldTearWritesBySectorsOnlyWhenAsked() {
        startWrite(0, 4, 5, false);
        final Set<String> tears = new HashSet<>();
        boolean noise = false;
        for (long seed = 0; seed < 300; seed++) {
            final byte[] torn = device.crash(CrashPolicy.RANDOM_TORN, seed).content(0, 4 * BLOCK);
            final StringBuilder shape = new StringBuilder();
            for (int sector = 0; sector < 32; sector++) {
                for (int i = 0; i < 512; i++) {
                    assertEquals(torn[sector * 512], torn[sector * 512 + i]);
                }
                assertTrue(torn[sector * 512] == 0 || torn[sector * 512] == 5);
                shape.append(torn[sector * 512]);
            }
            tears.add(shape.toString());
            for (final byte b : device.crash(CrashPolicy.RANDOM_TORN_GARBAGE, seed).content(0, 4 * BLOCK)) {
                noise |= b != 0 && b != 5;
            }
        }
        assertTrue(tears.size() > 50, "tears: " + tears.size());
        assertTrue(noise);
    }

    @Test
    void shouldTreatALongWriteAsSeveralCommands() {
        use(new SimulatedDevice(Settings.of(SIZE).withSingleCommandBytes(2 * BLOCK), 1));
        startWrite(0, 5, 9, false);
        assertEquals(3, device.volatileCount());
        final SimulatedDevice crashed = device.crashSubset(0b101);
        assertEquals("9 9 0 0 9", valueAt(crashed, 0) + " " + valueAt(crashed, 1) + " " + valueAt(crashed, 2) + " "
            + valueAt(crashed, 3) + " " + valueAt(crashed, 4));
    }

    @Test
    void shouldLoseNothingCompletedWithoutAVolatileCache() {
        use(new SimulatedDevice(Settings.of(SIZE).withVolatileCache(false), 1));
        write(1, 11);
        startWrite(2, 1, 22, false);
        assertEquals(1, device.volatileCount());
        final SimulatedDevice crashed = device.crash(CrashPolicy.NONE, 7);
        assertEquals(11, valueAt(crashed, 1));
        assertEquals(0, valueAt(crashed, 2));
    }

    @Test
    void shouldKeepTheCacheWhenOnlyTheProcessDies() {
        write(1, 11);
        startWrite(2, 1, 22, false);
        final SimulatedDevice without = device.processDeath(false);
        final SimulatedDevice with = device.processDeath(true);
        assertEquals(11, valueAt(without, 1));
        assertEquals(0, valueAt(without, 2));
        assertEquals(22, valueAt(with, 2));
        assertEquals(1, without.volatileCount());
        assertEquals(2, with.volatileCount());
        assertEquals(0, valueAt(with.crash(CrashPolicy.NONE, 7), 1));
        use(with);
        flush();
        assertEquals(22, valueAt(device.crash(CrashPolicy.NONE, 7), 2));
        startWrite(4, 1, 44, false);
        final Set<Integer> outcomes = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            outcomes.add(device.processDeath(seed).volatileCount());
        }
        assertEquals(Set.of(0, 1), outcomes);
    }

    @Test
    void shouldDoNothingBeforeSubmitAndRepeatItselfUnderOneSeed() {
        assertTrue(queue.write(1, BLOCK, BLOCK, buffer, 0, false));
        assertEquals(0, queue.poll((token, status) -> { }, 10));
        assertEquals(0, device.volatileCount());
        final List<List<Long>> orders = new ArrayList<>();
        for (final long seed : new long[] {5, 5, 6}) {
            use(new SimulatedDevice(Settings.of(SIZE).withMaxDelayPolls(3), seed));
            for (int block = 0; block < 20; block++) {
                startWrite(block, 1, block, false);
            }
            finish();
            orders.add(List.copyOf(done));
        }
        assertEquals(orders.get(0), orders.get(1));
        assertNotEquals(orders.get(0), orders.get(2));
        assertEquals(20, new HashSet<>(orders.get(0)).size());
    }

    @Test
    void shouldRefuseOverlapsAndChangesOfALentBuffer() {
        startWrite(3, 2, 1, false);
        assertThrows(IllegalStateException.class, () -> queue.write(9, 4 * BLOCK, BLOCK, buffer, 0, false));
        assertThrows(IllegalStateException.class, () -> queue.deallocate(9, 0, SIZE));
        buffer.copyIn(new byte[] {77}, 0, 3 * BLOCK, 1);
        final IllegalStateException changed = assertThrows(IllegalStateException.class, this::finish);
        assertTrue(changed.getMessage().contains("while it was lent"), changed.getMessage());
    }

    @Test
    void shouldEndOverlappingWritesInEitherOrderWhenTheyWereInFlightTogether() {
        use(new SimulatedDevice(Settings.of(SIZE).withRefuseOverlaps(false), 1));
        write(1, 1);
        for (int i = 0; i < 2; i++) {
            buffer.copyIn(new byte[] {(byte) (2 + i)}, 0, i * BLOCK, 1);
            queue.write(i, BLOCK, BLOCK, buffer, i * BLOCK, false);
        }
        queue.submit();
        final Set<Byte> winners = new HashSet<>();
        for (long seed = 0; seed < 50; seed++) {
            winners.add(device.crash(CrashPolicy.ALL, seed).content(BLOCK, 1)[0]);
        }
        assertEquals(Set.of((byte) 2, (byte) 3), winners);
    }

    @Test
    void shouldFailTheNthOperationAndNoOther() {
        final int status = BlockStatus.error(BlockStatus.ORIGIN_NVME, 2, 0x80, true);
        device.inject(DeviceFault.fail(Kind.WRITE, 2, status));
        device.inject(DeviceFault.fail(Kind.WRITE, 4).landed());
        final int[] results = new int[5];
        for (int i = 0; i < 5; i++) {
            startWrite(i, 1, 9, false);
            results[i] = finish();
        }
        assertArrayEquals(new int[] {0, status, 0, DeviceFault.DEFAULT_STATUS, 0}, results);
        assertEquals("9 0 9 9 9", valueAt(device, 0) + " " + valueAt(device, 1) + " " + valueAt(device, 2) + " "
            + valueAt(device, 3) + " " + valueAt(device, 4));
        device.inject(DeviceFault.fail(Kind.FLUSH, 1).persistently());
        for (int i = 0; i < 3; i++) {
            assertTrue(queue.flush(1));
            queue.submit();
            assertEquals(DeviceFault.DEFAULT_STATUS, finish());
        }
        assertEquals(0, valueAt(device.crash(CrashPolicy.NONE, 7), 0));
        device.clearFaults();
        flush();
        assertEquals(9, valueAt(device.crash(CrashPolicy.NONE, 7), 0));
    }

    @Test
    void shouldLieOnRequest() {
        device.inject(DeviceFault.loseWrite(1));
        write(1, 11);
        assertEquals(0, valueAt(device, 1));
        device.inject(DeviceFault.misdirectWrite(1, 5 * BLOCK));
        write(1, 12);
        assertEquals(0, valueAt(device, 1));
        assertEquals(12, valueAt(device, 5));
        device.inject(DeviceFault.duplicateWrite(1, 6 * BLOCK));
        write(1, 13);
        assertEquals(13, valueAt(device, 1));
        assertEquals(13, valueAt(device, 6));
        device.inject(DeviceFault.dropFlush(1));
        flush();
        assertEquals(0, valueAt(device.crash(CrashPolicy.NONE, 7), 1));
        device.inject(DeviceFault.tearWrite(1));
        startWrite(8, 8, 14, false);
        assertEquals(BlockStatus.OK, finish());
        final byte[] torn = device.content(8 * BLOCK, 8 * BLOCK);
        int missing = 0;
        for (final byte b : torn) {
            missing += b == 0 ? 1 : 0;
        }
        assertTrue(missing > 0);
        assertEquals(0, missing % 512);
    }

    @Test
    void shouldShowTwoFacesWhenReadsAreFiltered() {
        write(1, 11);
        device.filterReads((nth, offset, data) -> {
            if (nth == 2) {
                data[0] = 55;
            }
        });
        final byte[] seen = new byte[3];
        for (int i = 0; i < 3; i++) {
            assertTrue(queue.read(7, BLOCK, BLOCK, buffer, 0));
            queue.submit();
            finish();
            buffer.copyOut(0, seen, i, 1);
        }
        assertArrayEquals(new byte[] {11, 55, 11}, seen);
        device.inject(DeviceFault.fail(Kind.READ, 1));
        assertTrue(queue.read(7, 0, BLOCK, buffer, 0));
        queue.submit();
        assertEquals(DeviceFault.DEFAULT_STATUS, finish());
        buffer.copyOut(0, seen, 0, 1);
        assertEquals(11, seen[0]);
    }

    @Test
    void shouldLetTheAdversaryEditDurably() {
        write(1, 11);
        flush();
        final SimulatedDevice.Snapshot old = device.imageSnapshot();
        device.flipBit(BLOCK, 2);
        assertEquals(11 ^ 4, device.crash(CrashPolicy.NONE, 7).content(BLOCK, 1)[0]);
        device.copyRange(BLOCK, 10 * BLOCK + 3, 5);
        assertArrayEquals(new byte[] {0, 11 ^ 4, 11, 11, 11, 11, 0}, device.content(10 * BLOCK + 2, 7));
        write(2, 22);
        assertFalse(old.sameAs(device.imageSnapshot()));
        device.restore(old);
        assertTrue(old.sameAs(device.imageSnapshot()));
        assertEquals(11, valueAt(device, 1));
        assertEquals(0, device.volatileCount());
        assertEquals(11, old.content(BLOCK, 1)[0]);
    }

    @Test
    void shouldReadZerosBeforeAndNoiseAfterADeallocation() {
        assertEquals(0, valueAt(device, 3));
        write(3, 33);
        flush();
        assertTrue(queue.deallocate(1, 3 * BLOCK, 2 * BLOCK));
        queue.submit();
        finish();
        assertFalse(Arrays.equals(new byte[BLOCK], device.content(3 * BLOCK, BLOCK)));
        assertEquals(33, valueAt(device.crash(CrashPolicy.NONE, 7), 3));
        assertTrue(queue.writeZeroes(1, 0, SIZE));
        queue.submit();
        finish();
        flush();
        assertTrue(device.sameContentAs(new SimulatedDevice(Settings.of(SIZE), 9)));
    }

    @Test
    void shouldShowEveryStateToTheObserver() {
        final List<String> seen = new ArrayList<>();
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void beforeOperation(final SimulatedDevice observed, final SimulatedDevice.Operation operation) {
                seen.add("before " + operation.index() + " " + operation.kind() + " " + observed.volatileCount());
            }

            @Override
            public void afterSubmission(final SimulatedDevice observed, final SimulatedDevice.Operation operation) {
                seen.add("submitted " + operation.index() + " " + observed.volatileCount());
            }

            @Override
            public void afterCompletion(final SimulatedDevice observed, final SimulatedDevice.Operation operation,
                final int status) {
                seen.add("completed " + operation.index() + " " + status + " "
                    + valueAt(observed.crash(CrashPolicy.NONE, 1), 1));
            }
        });
        write(1, 11);
        flush();
        assertEquals(List.of("before 0 WRITE 0", "submitted 0 1", "completed 0 0 0", "before 1 FLUSH 1",
            "submitted 1 1",
            "completed 1 0 11"), seen);
        assertEquals(2, device.operations());
        assertEquals(1, device.operations(Kind.FLUSH));
    }

    @Test
    void shouldRefuseWhatBreaksThePort() {
        assertThrows(IllegalArgumentException.class, () -> queue.read(1, 1, BLOCK, buffer, 0));
        assertThrows(IllegalArgumentException.class, () -> queue.read(1, SIZE, BLOCK, buffer, 0));
        assertThrows(IllegalArgumentException.class, () -> queue.read(1, 0, BLOCK, buffer, 512));
        assertThrows(IllegalArgumentException.class, () -> queue.write(1, 0, 2 << 20, buffer, 0, false));
        assertThrows(IllegalArgumentException.class, () -> queue.deallocate(1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> device.openQueue(0));
        final BlockQueue narrow = device.openQueue(1);
        assertTrue(narrow.flush(1));
        assertFalse(narrow.flush(2));
        device.close();
        assertThrows(IllegalStateException.class, () -> queue.flush(1));
        assertThrows(IllegalStateException.class, () -> device.allocate(4096));
    }

    /**
     * After any crash each sector holds its durable value or one of the values that volatile writes gave it, no older
     * one.
     */
    @Test
    void shouldOfferOnlyPossibleSectorsAfterRandomRunsAndCrashes() {
        final long seed = Long.getLong("seed", 42);
        final Random random = new Random(seed);
        for (int run = 0; run < 60; run++) {
            use(new SimulatedDevice(Settings.of(16 * BLOCK).withMaxDelayPolls(2).withGarbageAfterDeallocate(false),
                random.nextLong()));
            final List<Set<Byte>> possible = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                possible.add(new HashSet<>(Set.of((byte) 0)));
            }
            final byte[] newest = new byte[16];
            for (int step = 1; step < 60; step++) {
                final int block = random.nextInt(16);
                if (random.nextInt(10) == 0) {
                    flush();
                    for (int i = 0; i < 16; i++) {
                        possible.set(i, new HashSet<>(Set.of(newest[i])));
                    }
                } else {
                    final boolean fua = random.nextInt(5) == 0;
                    startWrite(block, 1, step, fua);
                    finish();
                    newest[block] = (byte) step;
                    if (fua) {
                        possible.set(block, new HashSet<>());
                    }
                    possible.get(block).add((byte) step);
                }
                final byte[] image = device.crash(CrashPolicy.RANDOM_TORN, random.nextLong()).content(0, 16 * BLOCK);
                for (int at = 0; at < image.length; at += 512) {
                    assertTrue(possible.get(at / BLOCK).contains(image[at]),
                        "seed " + seed + " run " + run + " step " + step + " at " + at + ": " + image[at]);
                }
            }
        }
    }

    @Test
    void shouldLoseOnlyWhatNoFlushCoveredAndSaySoWhenReset() {
        for (long seed = 1; seed <= 40; seed++) {
            final SimulatedDevice device = new SimulatedDevice(SimulatedDevice.Settings.of(1 << 20), seed);
            device.allowResets();
            final BlockQueue queue = device.openQueue(8);
            final DmaBuffer buffer = device.allocate(4096);
            buffer.copyIn(new byte[] {1}, 0, 0, 1);
            final java.util.Map<Long, Integer> done = new java.util.HashMap<>();
            queue.write(1, 0, 4096, buffer, 0, false);
            queue.write(2, 4096, 4096, buffer, 0, true);
            drain(queue, done);
            queue.flush(3);
            drain(queue, done);
            queue.write(4, 8192, 4096, buffer, 0, false);
            drain(queue, done);
            queue.flush(5);
            queue.write(6, 12288, 4096, buffer, 0, false);
            queue.submit();
            device.reset(seed);
            assertEquals(0, queue.resets());
            assertEquals(0, queue.poll((token, status) -> done.put(token, status), 8), "the noticing poll delivers");
            assertEquals(1, queue.resets());
            drain(queue, done);
            queue.flush(7);
            drain(queue, done);
            queue.acknowledgeReset();
            queue.flush(8);
            drain(queue, done);
            assertEquals(1, device.content(0, 1)[0]);
            assertEquals(1, device.content(4096, 1)[0]);
            assertEquals(1, device.content(12288, 1)[0]);
            assertTrue(BlockStatus.isReset(done.get(5L)) && BlockStatus.isReset(done.get(7L)), done.toString());
            assertEquals(BlockStatus.OK, done.get(8L));
            assertEquals(BlockStatus.OK, done.get(6L));
        }
    }

    private static void drain(final BlockQueue queue, final java.util.Map<Long, Integer> done) {
        queue.submit();
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> done.put(token, status), 8);
        }
    }

    @Test
    void shouldKeepPartOfOneWriteAndTheChosenOthersWhenTorn() {
        write(1, 1);
        write(2, 2);
        write(3, 3);
        final SimulatedDevice head = device.crashTorn(0b001, 1, 3, true);
        assertEquals(1, head.content(BLOCK, 1)[0]);
        assertEquals(2, head.content(2 * BLOCK + 2 * 512, 512)[511]);
        assertEquals(0, head.content(2 * BLOCK + 3 * 512, 512)[0]);
        assertEquals(0, head.content(3 * BLOCK, 1)[0]);
        final SimulatedDevice tail = device.crashTorn(0b101, 1, 3, false);
        assertEquals(0, tail.content(2 * BLOCK, 1)[0]);
        assertEquals(2, tail.content(2 * BLOCK + 3 * 512, 1)[0]);
        assertEquals(3, tail.content(3 * BLOCK, 1)[0]);
        assertEquals(8, device.volatileSectors(2));
    }

    @Test
    void shouldLandLateWhatADeadProcessHadInFlight() {
        for (int block = 0; block < 8; block++) {
            startWrite(block, 1, block + 1, false);
        }
        final SimulatedDevice heir = device.processDeathWithLateWrites(5);
        final int before = heir.lateWrites();
        assertTrue(before > 0);
        while (heir.lateWrites() > 0) {
            heir.landLate();
        }
        for (int block = 0; block < 8; block++) {
            assertEquals(block + 1, heir.content((long) block * BLOCK, 1)[0]);
            assertEquals(0, heir.durableContent((long) block * BLOCK, 1)[0]);
        }
        assertEquals(8, device.volatileCount());
    }

    @Test
    void shouldTellStatesApartByTheirFingerprints() {
        final long empty = device.fingerprint();
        write(1, 1);
        final long written = device.fingerprint();
        assertNotEquals(empty, written);
        flush();
        assertNotEquals(written, device.fingerprint());
        assertEquals(device.fingerprint(), device.processDeath(3).fingerprint());
        assertEquals(device.fingerprint(), device.crash(CrashPolicy.ALL, 9).fingerprint());
        device.edit(0, new byte[512]);
        assertEquals(device.fingerprint(), device.crash(CrashPolicy.NONE, 9).fingerprint());
        device.flipBit(77, 3);
        final long flipped = device.fingerprint();
        device.flipBit(77, 3);
        assertNotEquals(flipped, device.fingerprint());
    }
}
