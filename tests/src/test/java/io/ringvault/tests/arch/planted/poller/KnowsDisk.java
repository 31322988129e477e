package io.ringvault.tests.arch.planted.poller;

import io.ringvault.tests.arch.planted.disk.Disk;

/** Planted: the poller stands above the disk. */
final class KnowsDisk {
    private Disk disk;
}
