package io.ringvault.tests.arch.planted.anchor;

import io.ringvault.tests.arch.planted.disk.Disk;

/** Planted: an anchor stands beside the disk and knows only the log. */
final class KnowsDisk {
    private Disk disk;
}
