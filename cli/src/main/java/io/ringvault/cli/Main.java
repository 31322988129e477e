package io.ringvault.cli;

import io.ringvault.block.Sizes;
import io.ringvault.block.StorageException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The {@code ringvault} command. */
@Command(name = "ringvault", mixinStandardHelpOptions = true, versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "A secure virtual disk: encrypted, authenticated, fresh after any crash.",
    subcommands = {
        FormatCommand.class, InfoCommand.class, VerifyCommand.class, RescueCommand.class, KeyCommandGroup.class,
        HeaderCommandGroup.class, CloneCommand.class, ServeCommand.class, BenchCommand.class,
        TortureCommand.class, TortureWorkerCommand.class,
        AdoptCommand.class, NvmeCommand.class, DoctorCommand.class, CommandLine.HelpCommand.class},
    footerHeading = "%nA DEVICE is a URI:%n",
    footer = {
        "  nvme+model:PATH   the NVMe controller model over a file; runs anywhere",
        "  nvme+vfio-user:DIR  the controller behind a vfio-user server's socket DIR/cntrl",
        "  file:PATH         a file or block device",
        "  mem:SIZE          memory, for tries",
        "",
        "Exit codes: 0 ok, 1 usage or configuration, 2 I/O, 3 integrity or damage,",
        "4 freshness (rollback, fork, missing anchor), 5 wrong key, 6 out of space.",
        "",
        "First steps:",
        "  head -c 32 /dev/urandom > key",
        "  ringvault format nvme+model:disk.img --size 1G --key-file key",
        "  ringvault serve nvme+model:disk.img --key-file key --socket /tmp/disk.sock"})
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Runs the command and exits with its code. */
    public static void main(final String[] arguments) {
        logInOneLine();
        final Charset charset = Charset.defaultCharset();
        final PrintWriter out = new PrintWriter(System.out, true, charset);
        final PrintWriter err = new PrintWriter(System.err, true, charset);
        System.exit(run(arguments, out, err));
    }

    /** What the library logs (a reset controller, a device's event) looks like every other line of this command. */
    private static void logInOneLine() {
        final String format = "ringvault: %5$s%6$s%n";
        for (final String property : new String[] {
            "java.util.logging.SimpleFormatter.format", "jdk.system.logger.format"}) {
            if (System.getProperty(property) == null) {
                System.setProperty(property, format);
            }
        }
    }

    /** Runs the command; returns its exit code. For tests and embedding. */
    static int run(final String[] arguments, final PrintWriter out, final PrintWriter err) {
        final Failures failures = new Failures("1".equals(System.getenv("RINGVAULT_DEBUG")));
        try {
            final CommandLine command = new CommandLine(new Main());
            command.setOut(out).setErr(err);
            command.setParameterExceptionHandler(failures).setExecutionExceptionHandler(failures);
            command.registerConverter(long.class, Main::size);
            command.registerConverter(Long.class, Main::size);
            command.setUsageHelpAutoWidth(true);
            command.setCaseInsensitiveEnumValuesAllowed(true);
            return command.execute(arguments);
        } catch (final RuntimeException | Error failure) {
            return failures.report(err, failure);
        } finally {
            out.flush();
            err.flush();
        }
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }

    private static Long size(final String text) {
        try {
            return Sizes.parse(text);
        } catch (final StorageException e) {
            throw new CommandLine.TypeConversionException(e.getMessage());
        }
    }

    /** The version of this module and of the JVM that runs it. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            final var descriptor = Main.class.getModule().getDescriptor();
            final String version = descriptor == null ? "" : descriptor.rawVersion().orElse("");
            return new String[] {"ringvault " + (version.isEmpty() ? "(unversioned build)" : version),
                "Java " + Runtime.version()};
        }
    }
}
