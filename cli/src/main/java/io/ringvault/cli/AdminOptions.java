package io.ringvault.cli;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeAdmin;
import picocli.CommandLine.Parameters;

/** What names a controller. */
final class AdminOptions {
    private static final long HIGHEST_NAMESPACE = 0xFFFF_FFFEL;

    @Parameters(paramLabel = "DEVICE", description = {"A PCI address or nvme: URI of a controller on vfio-pci,",
        "nvme+vfio-user:PATH, nvme+model:PATH, or /dev/nvmeN of the kernel's driver."})
    String device;

    /** The device as {@link NvmeAdmin#open} wants it. */
    String uri() {
        return device.matches("[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]") ? "nvme:" + device : device;
    }

    NvmeAdmin open() {
        return NvmeAdmin.open(uri());
    }

    static int namespace(final long id) {
        if (id < 1 || id > HIGHEST_NAMESPACE) {
            throw StorageException.configuration("namespace " + id + " is not in 1.." + HIGHEST_NAMESPACE);
        }
        return (int) id;
    }
}
