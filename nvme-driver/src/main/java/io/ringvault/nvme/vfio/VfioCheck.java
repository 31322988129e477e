package io.ringvault.nvme.vfio;

import io.ringvault.block.StorageException;
import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.SystemTree;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Every reason not to touch a controller, each with what to do about it. Control plane; reads sysfs, opens nothing.
 */
final class VfioCheck {
    private static final String VFIO_PCI = "vfio-pci";
    private static final String NODES = "dev/vfio/";

    private final VfioOptions options;
    private final SystemTree tree;
    private final PciFunction function;

    VfioCheck(final VfioOptions options, final SystemTree tree) {
        this.options = options;
        this.tree = tree;
        this.function = new PciFunction(tree, options.address());
    }

    /**
     * How the controller is to be opened.
     *
     * @param way  TYPE1, IOMMUFD or NONE
     * @param node of the group or the device, below the tree's root
     */
    record Target(VfioOptions.Way way, String node) {
    }

    /** Checks in the order in which a user can mend things; CONFIGURATION with the first that is wrong. */
    Target target() {
        checkFunction();
        checkDriver();
        final String group = function.iommuGroup().orElse(null);
        if (options.path() == VfioOptions.Way.NONE) {
            return withoutIommu(group);
        }
        if (group == null || !tree.exists(NODES + group) && tree.exists(NODES + "noiommu-" + group)) {
            throw options.refused("no IOMMU stands between this controller and the machine's memory. Switch one on ("
                + "firmware: VT-d, AMD-Vi or SMMU; Intel: kernel parameter intel_iommu=on), or accept that the "
                + "controller can read and write all memory: " + withParameter(VfioOptions.NO_IOMMU));
        }
        checkGroup();
        final boolean groupNode = tree.exists(NODES + group);
        final String node = function.vfioNode().map(each -> NODES + "devices/" + each).orElse(null);
        final boolean deviceNode = node != null && tree.exists(node) && tree.exists("dev/iommu");
        if (groupNode && options.path() != VfioOptions.Way.IOMMUFD) {
            return permitted(new Target(VfioOptions.Way.TYPE1, NODES + group));
        }
        if (deviceNode && options.path() != VfioOptions.Way.TYPE1) {
            return permitted(new Target(VfioOptions.Way.IOMMUFD, node));
        }
        throw options.refused(options.path() == VfioOptions.Way.IOMMUFD
            ? "this kernel offers no iommufd for it (no /dev/iommu, or no node below /dev/vfio/devices; Linux 6.6 and "
            + "newer can have both): leave iommu= out"
            : "there is no " + SystemTree.shown(NODES + group) + "; load the module: modprobe vfio-pci");
    }

    private String withParameter(final String value) {
        return "nvme:" + options.address() + "?" + VfioOptions.IOMMU_KEY + "=" + value;
    }

    private void checkFunction() {
        if (!function.exists()) {
            throw options.refused("there is no PCI device " + options.address()
                + "; 'ringvault nvme list' shows what is there");
        }
        if (function.classCode() != PciFunction.NVME_CLASS) {
            throw options.refused("PCI device " + options.address() + " has class "
                + String.format("%06x", function.classCode() & 0xFFFFFF) + " and is no NVMe controller (010802)");
        }
    }

    private void checkDriver() {
        final String driver = function.driver().orElse("no driver");
        if (driver.equals(VFIO_PCI)) {
            return;
        }
        final List<String> uses = function.uses();
        if (!uses.isEmpty()) {
            throw options.refused("this controller is in use by the system: " + String.join(", ", uses)
                + ". Nothing was touched. If all data on it may go, stop these uses first, then: ringvault nvme bind "
                + options.address());
        }
        throw options.refused("this controller is bound to " + driver + ", not to " + VFIO_PCI
            + "; hand it over with: ringvault nvme bind " + options.address());
    }

    private void checkGroup() {
        final List<PciFunction> others = function.groupMembers().stream()
            .filter(each -> !each.address().equals(options.address()) && !each.isBridge())
            .filter(each -> each.driver().isPresent() && !each.driver().get().startsWith("vfio")
                && !each.driver().get().equals("pci-stub")).toList();
        if (!others.isEmpty()) {
            throw options.refused("its IOMMU group has other devices in use by the system ("
                + others.stream().map(each -> each.address() + " bound to " + each.driver().get())
                .collect(Collectors.joining(", "))
                + "), and the IOMMU cannot tell them apart. Unbind those too, or put the controller into another slot");
        }
    }

    private Target withoutIommu(final String group) {
        if (group != null && tree.exists(NODES + group)) {
            throw options.refused("an IOMMU protects the machine from this controller; leave "
                + VfioOptions.IOMMU_KEY + "=" + VfioOptions.NO_IOMMU + " out");
        }
        if (group == null || !tree.exists(NODES + "noiommu-" + group)) {
            throw options.refused("the kernel does not offer VFIO without IOMMU for it. If it was built with "
                + "CONFIG_VFIO_NOIOMMU: echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode, then: "
                + "ringvault nvme bind " + options.address());
        }
        return permitted(new Target(VfioOptions.Way.NONE, NODES + "noiommu-" + group));
    }

    private Target permitted(final Target target) {
        if (!tree.writable(target.node())) {
            throw noPermission(target);
        }
        return target;
    }

    private StorageException noPermission(final Target target) {
        final String node = SystemTree.shown(target.node());
        return target.way() == VfioOptions.Way.NONE
            ? options.refused("no permission on " + node + ": work without an IOMMU needs root (CAP_SYS_RAWIO)")
            : options.refused("no permission on " + node + "; as root: chown " + System.getProperty("user.name") + " "
            + node);
    }

    /** What a failed open means. */
    StorageException explain(final Target target, final NativeIoException failed) {
        final String node = SystemTree.shown(target.node());
        final boolean bindRefused = failed.operation().equals("VFIO_DEVICE_BIND_IOMMUFD");
        final StorageException.Category category = StorageException.Category.CONFIGURATION;
        final String text = switch (failed.errno()) {
            case Errno.EBUSY -> inUse(node);
            case Errno.EINVAL -> bindRefused ? inUse(node) : failed.getMessage();
            case Errno.EACCES -> noPermission(target).getMessage();
            case Errno.EPERM -> failed.operation().equals("VFIO_SET_IOMMU")
                ? "VFIO refused the IOMMU, most likely because the machine has no interrupt remapping; accept the risk "
                + "of forged interrupts with: echo 1 > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
                : failed.getMessage() + "; work without an IOMMU needs root (CAP_SYS_RAWIO)";
            case Errno.ENOENT, Errno.ENODEV -> failed.getMessage() + "; load the modules: modprobe vfio-pci, modprobe "
                + "vfio_iommu_type1";
            default -> failed.getMessage();
        };
        return new StorageException(category, "device '" + options.uri() + "': " + text, failed);
    }

    private static String inUse(final String node) {
        return node + " is in use, by this or another process; a controller has one owner at a time, for all of its "
            + "namespaces (who: fuser -v " + node + ")";
    }
}
