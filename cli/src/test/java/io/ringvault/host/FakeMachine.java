package io.ringvault.host;

import io.ringvault.sys.SystemTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder that looks like the {@code /proc}, {@code /sys} and {@code /dev} of some machine. */
public final class FakeMachine {
    /** The address of {@link #controller}. */
    public static final String BDF = "0000:01:00.0";

    private final Path root;

    /** An empty one. */
    public FakeMachine(final Path root) {
        this.root = root;
    }

    /** Writes a file. */
    public FakeMachine file(final String path, final String text) {
        try {
            final Path file = root.resolve(path);
            Files.createDirectories(file.getParent());
            Files.writeString(file, text + "\n");
            return this;
        } catch (final IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    /** Makes a symbolic link. */
    public FakeMachine link(final String path, final String target) {
        try {
            final Path link = root.resolve(path);
            Files.createDirectories(link.getParent());
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, Path.of(target));
            return this;
        } catch (final IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    /** Removes a file or link. */
    public FakeMachine remove(final String path) {
        try {
            Files.delete(root.resolve(path));
            return this;
        } catch (final IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    /** A PCI function. */
    public FakeMachine function(final String address, final String classCode, final String driver,
        final String group) {
        final String folder = "sys/bus/pci/devices/" + address + "/";
        file(folder + "class", classCode).file(folder + "vendor", "0x8086").file(folder + "device", "0x0a54")
            .file(folder + "numa_node", "0").file(folder + "driver_override", "(null)");
        if (!driver.isEmpty()) {
            file("sys/bus/pci/drivers/" + driver + "/unbind", "").link(folder + "driver",
                "../../../../bus/pci/drivers/" + driver);
        }
        if (!group.isEmpty()) {
            link("sys/kernel/iommu_groups/" + group + "/devices/" + address, "../../../../bus/pci/devices/" + address);
            link(folder + "iommu_group", "../../../../kernel/iommu_groups/" + group);
        }
        return file("sys/bus/pci/drivers_probe", "");
    }

    /** An NVMe controller on the kernel's driver, nvme0 with one namespace of 1 GiB and one partition. */
    public FakeMachine controller() {
        final String kernel = "sys/bus/pci/devices/" + BDF + "/nvme/nvme0/";
        return function(BDF, "0x010802", "nvme", "14")
            .file(kernel + "model", "A model \u001b[31m").file(kernel + "serial", "S123")
            .file(kernel + "firmware_rev", "1.2")
            .file(kernel + "nvme0n1/nsid", "1")
            .file("sys/class/block/nvme0n1/dev", "259:0").file("sys/class/block/nvme0n1/size", "2097152")
            .file("sys/class/block/nvme0n1/queue/logical_block_size", "4096")
            .file("sys/class/block/nvme0n1/nvme0n1p1/dev", "259:1").file("sys/class/block/nvme0n1p1/dev", "259:1")
            .file("dev/nvme0n1", "").file("dev/nvme0n1p1", "")
            .file("proc/self/mountinfo", "29 1 8:1 / / rw - ext4 /dev/sda1 rw").file("proc/swaps", "Filename Type");
    }

    /** The controller on vfio-pci instead. */
    public FakeMachine handedOver() {
        return function(BDF, "0x010802", "vfio-pci", "14");
    }

    /** What is read. */
    public SystemTree tree() {
        return SystemTree.below(root);
    }

    /** Where it lies. */
    public Path root() {
        return root;
    }
}
