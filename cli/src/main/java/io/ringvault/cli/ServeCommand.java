package io.ringvault.cli;

import io.ringvault.block.StorageException;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.engine.AnchorPolicy;
import io.ringvault.nbd.NbdServer;
import io.ringvault.nbd.SecureDiskExport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Serves a volume over NBD until a signal, or until a command ends. */
@Command(name = "serve", mixinStandardHelpOptions = true,
    description = {"Serve a volume over NBD on a unix-domain socket.",
        "Prints its nbd+unix:// URI once ready. SIGTERM finishes what is in flight, commits, closes and exits with 0; "
            + "a second signal exits at once."})
final class ServeCommand implements Callable<Integer> {
    private static final long CHILD_GRACE_SECONDS = 5;

    @Mixin
    private VolumeOptions volume;

    @Option(names = "--socket", paramLabel = "PATH",
        description = "The socket; a dead server's socket is replaced. With --run, a temporary one if not given.")
    private Path socket;

    @Option(names = "--read-only", description = "Refuse every change.")
    private boolean readOnly;

    @Option(names = "--anchor-policy", paramLabel = "POLICY", defaultValue = "every-sync",
        description = "When the anchor follows: every-sync, batched:COUNT,DURATION (acknowledge when durable, at most "
            + "so far ahead of the anchor), or on-close. Default: ${DEFAULT-VALUE}.")
    private String anchorPolicy;

    @Option(names = "--run", paramLabel = "CMD",
        description = "Run a shell command with $uri and $unixsocket set, serve until it ends, exit with its status.")
    private String run;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (socket == null && run == null) {
            throw new ParameterException(spec.commandLine(), "Missing required option: '--socket=PATH'");
        }
        final Path folder = socket == null ? Files.createTempDirectory("ringvault") : null;
        try {
            return serve(folder == null ? socket : folder.resolve("socket"));
        } finally {
            if (folder != null) {
                Files.deleteIfExists(folder);
            }
        }
    }

    private int serve(final Path path) throws IOException, InterruptedException {
        final PrintWriter err = spec.commandLine().getErr();
        final Signals signals = Signals.install();
        try (SecureDisk disk = SecureDisk.open(volume.context().readOnly(readOnly)
            .anchorPolicy(AnchorPolicy.parse(anchorPolicy)))) {
            disk.warnings().forEach(warning -> warn(err, warning));
            final SecureDiskExport export = new SecureDiskExport(disk, "ringvault " + volume.device);
            final int status;
            try (NbdServer server = NbdServer.start(path, export, NbdServer.Limits.DEFAULT, line -> warn(err, line))) {
                if (run == null) {
                    final PrintWriter out = spec.commandLine().getOut();
                    out.println(server.uri());
                    out.flush();
                    signals.await();
                    status = 0;
                } else {
                    status = runCommand(server, signals);
                }
            }
            final String poison = disk.counters().poisonReason();
            if (poison != null) {
                throw StorageException.io(volume.device + ": the volume turned read-only while it was served: "
                    + poison);
            }
            return status;
        }
    }

    private int runCommand(final NbdServer server, final Signals signals) throws IOException, InterruptedException {
        final ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", run).inheritIO();
        builder.environment().put("uri", server.uri());
        builder.environment().put("unixsocket", server.socket().toString());
        final Process child = builder.start();
        child.onExit().thenRun(signals::release);
        signals.await();
        if (!signals.arrived()) {
            return child.waitFor();
        }
        child.destroy();
        if (!child.waitFor(CHILD_GRACE_SECONDS, TimeUnit.SECONDS)) {
            child.destroyForcibly().waitFor();
        }
        return 0;
    }

    private static void warn(final PrintWriter err, final String text) {
        err.println("ringvault: warning: " + text);
        err.flush();
    }
}
