package io.ringvault.cli;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.vfiouser.server.ServerLimits;
import io.ringvault.nvme.vfiouser.server.VfioUserServer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Serves the controller model over vfio-user until a signal. */
@Command(name = "serve-model", mixinStandardHelpOptions = true,
    description = {"Serve an image as an NVMe controller over vfio-user, to one client at a time.",
        "Prints the device's URI once ready. SIGTERM ends it with exit code 0; what clients wrote and did not flush is "
            + "then as after a loss of power."})
final class NvmeServeModelCommand implements Callable<Integer> {
    @Parameters(paramLabel = "IMAGE", description = "The file that holds the blocks.")
    private Path image;

    @Option(names = "--socket", required = true, paramLabel = "DIR",
        description = "The directory of the socket 'cntrl'; made if missing. A dead server's socket is replaced.")
    private Path directory;

    @Option(names = "--size", paramLabel = "SIZE",
        description = "Make the image, or grow it, to at least this size, for example 2G.")
    private Long size;

    @Option(names = "--model", paramLabel = "KEY=VALUE",
        description = "A property of the model, as in nvme+model:PATH?KEY=VALUE: block, mdts, queues, mqes, dstrd, "
            + "cache, ... May be repeated.")
    private Map<String, String> model = new LinkedHashMap<>();

    @Option(names = "--read-only", description = "Refuse every change.")
    private boolean readOnly;

    @Option(names = "--no-mmap", description = "Do not let clients map the doorbells; they then ring by messages.")
    private boolean noMmap;

    @Option(names = "--client-timeout", paramLabel = "MS", defaultValue = "5000",
        description = "How long a client may be silent at its start or in a message (default: ${DEFAULT-VALUE} ms).")
    private int timeoutMs;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        final PrintWriter out = spec.commandLine().getOut();
        final PrintWriter err = spec.commandLine().getErr();
        final Signals signals = Signals.install();
        final DeviceUri uri = DeviceUri.parse("nvme+model:" + image + (model.isEmpty() ? "" : "?"
            + model.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue())
                .collect(Collectors.joining("&"))));
        if (size != null) {
            BlockDevices.provider(uri).create(uri, size);
        }
        final ServerLimits limits = new ServerLimits(timeoutMs, timeoutMs, !noMmap);
        try (ModelEndpoint endpoint = ModelEndpoint.open(uri, readOnly ? OpenMode.READ_ONLY : OpenMode.READ_WRITE);
            VfioUserServer server = VfioUserServer.start(directory, endpoint, limits, line -> {
                err.println("ringvault: " + line);
                err.flush();
            })) {
            out.println(server.uri());
            out.flush();
            signals.await();
        }
        return 0;
    }
}
