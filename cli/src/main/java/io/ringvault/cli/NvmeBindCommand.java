package io.ringvault.cli;

import io.ringvault.host.DriverBinding;
import io.ringvault.sys.SystemTree;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Hands a controller from the kernel's driver to vfio-pci. */
@Command(name = "bind", mixinStandardHelpOptions = true,
    description = {"Take a controller from the kernel's driver and give it to vfio-pci, for Ringvault to drive.",
        "Its data stays. Refuses a controller that is mounted, swap, or held by md, dm or lvm."})
final class NvmeBindCommand implements Callable<Integer> {
    @Mixin
    private BindOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final DriverBinding binding = new DriverBinding(SystemTree.below(options.root), options.address);
        return options.run(spec.commandLine().getOut(), binding, binding.bind(options.force), DriverBinding.VFIO);
    }
}
