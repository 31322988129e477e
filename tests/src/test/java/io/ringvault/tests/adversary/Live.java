package io.ringvault.tests.adversary;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.log.Geometry;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.torture.Stamp;
import java.util.Arrays;
import java.util.Random;

/** A short life of a volume on a device that lies: writes, reads and syncs; each read right or a typed error. */
final class Live {
    /** Versions from here on are written while the volume is attacked. */
    static final long FIRST_VERSION = 1L << 40;

    /** What the device does. */
    enum Attack {
        TWO_FACES(false), MEMORY_AFTER_READ(false), MEMORY_WHILE_OPENING(false), MEMORY_BEFORE_WRITE(true),
        DROPPED_WRITE(true), MISDIRECTED_WRITE(true), DUPLICATED_WRITE(true), TORN_WRITE(true), LYING_FLUSH(true),
        FAILING_READ(true);

        /** Without an anchor a device that drops the newest writes cannot be told from one that lost power. */
        final boolean needsAnchor;

        Attack(final boolean needsAnchor) {
            this.needsAnchor = needsAnchor;
        }
    }

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int PER_BLOCK = Script.BLOCK_GRANULES;
    private static final int GRANULE = Script.GRANULE_BYTES;

    private final Target target;
    private final EngineKind kind;
    private final SharedMemory memory;
    private final SimAnchor anchor;
    private final Random random;
    private final String what;
    private final byte[] bytes = new byte[4 * BLOCK];
    private long[] written;
    private long version = FIRST_VERSION;

    Live(final Target target, final EngineKind kind, final SharedMemory memory, final SimAnchor anchor,
        final Random random, final String what) {
        this.target = target;
        this.kind = kind;
        this.memory = memory;
        this.anchor = anchor;
        this.random = random;
        this.what = what;
    }

    /** One answer is good, another one is not: old content, a flipped bit, or nothing. */
    static void twoFaces(final SimulatedDevice medium, final SimulatedDevice old, final long seed) {
        final Random faces = new Random(seed);
        final int mode = faces.nextInt(3);
        final int oneIn = 6 + faces.nextInt(20);
        medium.filterReads((nth, offset, data) -> {
            if (faces.nextInt(oneIn) > 0) {
                return;
            }
            if (mode == 0) {
                System.arraycopy(old.content(offset, data.length), 0, data, 0, data.length);
            } else if (mode == 1) {
                data[faces.nextInt(data.length)] ^= (byte) (1 << faces.nextInt(8));
            } else {
                Arrays.fill(data, (byte) 0);
            }
        });
    }

    /** Lives until something is refused. In {@code least} is then what must be there at least: what was synced. */
    void run(final long[] least) {
        final EngineDisk disk;
        try {
            disk = kind.open(memory, anchor, Recorder.opening());
        } catch (final StorageException refused) {
            typed(refused, "the open");
            return;
        }
        written = least.clone();
        try {
            for (int i = 0; i < 40; i++) {
                operate(disk, least);
            }
            if (random.nextBoolean()) {
                disk.close();
                System.arraycopy(written, 0, least, 0, least.length);
                return;
            }
        } catch (final StorageException refused) {
            typed(refused, "an operation");
        }
        disk.abandon();
    }

    private void operate(final EngineDisk disk, final long[] least) {
        final int lba = random.nextInt(EngineKind.TINY_BLOCKS - 4);
        final int dice = random.nextInt(10);
        if (dice < 5) {
            final int count = 1 + random.nextInt(4);
            version++;
            for (int g = 0; g < count * PER_BLOCK; g++) {
                Stamp.write(bytes, g * GRANULE, GRANULE, (long) lba * PER_BLOCK + g, version, target.run());
            }
            disk.write((long) lba * BLOCK, bytes, 0, count * BLOCK);
            Arrays.fill(written, lba * PER_BLOCK, (lba + count) * PER_BLOCK, version);
        } else if (dice < 8) {
            disk.sync();
            System.arraycopy(written, 0, least, 0, least.length);
        } else {
            try {
                disk.read((long) lba * BLOCK, bytes, 0, BLOCK);
            } catch (final StorageException damaged) {
                typed(damaged, "a read");
                return;
            }
            for (int g = 0; g < PER_BLOCK; g++) {
                final long found = target.version(bytes, g * GRANULE, lba * PER_BLOCK + g);
                Volume.require(found == written[lba * PER_BLOCK + g], what + ": block " + lba + " returned version "
                    + found + " instead of " + written[lba * PER_BLOCK + g]);
            }
        }
        disk.idle(random.nextInt(10));
    }

    private void typed(final StorageException failure, final String operation) {
        Volume.require(failure.category() == Category.INTEGRITY || failure.category() == Category.FRESHNESS
            || failure.category() == Category.IO || failure.category() == Category.OUT_OF_SPACE, what + ": " + operation
                + " ended with " + failure.category() + ": " + failure.getMessage());
    }
}
