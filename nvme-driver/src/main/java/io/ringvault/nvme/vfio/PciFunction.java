package io.ringvault.nvme.vfio;

import io.ringvault.sys.SystemTree;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * One PCI function as sysfs shows it: read each time it is asked, nothing is kept. Control plane, any thread. Reads
 * only.
 */
public final class PciFunction {
    /** Class of an NVM Express controller: mass storage, non-volatile memory, NVM Express I/O. */
    public static final long NVME_CLASS = 0x010802;

    private final SystemTree tree;
    private final String address;
    private final String folder;

    /**
     * The function at an address.
     *
     * @param tree    the system's files
     * @param address as sysfs writes it, for example {@code 0000:01:00.0}
     */
    public PciFunction(final SystemTree tree, final String address) {
        this.tree = tree;
        this.address = address;
        this.folder = "sys/bus/pci/devices/" + address;
    }

    /** Its address. */
    public String address() {
        return address;
    }

    /** Whether it is there. */
    public boolean exists() {
        return tree.exists(folder);
    }

    /** Base class, subclass and programming interface, for example 010802h; -1 when unknown. */
    public long classCode() {
        return tree.number(folder + "/class").orElse(-1L);
    }

    /** Whether it is a bridge, which does not count among an IOMMU group's devices. */
    boolean isBridge() {
        return classCode() >>> 16 == 6;
    }

    /** The driver that it is bound to. */
    public Optional<String> driver() {
        return tree.linkName(folder + "/driver");
    }

    /** The number of its IOMMU group; with no-IOMMU mode VFIO makes one up. */
    public Optional<String> iommuGroup() {
        return tree.linkName(folder + "/iommu_group");
    }

    /** The functions of its IOMMU group, itself included; empty without a group. */
    public List<PciFunction> groupMembers() {
        return tree.names(folder + "/iommu_group/devices").stream().map(each -> new PciFunction(tree, each)).toList();
    }

    /** The name of its own VFIO node below {@code /dev/vfio/devices}, on kernels that have one. */
    public Optional<String> vfioNode() {
        return tree.names(folder + "/vfio-dev").stream().findFirst();
    }

    /** Block devices that the kernel's nvme driver made of its namespaces, for example {@code nvme0n1}. */
    public List<String> blockDevices() {
        final TreeSet<String> found = new TreeSet<>();
        for (final String controller : tree.names(folder + "/nvme")) {
            for (final String each : tree.names(folder + "/nvme/" + controller)) {
                // With native multipathing the folder holds nvme0c0n1, and the device is nvme0n1.
                final String name = each.replaceFirst("^(nvme\\d+)c\\d+(n\\d+)$", "$1$2");
                if (name.matches("nvme\\d+n\\d+") && tree.exists("sys/class/block/" + name)) {
                    found.add(name);
                }
            }
        }
        return List.copyOf(found);
    }

    /**
     * What keeps its namespaces in use: mounts, swap, device-mapper and RAID on top. Each as a text such as {@code
     * nvme0n1p1 is mounted on /boot}.
     */
    public List<String> uses() {
        final List<String> uses = new ArrayList<>();
        for (final String device : blockDevices()) {
            final List<String> parts = new ArrayList<>(List.of(device));
            tree.names("sys/class/block/" + device).stream().filter(each -> each.startsWith(device + "p"))
                .forEach(parts::add);
            for (final String part : parts) {
                mounts(part).forEach(each -> uses.add(part + " is mounted on " + each));
                tree.lines("proc/swaps").stream().filter(each -> each.startsWith("/dev/" + part + " ")
                    || each.startsWith("/dev/" + part + "\t")).forEach(each -> uses.add(part + " is swap space"));
                tree.names("sys/class/block/" + part + "/holders").forEach(each ->
                    uses.add(part + " is held by " + each));
            }
        }
        return uses;
    }

    private List<String> mounts(final String part) {
        final String number = tree.text("sys/class/block/" + part + "/dev").orElse("");
        // mountinfo: id, parent, major:minor, root, mount point, ..., "-", type, source, ...; btrfs has numbers of its
        // own, and only the source tells.
        return tree.lines("proc/self/mountinfo").stream().filter(each -> each.split(" ").length > 4)
            .filter(each -> each.split(" ")[2].equals(number) || each.contains(" - ") && each.substring(
                each.indexOf(" - ")).contains(" /dev/" + part + " "))
            .map(each -> each.split(" ")[4]).distinct().toList();
    }

    @Override
    public String toString() {
        return address;
    }
}
