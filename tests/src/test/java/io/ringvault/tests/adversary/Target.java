package io.ringvault.tests.adversary;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.nonce.NonceOracle;
import io.ringvault.torture.History;
import io.ringvault.torture.Stamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * An image to be attacked, with everything the adversary has beside it: what each block is, older images of the same
 * volume, another volume under the same key file, and a clone that went another way. Not changed once it is made, so
 * that several threads may attack copies of it.
 */
final class Target {
    private static final int GRANULES = EngineKind.TINY_BLOCKS * Script.BLOCK_GRANULES;
    private static final int OLDER = 5;

    /** For messages and hashes. */
    final String name;
    final EngineKind kind;
    /** Null without an anchor. */
    final SimAnchor anchor;
    final SimulatedDevice medium;
    final Map<String, List<Long>> blocks;
    final List<String> kinds;
    final List<SimulatedDevice> older = new ArrayList<>();
    final SimulatedDevice foreign;
    final SimulatedDevice fork;
    private final long[] newest = new long[GRANULES];
    private final long run;

    /**
     * @param clean closed in good order; otherwise left as after a power failure behind a sync, without an anchor at
     *              rest, when the log itself says how far it is durable
     */
    Target(final String name, final long seed, final boolean anchored, final boolean clean) {
        this.name = name;
        final SealLog log = new SealLog();
        kind = EngineKind.tiny(seed, new NonceOracle(log));
        final Volume volume = new Volume(kind, seed, anchored);
        run = seed | 1;
        final Random random = new Random(seed);
        for (int i = 0; i < OLDER; i++) {
            work(volume, random, 45);
            volume.recorder.close();
            older.add(volume.medium());
        }
        fork = fork(volume, seed);
        work(volume, random, 70);
        if (clean) {
            volume.recorder.close();
            medium = volume.medium();
        } else if (!anchored) {
            volume.recorder.sync();
            volume.recorder.disk().idle(2000);
            medium = volume.medium();
            volume.recorder.disk().abandon();
        } else {
            volume.recorder.sync();
            volume.recorder.disk().idle(400);
            volume.recorder.write(8L * random.nextInt(60), 24);
            volume.recorder.write(8L * random.nextInt(60), 40);
            volume.recorder.sync();
            medium = volume.rig.device().crash(CrashPolicy.NONE, seed);
            volume.recorder.disk().abandon();
        }
        anchor = anchored ? volume.anchor.copy() : null;
        for (int g = 0; g < GRANULES; g++) {
            newest[g] = volume.recorder.history().newest(g);
        }
        blocks = log.blocksByKind(medium, kind.geometry());
        kinds = List.copyOf(blocks.keySet());
        foreign = foreign(seed);
    }

    /** Overwrites, long trims, partial blocks and syncs, until every kind of block is there. */
    private static void work(final Volume volume, final Random random, final int steps) {
        volume.open();
        for (int i = 0; i < steps; i++) {
            final int first = random.nextInt(EngineKind.TINY_BLOCKS - 6);
            final int dice = random.nextInt(20);
            if (dice == 0) {
                volume.recorder.trim((long) random.nextInt(20) * Script.BLOCK_GRANULES, 70 * Script.BLOCK_GRANULES);
            } else if (dice < 3) {
                volume.recorder.write((long) first * Script.BLOCK_GRANULES + 3, 1 + random.nextInt(9));
            } else {
                volume.recorder.write((long) first * Script.BLOCK_GRANULES,
                    (1 + random.nextInt(5)) * Script.BLOCK_GRANULES);
            }
            if (random.nextInt(5) == 0) {
                volume.recorder.sync();
            }
            volume.recorder.disk().idle(4);
        }
    }

    /** The same volume, opened elsewhere and written to: its own anchor, as the one who stole the medium has it. */
    private static SimulatedDevice fork(final Volume volume, final long seed) {
        final SimulatedDevice stolen = volume.medium();
        final SimAnchor anchor = volume.anchor == null ? null : volume.anchor.copy();
        final EngineKind elsewhere = EngineKind.tiny(seed + 77);
        final Recorder recorder = new Recorder(new History(GRANULES, seed + 2));
        recorder.attach(elsewhere.open(stolen, anchor, recorder));
        for (int i = 0; i < 40; i++) {
            recorder.write(8L * (i * 7 % 90), 24);
            if (i % 6 == 0) {
                recorder.sync();
            }
        }
        recorder.disk().close();
        return stolen.crash(CrashPolicy.ALL, 1);
    }

    private static SimulatedDevice foreign(final long seed) {
        final EngineKind same = EngineKind.tiny(seed + 99);
        final SimRig rig = SimRig.create(same.deviceBytes(), seed);
        same.format(rig.open(), null);
        final Recorder recorder = new Recorder(new History(GRANULES, seed + 4));
        recorder.attach(same.open(rig.open(), null, recorder));
        for (int i = 0; i < 120; i++) {
            recorder.write(8L * (i * 11 % 90), 32);
        }
        recorder.disk().close();
        return rig.device().crash(CrashPolicy.ALL, 1);
    }

    /** A copy to be attacked. */
    SimulatedDevice copy(final long seed) {
        return medium.crash(CrashPolicy.ALL, seed);
    }

    /** The newest versions, by granule. */
    long[] newest() {
        return newest.clone();
    }

    /** The version in a granule as read; {@link Stamp#FOREIGN} for what was never written there. */
    long version(final byte[] read, final int offset, final int granule) {
        return Stamp.read(read, offset, Script.GRANULE_BYTES, granule, run);
    }

    /** The number in the stamps. */
    long run() {
        return run;
    }
}
