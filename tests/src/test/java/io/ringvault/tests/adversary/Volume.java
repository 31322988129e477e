package io.ringvault.tests.adversary;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.StorageException;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.torture.History;
import io.ringvault.torture.Stamp;
import java.util.Arrays;
import java.util.Random;

/**
 * A volume with a known content on a simulated device, and the judgement of what an attack on it led to. One thread.
 */
public final class Volume {
    /** What became of an attack. */
    public enum Outcome {
        /** Every block is right. */
        INTACT,
        /** Opened; some blocks are reported as damaged, all others are right. */
        BLOCK_ERRORS,
        /** The open was refused. */
        REFUSED
    }

    private static final int BLOCK = 4096;
    private static final int GRANULE = Script.GRANULE_BYTES;

    public final EngineKind kind;
    public final SimRig rig;
    public final SimAnchor anchor;
    public final Recorder recorder;
    public String lastError = "";
    public StorageException.Category lastCategory;

    public Volume(final EngineKind kind, final long seed, final boolean anchored) {
        this.kind = kind;
        this.rig = SimRig.create(kind.deviceBytes(), seed);
        this.anchor = anchored ? new SimAnchor(1) : null;
        this.recorder = new Recorder(new History((int) (kind.userBytes() / GRANULE), seed | 1));
        kind.format(rig.open(), anchor);
    }

    /** Opens, writes at random with syncs until tables were flushed and merged, and closes. */
    public void fill(final int steps, final long seed) {
        open();
        final Random random = new Random(seed);
        final int blocks = recorder.history().granules() / Script.BLOCK_GRANULES;
        for (int i = 0; i < steps; i++) {
            final int first = random.nextInt(blocks);
            final int count = 1 + random.nextInt(Math.min(6, blocks - first));
            if (random.nextInt(12) == 0) {
                recorder.trim(first * Script.BLOCK_GRANULES, count * Script.BLOCK_GRANULES);
            } else {
                recorder.write(first * Script.BLOCK_GRANULES, count * Script.BLOCK_GRANULES);
            }
            if (random.nextInt(5) == 0) {
                recorder.sync();
            }
            recorder.disk().idle(3);
        }
        recorder.close();
    }

    public void open() {
        recorder.attach(kind.open(rig.open(), anchor, recorder));
    }

    /** A copy of the medium as it is now, to be attacked. */
    public SimulatedDevice medium() {
        return rig.device().crash(CrashPolicy.ALL, 1);
    }

    /**
     * Opens the attacked medium and reads every block by itself. Right data or an integrity error of that block, an
     * open
     * that is refused without having written anything, and nothing else.
     */
    public Outcome judge(final SimulatedDevice attacked, final SimAnchor withAnchor, final String attack) {
        lastError = "";
        lastCategory = null;
        final EngineDisk disk;
        try {
            disk = kind.open(attacked, withAnchor, Recorder.opening());
        } catch (final StorageException refused) {
            lastError = refused.getMessage();
            lastCategory = refused.category();
            require(lastCategory == StorageException.Category.INTEGRITY
                || lastCategory == StorageException.Category.FRESHNESS, attack + ": the open ended with "
                    + lastCategory + ": "
                + lastError);
            checkNothingWritten(attacked, attack);
            return Outcome.REFUSED;
        }
        try {
            return readEveryBlock(disk, attack);
        } finally {
            disk.abandon();
        }
    }

    private Outcome readEveryBlock(final EngineDisk disk, final String attack) {
        final byte[] block = new byte[BLOCK];
        int errors = 0;
        for (int lba = 0; lba < disk.sizeBytes() / BLOCK; lba++) {
            Arrays.fill(block, (byte) 0x5A);
            try {
                disk.read((long) lba * BLOCK, block, 0, BLOCK);
                checkBlock(lba, block, attack);
            } catch (final StorageException damaged) {
                errors++;
                lastError = damaged.getMessage();
                lastCategory = damaged.category();
                require(lastCategory == StorageException.Category.INTEGRITY, attack + ": block " + lba + " ended with "
                    + lastCategory + ": " + lastError);
            }
        }
        return errors == 0 ? Outcome.INTACT : Outcome.BLOCK_ERRORS;
    }

    private void checkBlock(final int lba, final byte[] block, final String attack) {
        final History history = recorder.history();
        for (int g = 0; g < Script.BLOCK_GRANULES; g++) {
            final int granule = lba * Script.BLOCK_GRANULES + g;
            final long found = Stamp.read(block, g * GRANULE, GRANULE, granule, history.run());
            require(found == history.newest(granule), attack + ": block " + lba + " returned version " + found + " ("
                + Stamp.describe(block, g * GRANULE, GRANULE) + ") instead of " + history.newest(granule));
        }
    }

    public static void checkNothingWritten(final SimulatedDevice device, final String attack) {
        require(device.operations(Kind.WRITE) == 0 && device.operations(Kind.DEALLOCATE) == 0
            && device.operations(Kind.WRITE_ZEROES) == 0, attack + ": a volume that failed to open was written to");
    }

    public static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
