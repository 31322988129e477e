package io.ringvault.tests.harness;

import io.ringvault.block.BlockDevice;

/** Formats and opens disks of one kind with one set of capacities. */
public interface DiskKind {

    /** Makes an empty disk on the device. */
    void format(BlockDevice device, SimAnchor anchor);

    /**
     * Opens for reading and writing; recovery included. The device is the disk's from here on, whether this fails or
     * not.
     */
    TestDisk open(BlockDevice device, SimAnchor anchor, CommitSink sink);

    /** Size that the device has to have. */
    long deviceBytes();

    /** Whether only syncs and closes commit what users wrote. */
    default boolean strictEpochs() {
        return false;
    }

    /** Capacity of the disk. */
    long userBytes();
}
