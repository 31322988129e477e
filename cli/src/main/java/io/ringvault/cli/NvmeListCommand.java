package io.ringvault.cli;

import io.ringvault.block.Sizes;
import io.ringvault.host.Controllers;
import io.ringvault.nvme.vfio.PciFunction;
import io.ringvault.sys.SystemTree;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lists the machine's controllers. */
@Command(name = "list", mixinStandardHelpOptions = true,
    description = "List this machine's NVMe controllers, with the driver that has each. Touches none.")
final class NvmeListCommand implements Callable<Integer> {
    @Mixin
    private OutputOption output;

    @Option(names = "--root", hidden = true, defaultValue = "/")
    private java.nio.file.Path root;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final PrintWriter out = spec.commandLine().getOut();
        final Controllers controllers = new Controllers(SystemTree.below(root));
        if (output.isJson()) {
            output.print(out, controllers.describeAll());
            return 0;
        }
        final List<PciFunction> functions = controllers.functions();
        if (functions.isEmpty()) {
            out.println("no NVMe controller (PCI class 010802) on this machine; nvme+model: runs anywhere");
        }
        functions.forEach(each -> print(out, controllers.describe(each)));
        return 0;
    }

    private static void print(final PrintWriter out, final Map<String, Object> map) {
        final Object model = map.get("ModelNumber");
        out.println(map.get("Address") + "  " + value(map.get("Driver"), "no driver") + "  "
            + value(map.get("Controller"), "-") + "  "
            + (model == null ? "model unknown to sysfs, PCI " + map.get("PciId")
            : model + ", serial " + value(map.get("SerialNumber"), "?")
            + ", firmware " + value(map.get("Firmware"), "?"))
            + ", IOMMU group " + value(map.get("IommuGroup"), "none") + ", NUMA node " + map.get("NumaNode"));
        for (final Object namespace : (List<?>) map.get("Namespaces")) {
            final Map<?, ?> each = (Map<?, ?>) namespace;
            out.println("    " + each.get("DevicePath") + "  " + Sizes.formatRounded((Long) each.get("PhysicalSize"))
                + ", blocks of " + each.get("SectorSize"));
        }
        for (final Object use : (List<?>) map.get("InUse")) {
            out.println("    in use: " + use);
        }
    }

    private static Object value(final Object value, final String otherwise) {
        return value == null ? otherwise : value;
    }
}
