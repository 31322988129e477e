package io.ringvault.cli;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.host.Controllers;
import io.ringvault.log.HeaderCodec;
import io.ringvault.nvme.NvmeAdmin;
import io.ringvault.sys.SystemTree;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Format NVM: a namespace loses its data and may get another block size. */
@Command(name = "format", mixinStandardHelpOptions = true,
    description = {"Format a namespace with the controller's Format NVM command. ALL DATA ON IT IS LOST.",
        "Not to be confused with 'ringvault format', which makes a volume."})
final class NvmeFormatCommand implements Callable<Integer> {
    private static final int LOOK_BYTES = 4096;

    @Mixin
    private AdminOptions device;

    @Option(names = {"-n", "--namespace-id"}, required = true, paramLabel = "N", description = "The namespace.")
    private long namespace;

    @Option(names = {"-l", "--lbaf"}, paramLabel = "N", defaultValue = "-1",
        description = "Index of the LBA format ('ringvault nvme identify -n N' lists them); otherwise as it is.")
    private int format;

    @Option(names = {"-s", "--ses"}, paramLabel = "ERASE", defaultValue = "NONE",
        description = "Secure erase: none, user_data or cryptographic.")
    private NvmeAdmin.Erase erase;

    @Option(names = {"-t", "--timeout"}, paramLabel = "MS", description = "How long it may take, in milliseconds.")
    private long timeoutMs = NvmeAdmin.FORMAT_TIMEOUT_MS;

    @Option(names = {"-f", "--force"}, description = "Yes, all data on the namespace may go.")
    private boolean force;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        final int id = AdminOptions.namespace(namespace);
        refuseInUse();
        if (!force) {
            throw StorageException.configuration("not formatted: all data on namespace " + namespace + " of "
                + device.device + " would be lost" + (holdsVolume() ? ", AND IT HOLDS A RINGVAULT VOLUME" : "")
                + "; say --force if that is what you want");
        }
        try (NvmeAdmin admin = device.open()) {
            admin.format(id, format, erase, timeoutMs);
        }
        spec.commandLine().getOut().println("formatted namespace " + namespace + " of " + device.device);
        return 0;
    }

    /** A namespace that the system uses is never formatted under it, whatever was said. */
    private void refuseInUse() {
        if (device.device.startsWith("/dev/nvme")) {
            final List<String> uses = new Controllers(SystemTree.machine())
                .byName(device.device.substring("/dev/".length())).map(each -> each.uses()).orElse(List.of());
            if (!uses.isEmpty()) {
                throw StorageException.configuration("not formatted: " + String.join("; ", uses) + ". Stop that first");
            }
        }
    }

    private boolean holdsVolume() {
        final String uri = device.device.startsWith("/dev/nvme") ? "file:" + device.device + "n" + namespace
            : device.uri() + (device.uri().contains("?") ? "&" : "?") + "ns=" + namespace;
        try (BlockDevice opened = BlockDevices.open(uri, OpenMode.READ_ONLY);
            BlockQueue queue = opened.openQueue(1)) {
            final DmaBuffer buffer = opened.allocate(LOOK_BYTES);
            final int[] status = {-1};
            final BlockCompletionHandler handler = (token, result) -> status[0] = result;
            queue.read(0, 0, LOOK_BYTES, buffer, 0);
            queue.submit();
            while (queue.inFlight() > 0) {
                queue.poll(handler, 1);
            }
            final byte[] block = new byte[LOOK_BYTES];
            buffer.copyOut(0, block, 0, LOOK_BYTES);
            return status[0] == BlockStatus.OK && HeaderCodec.hasMagic(block);
        } catch (final StorageException unreadable) {
            return false; // What cannot be read as blocks holds no volume that could be opened.
        }
    }
}
