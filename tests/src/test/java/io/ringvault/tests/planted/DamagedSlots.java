package io.ringvault.tests.planted;

import io.ringvault.block.StorageException;
import io.ringvault.disk.volume.VolumeProbe;
import io.ringvault.log.Geometry;
import io.ringvault.log.Place;
import io.ringvault.log.Superblock;
import io.ringvault.log.Superblocks;
import io.ringvault.tests.adversary.Volume;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The newest superblock slot, or the checkpoint that it names, is damaged at some moment of a busy life. The other slot
 * leads to the same commits, since nothing that it needs was reused (protocol rules 24 and 39); and the open that goes
 * on from there may itself be cut off anywhere.
 */
final class DamagedSlots {
    private static final int IMAGES = 40;
    private static final int NESTED_ONE_IN = 6;

    private final Random random;
    private final EngineKind kind;
    private final SimRig rig;
    private final SimAnchor anchor;
    private final Recorder recorder;
    private int checkpointsDamaged;

    private DamagedSlots(final long seed) {
        random = new Random(seed);
        kind = EngineKind.tiny(seed);
        rig = SimRig.create(kind.deviceBytes(), seed);
        anchor = seed % 2 == 0 ? new SimAnchor(1) : null;
        recorder = new Recorder(new History(EngineKind.TINY_BLOCKS * Script.BLOCK_GRANULES, seed | 1));
    }

    static void check(final long seed) {
        final DamagedSlots life = new DamagedSlots(seed);
        try {
            life.run();
        } catch (final AssertionError | StorageException failed) {
            throw new AssertionError("seed " + seed + ": " + failed.getMessage(), failed);
        }
    }

    private void run() {
        kind.format(rig.open(), anchor);
        recorder.attach(kind.open(rig.open(), anchor, recorder));
        for (int image = 0; image < IMAGES; image++) {
            final int hot = 1 + random.nextInt(EngineKind.TINY_BLOCKS - 4);
            for (int i = 5 + random.nextInt(25); i > 0; i--) {
                recorder.write((long) random.nextInt(hot) * Script.BLOCK_GRANULES,
                    (1 + random.nextInt(4)) * Script.BLOCK_GRANULES);
                if (random.nextInt(4) == 0) {
                    recorder.sync();
                }
            }
            recorder.sync();
            damage(image % NESTED_ONE_IN == 0);
        }
        recorder.disk().abandon();
        Volume.require(checkpointsDamaged > IMAGES / 4, "only " + checkpointsDamaged + " checkpoints were damaged");
    }

    private void damage(final boolean nested) {
        final SimRig image = rig.crash(Keep.ALL, random.nextLong());
        final Superblocks slots = VolumeProbe.superblocks(image.copy().open(), kind.keyBytes(), copy(anchor),
            kind.seals());
        final Superblock newest = slots.current();
        final Place root = newest.checkpointRoot();
        final boolean checkpoint = slots.other() != null && !root.equals(slots.other().checkpointRoot())
            && random.nextInt(4) > 0;
        checkpointsDamaged += checkpoint ? 1 : 0;
        final long block = checkpoint ? kind.geometry().blockOf(root.segment(), root.slot())
            : kind.geometry().slotBlock(newest.which());
        image.device().flipBit(block * Geometry.BLOCK_BYTES + random.nextInt(Geometry.BLOCK_BYTES), random.nextInt(8));
        final String what = "the newest " + (checkpoint ? "checkpoint" : "slot") + " is damaged";
        found(image.copy(), copy(anchor), what);
        if (nested) {
            cutOff(image, what);
        }
    }

    /** Opens once more, and crashes at each change of the device on the way. */
    private void cutOff(final SimRig image, final String what) {
        final List<SimRig> crashed = new ArrayList<>();
        final List<SimAnchor> anchors = new ArrayList<>();
        final SimAnchor own = copy(anchor);
        image.observe(() -> {
            crashed.add(image.crash(random.nextBoolean() ? Keep.TORN : Keep.values()[random.nextInt(
                Keep.values().length)], random.nextLong()));
            anchors.add(copy(own));
        });
        kind.open(image.open(), own, Recorder.opening()).abandon();
        image.observe(null);
        for (int i = 0; i < crashed.size(); i++) {
            found(crashed.get(i), anchors.get(i), what + ", and the open ended at its change " + i);
        }
    }

    private void found(final SimRig image, final SimAnchor with, final String what) {
        final EngineDisk disk;
        try {
            disk = kind.open(image.open(), with, Recorder.opening());
        } catch (final StorageException refused) {
            throw new AssertionError(what + ": " + refused.getMessage(), refused);
        }
        try {
            HistoryChecker.check(recorder.history(), Recorder.readAll(disk), Script.GRANULE_BYTES,
                recorder.history().admissible());
        } catch (final StorageException unreadable) {
            throw new AssertionError(what + ": " + unreadable.getMessage(), unreadable);
        } finally {
            disk.abandon();
        }
    }

    private static SimAnchor copy(final SimAnchor anchor) {
        return anchor == null ? null : anchor.copy();
    }
}
