package io.ringvault.tests.oracle;

import io.ringvault.disk.engine.EngineProbe;
import io.ringvault.disk.volume.VolumeProbe;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;

/**
 * What a running engine knows equals what recovery makes of its device after a commit: the same place and tag for
 * every block, and in both no place twice and nothing live where it may be overwritten. Stateless.
 */
public final class MetadataOracle {
    private static final int QUIET_STEPS = 60;
    private static final int ROUNDS = 40;

    private MetadataOracle() {
    }

    /**
     * Waits until the engine rests, commits, and compares.
     *
     * @return false when the engine would not come to rest, and nothing was compared
     */
    public static boolean check(final EngineKind kind, final SimRig rig, final SimAnchor anchor,
        final EngineDisk disk, final Runnable sync) {
        if (!quiet(rig, disk)) {
            return false;
        }
        sync.run();
        final VolumeView live = VolumeProbe.live(new EngineProbe(disk.engine()), rig.copy().open(), kind.keyBytes(),
            copy(anchor), kind.seals(), kind.windowBytes());
        final VolumeView replayed = VolumeProbe.replayed(rig.copy().open(), kind.keyBytes(), copy(anchor),
            kind.seals(), kind.windowBytes(), true);
        compare(live, replayed);
        return true;
    }

    /** Throws when the two differ, or one is wrong in itself. */
    static void compare(final VolumeView live, final VolumeView replayed) {
        PlaceOracle.check(live);
        SpaceOracle.check(live);
        PlaceOracle.check(replayed);
        SpaceOracle.check(replayed);
        final String difference = live.mappingDifference(replayed);
        if (difference != null) {
            throw new AssertionError("the running engine and its replayed log differ: " + difference);
        }
    }

    private static boolean quiet(final SimRig rig, final EngineDisk disk) {
        for (int round = 0; round < ROUNDS; round++) {
            final long before = rig.operations();
            disk.idle(QUIET_STEPS);
            if (rig.operations() == before) {
                return true;
            }
        }
        return false;
    }

    private static SimAnchor copy(final SimAnchor anchor) {
        return anchor == null ? null : anchor.copy();
    }
}
