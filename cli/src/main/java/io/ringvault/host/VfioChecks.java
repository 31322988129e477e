package io.ringvault.host;

import io.ringvault.host.Finding.DevicePath;
import io.ringvault.nvme.vfio.PciFunction;
import io.ringvault.sys.ConfidentialGuest;
import io.ringvault.sys.SystemTree;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** IOMMU, VFIO, confidential guests, and one controller where it was named. */
final class VfioChecks {
    private static final String NO_IOMMU_SWITCH = "sys/module/vfio/parameters/enable_unsafe_noiommu_mode";
    private static final String HEAP = "dev/dma_heap/system_cc_shared";

    private final SystemTree tree;
    private final ConfidentialGuest guest;

    VfioChecks(final SystemTree tree) {
        this.tree = tree;
        this.guest = ConfidentialGuest.detect(tree);
    }

    List<Finding> findings() {
        final List<Finding> findings = new ArrayList<>();
        findings.add(guest());
        findings.add(iommu());
        findings.add(driver());
        findings.add(container());
        findings.add(iommufd());
        findings.add(noIommu());
        if (guest.present()) {
            findings.add(sharedHeap());
        }
        return findings;
    }

    private Finding guest() {
        if (!guest.present()) {
            return Finding.ok("confidential guest", "no");
        }
        return Finding.warning("confidential guest", guest.kind().text() + " (" + guest.evidence() + "): devices reach"
            + " shared pages only, and such guests normally have no virtual IOMMU. The real path is VFIO without an"
            + " IOMMU and DMA memory from the heap system_cc_shared. Ringvault can take memory from that heap today and"
            + " does not yet drive a controller with it",
            "use the guest kernel's driver meanwhile: file:/dev/nvme0n1; what leaves the guest is ciphertext");
    }

    private Finding iommu() {
        final List<String> units = tree.names("sys/class/iommu");
        if (!units.isEmpty()) {
            return Finding.ok("IOMMU", String.join(" ", units));
        }
        final String command = tree.text("proc/cmdline").orElse("");
        final boolean off = command.contains("iommu=off");
        return Finding.missing("IOMMU", off ? "switched off by a kernel parameter" : "none in /sys/class/iommu",
            guest.present() ? "none: the host would have to offer a virtual one"
            : off ? "remove iommu=off from the kernel's parameters and boot again"
            : "switch on VT-d, AMD-Vi or SMMU in the firmware; Intel: add intel_iommu=on to GRUB_CMDLINE_LINUX,"
            + " update-grub, reboot", DevicePath.VFIO);
    }

    private Finding driver() {
        return tree.exists("sys/bus/pci/drivers/vfio-pci") ? Finding.ok("vfio-pci", "loaded")
            : Finding.missing("vfio-pci", "the driver is not loaded", "modprobe vfio-pci", DevicePath.VFIO,
            DevicePath.NO_IOMMU);
    }

    private Finding container() {
        final String node = "dev/vfio/vfio";
        if (!tree.exists(node)) {
            return Finding.missing("/dev/vfio", "/dev/vfio/vfio is not there", "modprobe vfio-pci (in a container also:"
                + " docker run --device /dev/vfio)", DevicePath.VFIO, DevicePath.NO_IOMMU);
        }
        return tree.writable(node) ? Finding.ok("/dev/vfio", "permitted")
            : Finding.missing("/dev/vfio", "no permission on /dev/vfio/vfio", "chmod 0666 /dev/vfio/vfio",
            DevicePath.VFIO);
    }

    private Finding iommufd() {
        return tree.exists("dev/iommu") ? Finding.ok("iommufd", "/dev/iommu")
            : Finding.ok("iommufd", "no /dev/iommu; containers and groups do the same");
    }

