package io.ringvault.host;

import io.ringvault.nvme.vfio.PciFunction;
import io.ringvault.sys.SystemTree;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The NVMe controllers of a machine, whatever driver has them, as sysfs shows them. Reads only. */
public final class Controllers {
    private static final String PCI = "sys/bus/pci/devices";
    private static final int SECTOR_BYTES = 512;

    private final SystemTree tree;

    /** Those below a root. */
    public Controllers(final SystemTree tree) {
        this.tree = tree;
    }

    /** All PCI functions of class 010802, by address. */
    public List<PciFunction> functions() {
        return tree.names(PCI).stream().map(address -> new PciFunction(tree, address))
            .filter(function -> function.classCode() == PciFunction.NVME_CLASS).toList();
    }

    /** The function whose kernel controller has this name, for example {@code nvme0}. */
    public Optional<PciFunction> byName(final String controller) {
        return functions().stream().filter(each -> name(each).filter(controller::equals).isPresent()).findFirst();
    }

    /** The kernel's name of the controller, for example {@code nvme0}; empty when another driver has it. */
    public Optional<String> name(final PciFunction function) {
        return tree.names(folder(function) + "/nvme").stream().filter(each -> each.matches("nvme\\d+")).findFirst();
    }

    private static String folder(final PciFunction function) {
        return PCI + "/" + function.address();
    }

    /** One controller for people and scripts, with nvme-cli's names where it has them. */
    public Map<String, Object> describe(final PciFunction function) {
        final Map<String, Object> map = new LinkedHashMap<>();
        final String kernel = name(function).map(each -> folder(function) + "/nvme/" + each + "/").orElse(null);
        map.put("Address", function.address());
        map.put("Driver", function.driver().orElse(null));
        map.put("Controller", name(function).map(each -> "/dev/" + each).orElse(null));
        map.put("ModelNumber", text(kernel, "model"));
        map.put("SerialNumber", text(kernel, "serial"));
        map.put("Firmware", text(kernel, "firmware_rev"));
        map.put("PciId", tree.text(folder(function) + "/vendor").orElse("?").replace("0x", "") + ":"
            + tree.text(folder(function) + "/device").orElse("?").replace("0x", ""));
        map.put("IommuGroup", function.iommuGroup().orElse(null));
        map.put("NumaNode", tree.number(folder(function) + "/numa_node").orElse(-1L));
        map.put("InUse", function.uses());
        map.put("Namespaces", function.blockDevices().stream().map(this::namespace).toList());
        return map;
    }

    private String text(final String folder, final String file) {
        return folder == null ? null : tree.text(folder + file).map(Controllers::printable).orElse(null);
    }

    /** Device strings reach a terminal: only printable characters do. */
    private static String printable(final String text) {
        return text.replaceAll("[^ -~]", "?").strip();
    }

    private Map<String, Object> namespace(final String device) {
        final String folder = "sys/class/block/" + device + "/";
        final long size = tree.number(folder + "size").orElse(0L) * SECTOR_BYTES;
        final long sector = tree.number(folder + "queue/logical_block_size").orElse((long) SECTOR_BYTES);
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("NameSpace", Long.parseLong(device.substring(device.lastIndexOf('n') + 1)));
        map.put("DevicePath", "/dev/" + device);
        map.put("GenericPath", "/dev/" + device.replaceFirst("nvme", "ng"));
        map.put("MaximumLBA", size / sector);
        map.put("PhysicalSize", size);
        map.put("SectorSize", sector);
        return map;
    }

    /** All controllers, for JSON. */
    public Map<String, Object> describeAll() {
        final List<Map<String, Object>> all = new ArrayList<>();
        functions().forEach(each -> all.add(describe(each)));
        return Map.of("Devices", all);
    }
}
