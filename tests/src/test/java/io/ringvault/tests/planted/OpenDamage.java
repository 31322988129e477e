package io.ringvault.tests.planted;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.log.Geometry;
import io.ringvault.tests.adversary.Volume;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.torture.Stamp;
import java.util.Arrays;
import java.util.Random;

/**
 * Blocks are damaged under an open volume that is written on, so that merges, the cleaner and partial writes meet the
 * damage; then it is closed and opened again. Whatever was damaged stays an error until it is overwritten: it never
 * becomes zeros, an older value, or valid again.
 */
final class OpenDamage {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int GRANULE = Script.GRANULE_BYTES;
    private static final int PER_BLOCK = Script.BLOCK_GRANULES;
    private static final int GRANULES = EngineKind.TINY_BLOCKS * PER_BLOCK;

    private final long seed;
    private final Random random;
    private final EngineKind kind;
    private final Volume volume;
    private final long[] newest = new long[GRANULES];
    /** What a write that failed would have left; a failed write may have happened or not. */
    private final long[] attempted = new long[GRANULES];
    private final byte[] bytes = new byte[8 * BLOCK];
    private long version = 1L << 40;
    private EngineDisk disk;

    private OpenDamage(final long seed) {
        this.seed = seed;
        random = new Random(seed);
        kind = EngineKind.tiny(seed);
        volume = new Volume(kind, seed, false);
    }

    static void check(final long seed) {
        new OpenDamage(seed).run();
    }

    private void run() {
        volume.fill(150, seed);
        for (int g = 0; g < GRANULES; g++) {
            newest[g] = volume.recorder.history().newest(g);
            attempted[g] = newest[g];
        }
        final SimulatedDevice medium = volume.medium();
        disk = kind.open(medium, null, Recorder.opening());
        final long end = kind.deviceBytes() / BLOCK - 2;
        for (long block = Geometry.FIRST_SEGMENT_BLOCK; block < end; block++) {
            if (random.nextInt(100) < 25) {
                medium.flipBit(block * BLOCK + random.nextInt(BLOCK), random.nextInt(8));
            }
        }
        try {
            for (int i = 0; i < 260 && disk.poisonReason() == null; i++) {
                operate();
            }
            for (int lba = 0; lba < EngineKind.TINY_BLOCKS; lba++) {
                read(lba);
            }
            disk.close();
        } catch (final StorageException failed) {
            typed(failed, "after damage");
            disk.abandon();
            return;
        }
        final SimulatedDevice again = medium.processDeath(seed);
        try {
            disk = kind.open(again, null, Recorder.opening());
        } catch (final StorageException refused) {
            typed(refused, "the open after damage");
            Volume.checkNothingWritten(again, "damage under an open volume");
            return;
        }
        for (int lba = 0; lba < EngineKind.TINY_BLOCKS; lba++) {
            read(lba);
        }
        disk.abandon();
    }

    private void typed(final StorageException failure, final String what) {
        Volume.require(failure.category() == Category.INTEGRITY || failure.category() == Category.OUT_OF_SPACE
            || disk.poisonReason() != null, "seed " + seed + ": " + what + " ended with " + failure.category()
                + ": " + failure.getMessage());
    }

    private void operate() {
        final int dice = random.nextInt(10);
        if (dice < 5) {
            write(random.nextInt(EngineKind.TINY_BLOCKS - 3) * PER_BLOCK, (1 + random.nextInt(3)) * PER_BLOCK);
        } else if (dice < 7) {
            write(random.nextInt(GRANULES - 3), 1 + random.nextInt(3));
        } else if (dice < 9) {
            read(random.nextInt(EngineKind.TINY_BLOCKS));
        } else {
            disk.sync();
        }
        disk.idle(random.nextInt(20));
    }

    private void write(final int first, final int count) {
        version++;
        for (int i = 0; i < count; i++) {
            Stamp.write(bytes, i * GRANULE, GRANULE, first + i, version, seed | 1);
        }
        boolean done = false;
        try {
            disk.write((long) first * GRANULE, bytes, 0, count * GRANULE);
            done = true;
        } catch (final StorageException refused) {
            typed(refused, "a write");
        }
        for (int g = first; g < first + count; g++) {
            attempted[g] = version;
            newest[g] = done ? version : newest[g];
        }
    }

    private void read(final int lba) {
        Arrays.fill(bytes, 0, BLOCK, (byte) 0x5A);
        try {
            disk.read((long) lba * BLOCK, bytes, 0, BLOCK);
        } catch (final StorageException damaged) {
            typed(damaged, "the read of block " + lba);
            return;
        }
        for (int g = 0; g < PER_BLOCK; g++) {
            final int granule = lba * PER_BLOCK + g;
            final long found = Stamp.read(bytes, g * GRANULE, GRANULE, granule, seed | 1);
            Volume.require(found == newest[granule] || found == attempted[granule], "seed " + seed + ": block " + lba
                + " returned version " + found + " (" + Stamp.describe(bytes, g * GRANULE, GRANULE) + ") instead of "
                + newest[granule]);
        }
    }
}
