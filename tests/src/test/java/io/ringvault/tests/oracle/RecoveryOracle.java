package io.ringvault.tests.oracle;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.engine.EngineProbe;
import io.ringvault.disk.volume.VolumeProbe;
import io.ringvault.tests.crash.CrashOracle;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.TestDisk;
import java.util.Arrays;

/**
 * Recovery is a function of image and anchor: done twice it gives the same metadata; a read-only open changes nothing
 * and shows what an open for writing shows; the engine starts with exactly what was recovered. The recovered metadata
 * must satisfy {@link PlaceOracle} and {@link SpaceOracle}. Looks at one image in so many. One thread.
 */
public final class RecoveryOracle implements CrashOracle {
    private final EngineKind kind;
    private final int every;
    private long images;
    private long checked;
    private long places;
    private SimRig image;
    private VolumeView recovered;
    private byte[] served;

    /** For disks of one kind. */
    public RecoveryOracle(final EngineKind kind, final int every) {
        this.kind = kind;
        this.every = every;
    }

    /** Images looked at, and places in them. */
    public String report() {
        return checked + " recoveries compared, " + places + " places";
    }

    @Override
    public void beforeOpen(final SimRig rig, final SimAnchor anchor) {
        image = null;
        if (images++ % every != 0) {
            return;
        }
        checked++;
        image = rig.copy();
        recovered = replayed(image, anchor);
        final String difference = recovered.difference(replayed(image, anchor));
        if (difference != null) {
            throw new AssertionError("two recoveries of one image differ: " + difference);
        }
        places += PlaceOracle.check(recovered);
        SpaceOracle.check(recovered);
    }

    @Override
    public void opened(final SimRig rig, final SimAnchor anchor, final TestDisk disk) {
        if (image == null) {
            return;
        }
        served = readOnly(kind, image, anchor);
        final VolumeView live = VolumeProbe.live(new EngineProbe(((EngineDisk) disk).engine()),
            rig.copy().open(), kind.keyBytes(), copy(anchor), kind.seals(), kind.windowBytes());
        PlaceOracle.check(live);
        SpaceOracle.check(live);
        final String difference = live.mappingDifference(recovered);
        if (difference != null) {
            throw new AssertionError("the running engine and the recovered index differ: " + difference);
        }
    }

    @Override
    public void afterOpen(final SimRig rig, final SimAnchor anchor, final TestDisk disk, final byte[] content) {
        if (image != null && !Arrays.equals(content, served)) {
            throw new AssertionError("opened read-only the image shows other content than opened for writing");
        }
    }

    /** Reads everything from an image that is opened for reading only, which must not change it. */
    static byte[] readOnly(final EngineKind kind, final SimRig image, final SimAnchor anchor) {
        final SimRig own = image.copy();
        final long before = own.device().fingerprint();
        final EngineDisk disk = kind.openReadOnly(own.open(), copy(anchor));
        final byte[] content = Recorder.readAll(disk);
        disk.abandon();
        if (own.device().fingerprint() != before
            || own.device().operations() != own.device().operations(SimulatedDevice.Kind.READ)) {
            throw new AssertionError("an open for reading only wrote to the device or flushed it");
        }
        return content;
    }

    private VolumeView replayed(final SimRig rig, final SimAnchor anchor) {
        return VolumeProbe.replayed(rig.copy().open(), kind.keyBytes(), copy(anchor), kind.seals(),
            kind.windowBytes(), false);
    }

    private static SimAnchor copy(final SimAnchor anchor) {
        return anchor == null ? null : anchor.copy();
    }
}