    private Finding noIommu() {
        final String name = "VFIO without IOMMU";
        return switch (tree.text(NO_IOMMU_SWITCH).orElse("")) {
            case "Y", "1" -> Finding.warning(name, "switched on: a controller opened so can read and write all memory",
                "echo N > " + SystemTree.shown(NO_IOMMU_SWITCH) + " when it is not used");
            case "N", "0" -> Finding.missing(name, "possible, switched off", "echo Y > "
                + SystemTree.shown(NO_IOMMU_SWITCH), DevicePath.NO_IOMMU);
            default -> Finding.missing(name, "not on this kernel, or the module vfio is not loaded",
                "modprobe vfio; a kernel built with CONFIG_VFIO_NOIOMMU", DevicePath.NO_IOMMU);
        };
    }

    private Finding sharedHeap() {
        return tree.exists(HEAP) ? Finding.ok("shared DMA heap", SystemTree.shown(HEAP))
            : Finding.missing("shared DMA heap", SystemTree.shown(HEAP) + " is not there: this kernel gives out no"
            + " shared DMA memory", "a kernel with the heap system_cc_shared (CONFIG_DMABUF_HEAPS_SYSTEM)",
            DevicePath.NO_IOMMU, DevicePath.VFIO);
    }

    /** One controller, by PCI address. */
    List<Finding> controller(final String address, final boolean behindIommu) {
        final DevicePath path = behindIommu ? DevicePath.VFIO : DevicePath.NO_IOMMU;
        final PciFunction function = new PciFunction(tree, address);
        final List<Finding> findings = new ArrayList<>();
        if (!function.exists() || function.classCode() != PciFunction.NVME_CLASS) {
            findings.add(Finding.missing("controller", address + (function.exists() ? " is no NVMe controller"
                : " is not there"), "ringvault nvme list", path));
            return findings;
        }
        final List<String> uses = function.uses();
        final String driver = function.driver().orElse("no driver");
        if (!uses.isEmpty()) {
            findings.add(Finding.missing("controller", "in use: " + String.join("; ", uses), "stop these uses; all data"
                + " stays with them", path));
        } else if (driver.equals(DriverBinding.VFIO)) {
            findings.add(Finding.ok("controller", address + " is bound to vfio-pci"));
        } else {
            findings.add(Finding.missing("controller", address + " is bound to " + driver, "ringvault nvme bind "
                + address, path));
        }
        if (behindIommu && driver.equals(DriverBinding.VFIO)) {
            findings.add(group(function));
        }
        findings.add(node(function));
        return findings;
    }

    private Finding group(final PciFunction function) {
        final String node = "dev/vfio/" + function.iommuGroup().orElse("-");
        final List<String> others = function.groupMembers().stream()
            .filter(each -> !each.address().equals(function.address()) && each.classCode() >>> 16 != 6)
            .filter(each -> each.driver().isPresent() && !each.driver().get().startsWith("vfio"))
            .map(PciFunction::address).toList();
        if (!others.isEmpty()) {
            return Finding.missing("IOMMU group", "shared with " + others + ", which other drivers have",
                "unbind them too, or use another slot", DevicePath.VFIO);
        }
        return tree.writable(node) ? Finding.ok("IOMMU group", SystemTree.shown(node) + ", permitted")
            : Finding.missing("IOMMU group", "no permission on " + SystemTree.shown(node), "chown $(id -u) "
            + SystemTree.shown(node), DevicePath.VFIO);
    }

    private Finding node(final PciFunction function) {
        final String folder = "sys/bus/pci/devices/" + function.address() + "/";
        final long node = tree.number(folder + "numa_node").orElse(-1L);
        final BitSet near = CpuList.parse(tree.text(folder + "local_cpulist").orElse(""));
        near.and(HostChecks.usableCores(tree));
        if (node < 0 || !near.isEmpty()) {
            return Finding.ok("NUMA node", node < 0 ? "one node" : node + ", cores " + near);
        }
        return Finding.warning("NUMA node", "the controller is at node " + node + ", and no usable core is there",
            "numactl --cpunodebind=" + node + " --membind=" + node + " ringvault ...");
    }
}
