package io.ringvault.nvme.vfio;

import io.ringvault.sys.SystemCalls;
import io.ringvault.sys.SystemTree;

/**
 * The machine below this package: its system calls and its files, which tests replace.
 *
 * @param calls how descriptors are opened and used
 * @param tree  {@code /proc}, {@code /sys} and {@code /dev}
 */
record VfioHost(SystemCalls calls, SystemTree tree) {

    /** The machine that this process runs on. */
    static VfioHost machine() {
        return new VfioHost(SystemCalls.real(), SystemTree.machine());
    }
}
