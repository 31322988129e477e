package io.ringvault.tests.planted;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.DiskClient;
import io.ringvault.ring.OpStatus;
import io.ringvault.tests.adversary.SharedMemory;
import io.ringvault.tests.adversary.Volume;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.torture.History;
import io.ringvault.torture.Stamp;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/**
 * Reads that the device keeps back for long, while what they read is overwritten, and its segment emptied and let go
 * by checkpoints (protocol S12). Each gives what was there when it was asked for.
 */
final class SlowReads {
    private static final int GRANULE = Script.GRANULE_BYTES;
    private static final int READS = 4;
    private static final int READ_BLOCKS = 3;
    private static final int READ_GRANULES = READ_BLOCKS * Script.BLOCK_GRANULES;
    /** So few that there is space enough, and no checkpoint but those of the sessions. */
    private static final int BLOCKS = EngineKind.TINY_BLOCKS / 4;
    private static final int ROUNDS = 10;

    private final long seed;
    private final Random random;
    private final EngineKind kind;
    private final SharedMemory memory;
    private final Recorder recorder;
    private final EngineDisk disk;
    private final DiskClient reader;
    private final byte[][] buffers = new byte[READS][READ_GRANULES * GRANULE];
    private final long[][] wanted = new long[READS][READ_GRANULES];
    private final int[] first = new int[READS];
    private int pending;

    private SlowReads(final long seed) {
        this.seed = seed;
        random = new Random(seed);
        kind = EngineKind.tiny(seed);
        final SimulatedDevice device = new SimulatedDevice(SimulatedDevice.Settings.of(kind.deviceBytes()), seed);
        kind.format(device, null);
        memory = new SharedMemory(device.processDeath(seed), seed);
        recorder = new Recorder(new History(EngineKind.TINY_BLOCKS * Script.BLOCK_GRANULES, seed | 1));
        disk = kind.open(memory, null, recorder);
        recorder.attach(disk);
        reader = disk.engine().newClient(READS);
    }

    static void check(final long seed) {
        final SlowReads life = new SlowReads(seed);
        life.overwrite(100);
        for (int round = 0; round < ROUNDS; round++) {
            life.round();
        }
        life.recorder.checkNewest();
        life.disk.abandon();
    }

    /**
     * A new session begins with new segments, so that what is written next fills one. It is read, and overwritten while
     * the same memtable still knows it, which empties the segment; and the end of that session lets both slots name a
     * checkpoint that does not need it, all while the reads are on their way.
     */
    private void round() {
        overwrite(random.nextInt(30));
        disk.rollSession();
        final int first = random.nextInt(BLOCKS - READS * READ_BLOCKS);
        write(first);
        recorder.sync();
        disk.idle(random.nextInt(20));
        memory.attack(SharedMemory.Moment.LATE, 1);
        submit(first);
        disk.idle(3);
        memory.attack(SharedMemory.Moment.NEVER, 1);
        write(first);
        disk.idle(random.nextInt(50));
        disk.rollSession();
        overwrite(random.nextInt(5));
        while (pending > 0) {
            disk.step();
            reader.poll(this::arrived, READS);
        }
    }

    private void write(final int first) {
        recorder.write((long) first * Script.BLOCK_GRANULES, READS * READ_GRANULES);
    }

    private void overwrite(final int writes) {
        for (int i = 0; i < writes; i++) {
            recorder.write((long) random.nextInt(BLOCKS - 4) * Script.BLOCK_GRANULES,
                (1 + random.nextInt(4)) * Script.BLOCK_GRANULES);
            if (random.nextInt(5) == 0) {
                recorder.sync();
            }
        }
    }

    private void submit(final int from) {
        for (int i = 0; i < READS; i++) {
            first[i] = (from + i * READ_BLOCKS) * Script.BLOCK_GRANULES;
            for (int g = 0; g < READ_GRANULES; g++) {
                wanted[i][g] = recorder.history().newest(first[i] + g);
            }
            Volume.require(reader.submitRead(i, (long) first[i] * GRANULE, MemorySegment.ofArray(buffers[i]), 0,
                buffers[i].length) == DiskClient.ACCEPTED, "refused");
            pending++;
        }
    }

    private void arrived(final long token, final int status) {
        pending--;
        final int which = (int) token;
        Volume.require(status == OpStatus.OK, "seed " + seed + ": a slow read of a healthy volume ends with "
            + OpStatus.describe(status));
        for (int g = 0; g < READ_GRANULES; g++) {
            final long found = Stamp.read(buffers[which], g * GRANULE, GRANULE, first[which] + g,
                recorder.history().run());
            Volume.require(found == wanted[which][g], "seed " + seed + ": a slow read of granule "
                + (first[which] + g) + " returned version " + found + " instead of " + wanted[which][g]);
        }
    }
}
