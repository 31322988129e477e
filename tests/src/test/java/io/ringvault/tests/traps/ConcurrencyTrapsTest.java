package io.ringvault.tests.traps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.DiskClient;
import io.ringvault.ring.OpStatus;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.torture.Stamp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several clients with many requests in flight, interleaved by one seed, while the disk merges, cleans and commits. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConcurrencyTrapsTest {
    private static final int BLOCK = 4096;
    private static final int DEPTH = 8;
    private static final int BLOCKS = EngineKind.TINY_BLOCKS;

    private final long seed = Long.getLong("seed", 5);
    private final Random random = new Random(seed);
    private final EngineKind kind = EngineKind.tiny(seed);
    private final SimRig rig = SimRig.create(SimulatedDevice.Settings.of(kind.deviceBytes()).withMaxDelayPolls(12),
        seed);
    private final long[] submitted = new long[BLOCKS];
    private final long[] completed = new long[BLOCKS];
    private EngineDisk disk;
    private long reads;
    private long writes;

    private static final class Slot {
        private final MemorySegment buffer = MemorySegment.ofArray(new long[BLOCK / 8]);
        private int lba;
        private long version;
        private long least;
        private boolean read;
    }

    /** One client with its slots; the token is the slot's number. */
    private final class Actor {
        private final DiskClient client = disk.engine().newClient(DEPTH);
        private final Slot[] slots = new Slot[DEPTH];
        private final ArrayDeque<Integer> free = new ArrayDeque<>();

        Actor() {
            for (int i = 0; i < DEPTH; i++) {
                slots[i] = new Slot();
                free.add(i);
            }
        }

        void submitOne() {
            if (free.isEmpty()) {
                return;
            }
            final int token = free.peek();
            final Slot slot = slots[token];
            slot.lba = random.nextInt(BLOCKS);
            slot.read = random.nextBoolean();
            if (!slot.read && submitted[slot.lba] != completed[slot.lba]) {
                return;
            }
            slot.least = completed[slot.lba];
            slot.version = submitted[slot.lba] + 1;
            final byte[] bytes = new byte[BLOCK];
            if (!slot.read) {
                Stamp.write(bytes, 0, BLOCK, slot.lba, slot.version, seed);
                MemorySegment.copy(bytes, 0, slot.buffer, ValueLayout.JAVA_BYTE, 0, BLOCK);
            }
            final int result = slot.read ? client.submitRead(token, (long) slot.lba * BLOCK, slot.buffer, 0, BLOCK)
                : client.submitWrite(token, (long) slot.lba * BLOCK, slot.buffer, 0, BLOCK, random.nextInt(40) == 0);
            if (result == DiskClient.ACCEPTED) {
                free.poll();
                if (!slot.read) {
                    submitted[slot.lba] = slot.version;
                }
            }
        }

        void poll() {
            client.poll((token, status) -> {
                assertEquals(OpStatus.OK, status, OpStatus.describe(status));
                final Slot slot = slots[(int) token];
                free.add((int) token);
                if (slot.read) {
                    reads++;
                    final byte[] bytes = new byte[BLOCK];
                    MemorySegment.copy(slot.buffer, ValueLayout.JAVA_BYTE, 0, bytes, 0, BLOCK);
                    final long found = Stamp.read(bytes, 0, BLOCK, slot.lba, seed);
                    assertTrue(found >= slot.least && found <= submitted[slot.lba], () -> "seed " + seed
                        + ": read of block "
                        + slot.lba + " gave version " + found + ", expected " + slot.least + " to "
                            + submitted[slot.lba]);
                } else {
                    writes++;
                    completed[slot.lba] = slot.version;
                }
            }, DEPTH);
        }
    }

    @Test
    void trapReadsDuringMergesAndCleaningFailOrGoBackInTime() {
        open();
        final Actor[] actors = {new Actor(), new Actor(), new Actor()};
        for (int i = 0; i < 60_000; i++) {
            actors[random.nextInt(actors.length)].submitOne();
            disk.step();
            actors[random.nextInt(actors.length)].poll();
        }
        assertTrue(reads > 3000 && writes > 2500, reads + " reads, " + writes + " writes");
        assertTrue(disk.segmentsCleaned() > 0 && disk.compactions() > 0, disk.engine().counters().toString());
    }

    @Test
    void trapConcurrentPartialWritersOfOneBlockLoseEachOther() {
        open();
        final DiskClient[] clients = new DiskClient[8];
        final MemorySegment[] buffers = new MemorySegment[8];
        final boolean[] busy = new boolean[8];
        final long[] versions = new long[8];
        for (int i = 0; i < 8; i++) {
            clients[i] = disk.engine().newClient(2);
            buffers[i] = MemorySegment.ofArray(new long[64]);
        }
        for (int round = 0; round < 20_000; round++) {
            final int who = random.nextInt(8);
            if (!busy[who]) {
                final byte[] bytes = new byte[512];
                Stamp.write(bytes, 0, 512, who, versions[who] + 1, seed);
                MemorySegment.copy(bytes, 0, buffers[who], ValueLayout.JAVA_BYTE, 0, 512);
                if (clients[who].submitWrite(who, 7L * BLOCK + who * 512, buffers[who], 0, 512, false)
                    == DiskClient.ACCEPTED) {
                    versions[who]++;
                    busy[who] = true;
                }
            }
            disk.step();
            for (int i = 0; i < 8; i++) {
                clients[i].poll((token, status) -> {
                    assertEquals(OpStatus.OK, status);
                    busy[(int) token] = false;
                }, 2);
            }
        }
        disk.idle(2000);
        final byte[] block = new byte[BLOCK];
        disk.read(7L * BLOCK, block, 0, BLOCK);
        for (int i = 0; i < 8; i++) {
            assertTrue(versions[i] > 100, "few writes by client " + i);
            assertEquals(versions[i], Stamp.read(block, i * 512, 512, i, seed), "seed " + seed + ", sector " + i);
        }
    }

    @Test
    void trapWritersStandStillWhileASyncRuns() {
        open();
        final DiskClient client = disk.engine().newClient(DEPTH);
        final MemorySegment buffer = MemorySegment.ofArray(new long[BLOCK / 8]);
        int ahead = 0;
        for (int round = 0; round < 50; round++) {
            final boolean[] done = new boolean[3];
            client.submitWrite(0, 0, buffer, 0, BLOCK, false);
            stepUntil(client, done, 0);
            client.submitSync(1);
            disk.step();
            client.submitWrite(2, BLOCK, buffer, 0, BLOCK, false);
            while (!done[1]) {
                disk.step();
                final boolean before = done[2];
                client.poll((token, status) -> done[(int) token] = true, 1);
                ahead += !before && done[2] && !done[1] ? 1 : 0;
            }
            stepUntil(client, done, 2);
        }
        assertTrue(ahead > 25, "only " + ahead + " of 50 writes completed while a sync was under way");
    }

    @Test
    void trapALaterRequestOfAClientSurvivesAnEarlierOne() {
        open();
        disk.write(0, new byte[40 * BLOCK], 0, 40 * BLOCK);
        disk.sync();
        SimRig device = rig;
        final MemorySegment buffer = MemorySegment.ofArray(new long[BLOCK / 8]);
        for (int round = 1; round <= 30; round++) {
            disk.abandon();
            disk = kind.open(device.open(), null, Recorder.opening());
            buffer.fill((byte) round);
            final DiskClient client = disk.engine().newClient(4);
            final DiskClient other = disk.engine().newClient(2);
            final boolean[] done = new boolean[3];
            client.submitWrite(0, 3L * BLOCK + 512, buffer, 0, 512, false);
            client.submitWrite(1, 9L * BLOCK, buffer, 0, BLOCK, false);
            disk.idle(random.nextInt(3));
            other.submitSync(2);
            stepUntil(other, done, 2);
            final SimRig after = device.crash(SimRig.Keep.NONE, random.nextLong());
            disk.abandon();
            device = after;
            disk = kind.open(device.open(), null, Recorder.opening());
            final byte[] read = new byte[BLOCK];
            disk.read(9L * BLOCK, read, 0, BLOCK);
            final boolean later = read[0] == round;
            disk.read(3L * BLOCK, read, 0, BLOCK);
            assertTrue(!later || read[512] == round, "round " + round
                + ": the later request is there, the earlier is not");
        }
    }

    private void stepUntil(final DiskClient client, final boolean[] done, final int token) {
        while (!done[token]) {
            disk.step();
            client.poll((each, status) -> done[(int) each] = true, 4);
        }
    }

    private void open() {
        kind.format(rig.open(), null);
        disk = kind.open(rig.open(), null, Recorder.opening());
    }

    @AfterEach
    void end() {
        disk.abandon();
        kind.seals().check();
    }
}
