package io.ringvault.cli;

import io.ringvault.block.Sizes;
import io.ringvault.disk.KeySlotInfo;
import io.ringvault.disk.VolumeKeys;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The group of commands about what opens a volume. */
@Command(name = "key", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND",
    description = {"Show and change what opens a volume.",
        "A volume has eight key slots; each wraps the volume key under a key or a passphrase. A removed secret still "
            + "opens old copies of the header: only 'key rotate' ends that."},
    subcommands = {KeyCommandGroup.ListSlots.class, KeyCommandGroup.Add.class, KeyCommandGroup.Remove.class,
        KeyCommandGroup.Change.class, KeyRotateCommand.class, CommandLine.HelpCommand.class})
final class KeyCommandGroup implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }

    /** Lists the slots. */
    @Command(name = "list", mixinStandardHelpOptions = true,
        description = "List the key slots in use. Needs no key; writes nothing.")
    static final class ListSlots implements Callable<Integer> {
        @Mixin
        private DeviceOption device;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            final PrintWriter out = spec.commandLine().getOut();
            for (final KeySlotInfo slot : VolumeKeys.list(device.context())) {
                out.println(slot.slot() + "  " + slot.kind() + (slot.memoryKib() == 0 ? "" : "  Argon2id "
                    + Sizes.formatRounded(slot.memoryKib() * 1024L) + ", " + slot.iterations() + " passes, "
                    + slot.parallelism() + " lanes"));
            }
            return 0;
        }
    }

    /** Adds a slot. */
    @Command(name = "add", mixinStandardHelpOptions = true, description = "Let a further key or passphrase open it.")
    static final class Add implements Callable<Integer> {
        @Mixin
        private VolumeOptions volume;

        @Mixin
        private NewKeyOptions fresh;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            final int slot = VolumeKeys.add(volume.context(), fresh.source(volume.key.timeoutSeconds),
                fresh.parameters());
            spec.commandLine().getOut().println("key slot " + slot + " added");
            return 0;
        }
    }

    /** Changes a slot. */
    @Command(name = "change", mixinStandardHelpOptions = true,
        description = "Replace the key or passphrase with which it is opened here.")
    static final class Change implements Callable<Integer> {
        @Mixin
        private VolumeOptions volume;

        @Mixin
        private NewKeyOptions fresh;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            final int slot = VolumeKeys.change(volume.context(), fresh.source(volume.key.timeoutSeconds),
                fresh.parameters());
            spec.commandLine().getOut().println("key slot " + slot + " changed");
            return 0;
        }
    }

    /** Removes a slot. */
    @Command(name = "remove", mixinStandardHelpOptions = true,
        description = "Empty a key slot; give the secret of another one.")
    static final class Remove implements Callable<Integer> {
        @Mixin
        private VolumeOptions volume;

        @Parameters(index = "1", paramLabel = "SLOT", description = "The slot, as 'key list' numbers them.")
        private int slot;

        @Option(names = "--force",
            description = "Remove even the last slot (the data is lost for ever), or the one opened here.")
        private boolean force;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            VolumeKeys.remove(volume.context(), slot, force);
            spec.commandLine().getOut().println("key slot " + slot + " removed");
            return 0;
        }
    }
}
