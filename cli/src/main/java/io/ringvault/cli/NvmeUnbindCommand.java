package io.ringvault.cli;

import io.ringvault.host.DriverBinding;
import io.ringvault.sys.SystemTree;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Gives a controller back to the kernel's driver. */
@Command(name = "unbind", mixinStandardHelpOptions = true,
    description = "Give a controller back from vfio-pci to the kernel's nvme driver. Its data stays.")
final class NvmeUnbindCommand implements Callable<Integer> {
    @Mixin
    private BindOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final DriverBinding binding = new DriverBinding(SystemTree.below(options.root), options.address);
        return options.run(spec.commandLine().getOut(), binding, binding.unbind(options.force), DriverBinding.NVME);
    }
}
