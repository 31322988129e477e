package io.ringvault.tests.crash;

import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.TestDisk;
import java.util.List;

/** Sees every device that is used and may fail after each examination; throws what it finds. */
public interface CrashOracle {
    /** Sees nothing. */
    CrashOracle NONE = new CrashOracle() { };

    /** This device is going to be used. */
    default void watch(final SimRig rig) {
    }

    /** This image is going to be opened for writing; the oracle must leave it as it is. */
    default void beforeOpen(final SimRig rig, final SimAnchor anchor) {
    }

    /** The image was opened for writing; no step was done since. */
    default void opened(final SimRig rig, final SimAnchor anchor, final TestDisk disk) {
    }

    /** The image was opened for writing and read as a whole. */
    default void afterOpen(final SimRig rig, final SimAnchor anchor, final TestDisk disk, final byte[] content) {
    }

    /** Throws if anything was wrong. */
    default void check() {
    }

    /** Several at once. */
    static CrashOracle all(final List<? extends CrashOracle> oracles) {
        return new CrashOracle() {
            @Override
            public void watch(final SimRig rig) {
                oracles.forEach(oracle -> oracle.watch(rig));
            }

            @Override
            public void beforeOpen(final SimRig rig, final SimAnchor anchor) {
                oracles.forEach(oracle -> oracle.beforeOpen(rig, anchor));
            }

            @Override
            public void opened(final SimRig rig, final SimAnchor anchor, final TestDisk disk) {
                oracles.forEach(oracle -> oracle.opened(rig, anchor, disk));
            }

            @Override
            public void afterOpen(final SimRig rig, final SimAnchor anchor, final TestDisk disk,
                final byte[] content) {
                oracles.forEach(oracle -> oracle.afterOpen(rig, anchor, disk, content));
            }

            @Override
            public void check() {
                oracles.forEach(CrashOracle::check);
            }
        };
    }
}
