package io.ringvault.tests.arch.planted.lsm;

import io.ringvault.tests.arch.planted.disk.Disk;

/** Planted: the index stands above the disk. */
final class KnowsDisk {
    private Disk disk;
}
