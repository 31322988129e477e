package io.ringvault.tests.crash;

import io.ringvault.block.StorageException;
import io.ringvault.tests.harness.DiskKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.tests.harness.TestDisk;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.Stamp;
import java.util.Arrays;
import java.util.Random;

/**
 * Writes of a dead process that land while its successor opens the volume and works on it. A device behind a lock or a
 * reset does not let them; where there is neither, the disk may refuse, or turn read-only, or report blocks as damaged,
 * but what it returns must be right. One thread.
 */
final class LateWrites {
    private final DiskKind kind;
    private long unharmed;
    private long refused;
    private long damaged;

    LateWrites(final DiskKind kind) {
        this.kind = kind;
    }

    String report() {
        return unharmed + " unharmed, " + refused + " refused or read-only, " + damaged + " with damaged blocks";
    }

    /** @param past what the dead process did */
    void examine(final SimRig rig, final SimAnchor anchor, final History past, final Random dice) {
        final int every = 1 + dice.nextInt(40);
        rig.observe(() -> {
            if (rig.device().lateWrites() > 0 && dice.nextInt(every) == 0) {
                rig.device().landLate();
            }
        });
        final Recorder next = Recorder.opening();
        final TestDisk disk;
        try {
            disk = kind.open(rig.open(), anchor, next);
        } catch (final StorageException typed) {
            refused++;
            return;
        }
        boolean whole = false;
        History mine = null;
        try {
            final long[] found = observe(disk, past);
            whole = Arrays.stream(found).noneMatch(version -> version == History.ANY);
            final int state = HistoryChecker.check(past, found, past.admissible(), null, Script.GRANULE_BYTES);
            mine = past.continueFrom(state);
            next.start(mine, disk);
            writeOn(next, dice);
            final long[] later = observe(disk, mine);
            whole &= Arrays.stream(later).noneMatch(version -> version == History.ANY);
            final java.util.BitSet newest = new java.util.BitSet();
            newest.set(mine.submitted());
            HistoryChecker.check(mine, later, newest, null, Script.GRANULE_BYTES);
        } catch (final StorageException typed) {
            whole = false;
        }
        reopened(rig, anchor, mine == null ? past : mine, dice, whole);
        disk.abandon();
    }

    private static void writeOn(final Recorder next, final Random dice) {
        final int granules = next.history().granules();
        for (int i = dice.nextInt(12); i >= 0; i--) {
            next.write(dice.nextInt(granules / 8) * 8L, 8);
            if (dice.nextInt(3) == 0) {
                next.sync();
            }
        }
    }

    private void reopened(final SimRig rig, final SimAnchor anchor, final History past, final Random dice,
        final boolean wholeSoFar) {
        final SimRig after = rig.crash(Keep.values()[dice.nextInt(Keep.values().length)], dice.nextLong());
        final TestDisk disk;
        try {
            disk = kind.open(after.open(), anchor == null ? null : anchor.copy(), Recorder.opening());
        } catch (final StorageException typed) {
            refused++;
            return;
        }
        final long[] found = observe(disk, past);
        HistoryChecker.check(past, found, past.admissible(), null, Script.GRANULE_BYTES);
        disk.abandon();
        if (wholeSoFar && Arrays.stream(found).noneMatch(version -> version == History.ANY)) {
            unharmed++;
        } else {
            damaged++;
        }
    }

    /** The versions on the disk; {@link History#ANY} where a block cannot be read. */
    private static long[] observe(final TestDisk disk, final History history) {
        final long[] versions = new long[history.granules()];
        final byte[] block = new byte[Script.BLOCK_GRANULES * Script.GRANULE_BYTES];
        for (int g = 0; g < versions.length; g += Script.BLOCK_GRANULES) {
            try {
                disk.read((long) g * Script.GRANULE_BYTES, block, 0, block.length);
            } catch (final StorageException typed) {
                Arrays.fill(versions, g, g + Script.BLOCK_GRANULES, History.ANY);
                continue;
            }
            for (int i = 0; i < Script.BLOCK_GRANULES; i++) {
                versions[g + i] = Stamp.read(block, i * Script.GRANULE_BYTES, Script.GRANULE_BYTES, g + i,
                    history.run());
            }
        }
        return versions;
    }
}
