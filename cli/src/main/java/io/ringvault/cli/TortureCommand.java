package io.ringvault.cli;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.Sizes;
import io.ringvault.block.StorageException;
import io.ringvault.torture.HistoryViolation;
import io.ringvault.torture.Torture;
import io.ringvault.torture.TortureSettings;
import io.ringvault.torture.TortureVolume;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Kills a process at work on a volume again and again, and holds the volume to what was acknowledged. */
@Command(name = "torture", mixinStandardHelpOptions = true,
    description = {"Kill a process that works on a volume, at random moments, again and again; after each death open "
        + "the volume and compare all of it with what was acknowledged.",
        "Without DEVICE: a temporary volume on the in-process NVMe controller model, whose power is cut as well. "
            + "Exit code 3 when the volume broke a promise."})
final class TortureCommand implements Callable<Integer> {
    private static final long MIB = 1 << 20;
    private static final long TERMINAL_LINE_MS = 200;
    private static final long PLAIN_LINE_MS = 10_000;
    private static final int WIDTH = 118;

    @Parameters(paramLabel = "DEVICE", arity = "0..1",
        description = "A device to use instead: empty, or of an earlier torture.")
    private String device;

    @Option(names = "--duration", paramLabel = "T", defaultValue = "60s",
        description = "For example 90s, 10m, 8h (default: ${DEFAULT-VALUE}).")
    private String duration;

    @Option(names = "--seed", paramLabel = "N", converter = BenchCommand.PlainNumber.class,
        description = "Of everything that is chosen (default: another one each time).")
    private Long seed;

    @Option(names = "--size", paramLabel = "SIZE", defaultValue = "32M",
        description = "Of the volume, 16M to 1G (default: ${DEFAULT-VALUE}).")
    private long size;

    @Option(names = "--clients", paramLabel = "N", defaultValue = "4",
        description = "Threads at work, 1 to 16 (default: ${DEFAULT-VALUE}).")
    private int clients;

    @Option(names = "--dir", paramLabel = "DIR",
        description = "Where temporary files lie (default: the system's).")
    private Path directory;

    @Option(names = "--erase", description = "Agree that whatever DEVICE holds is lost.")
    private boolean erase;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        final long durationNs = checkedDurationNs();
        if (seed == null) {
            seed = (long) new SecureRandom().nextInt(Integer.MAX_VALUE);
        }
        final Path folder = directory == null ? Files.createTempDirectory("ringvault-torture")
            : Files.createTempDirectory(directory, "ringvault-torture");
        final boolean own = device == null;
        final String uri = own ? "nvme+model:" + folder.resolve("volume.img") : DeviceUri.parse(device).text();
        final TortureVolume volume = new TortureVolume(uri, "file:" + folder.resolve("anchor"), size);
        final boolean model = uri.startsWith("nvme+model:") && !DeviceUri.parse(uri).parameters().containsKey("cache");
        final Torture torture = new Torture(new TortureSettings(volume, erase || own, model, clients, seed, durationNs,
            workerCommand(), folder));
        final long startNs = System.nanoTime();
        final Thread line = Thread.ofPlatform().daemon().name("torture-line").start(() -> live(torture, startNs,
            durationNs));
        try {
            torture.run();
        } catch (final HistoryViolation violation) {
            finishLine(line);
            report(torture, uri, own, startNs, "FAILED");
            throw new StorageException(StorageException.Category.INTEGRITY, "seed " + seed + ", process "
                + torture.life() + ": " + violation.getMessage() + "; to repeat: " + repeat()
                + " (the moments of the kills also depend on the machine); the volume is left as it is in " + uri
                + ", its anchor in " + folder, violation);
        } catch (final StorageException failed) {
            finishLine(line);
            delete(folder);
            throw failed;
        }
        finishLine(line);
        report(torture, uri, own, startNs, "passed");
        delete(folder);
        return 0;
    }

    private long checkedDurationNs() {
        if (erase && device == null) {
            throw new ParameterException(spec.commandLine(), "--erase belongs to a DEVICE");
        }
        if (clients < 1 || clients > 16) {
            throw new ParameterException(spec.commandLine(), "--clients must be 1 to 16");
        }
        if (size < 16 * MIB || size > 1024 * MIB || size % (clients * 4096L) != 0) {
            throw new ParameterException(spec.commandLine(), "--size must be 16M to 1G and a multiple of " + clients
                + " x 4K");
        }
        return durationNs();
    }

    private long durationNs() {
        final var parsed = java.util.regex.Pattern.compile("(\\d{1,9})(s|m|h|)").matcher(duration);
        if (!parsed.matches()) {
            throw new ParameterException(spec.commandLine(), "--duration " + duration
                + " is no time; write for example 90s, 10m or 8h");
        }
        final TimeUnit unit = switch (parsed.group(2)) {
            case "m" -> TimeUnit.MINUTES;
            case "h" -> TimeUnit.HOURS;
            default -> TimeUnit.SECONDS;
        };
        return unit.toNanos(Long.parseLong(parsed.group(1)));
    }

    /** The way in which this JVM was started, for a worker. */
    static List<String> workerCommand() {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        final String modules = System.getProperty("jdk.module.path");
        if (TortureCommand.class.getModule().isNamed() && modules != null) {
            command.addAll(List.of("-p", modules, "--enable-native-access=io.ringvault.sys"));
        } else {
            command.addAll(List.of("-cp", System.getProperty("java.class.path"),
                "--enable-native-access=ALL-UNNAMED"));
        }
        command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        if (Torture.class.desiredAssertionStatus()) {
            command.add("-ea:io.ringvault...");
        }
        if (command.contains("-p")) {
            command.addAll(List.of("-m", "io.ringvault.cli/" + Main.class.getName()));
        } else {
            command.add(Main.class.getName());
        }
        command.add("torture-worker");
        return command;
    }

    private void live(final Torture torture, final long startNs, final long durationNs) {
        final boolean terminal = Terminal.present();
        final PrintWriter err = spec.commandLine().getErr();
        try {
            while (true) {
                Thread.sleep(terminal ? TERMINAL_LINE_MS : PLAIN_LINE_MS);
                final String text = clock(System.nanoTime() - startNs) + " of " + clock(durationNs) + "  "
                    + torture.counts().line();
                if (terminal) {
                    err.print("\r" + (text.length() > WIDTH ? text.substring(0, WIDTH)
                        : text + " ".repeat(WIDTH - text.length())));
                } else {
                    err.println(text);
                }
                err.flush();
            }
        } catch (final InterruptedException ended) {
            if (terminal) {
                err.print("\r" + " ".repeat(WIDTH) + "\r");
                err.flush();
            }
        }
    }

    private static void finishLine(final Thread line) throws InterruptedException {
        line.interrupt();
        line.join();
    }

    private static String clock(final long ns) {
        final long seconds = TimeUnit.NANOSECONDS.toSeconds(ns);
        return String.format(java.util.Locale.ROOT, "%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    private void report(final Torture torture, final String uri, final boolean own, final long startNs,
        final String verdict) {
        final PrintWriter out = spec.commandLine().getOut();
        row(out, "torture", verdict);
        row(out, "device", own ? "nvme+model (in-process controller, temporary file)" : uri);
        row(out, "volume", Sizes.formatRounded(size) + ", " + clients + " clients, anchor in a file");
        row(out, "seed", Long.toString(seed));
        row(out, "time", String.format(java.util.Locale.ROOT, "%.1f s", (System.nanoTime() - startNs) / 1e9));
        torture.counts().lines().forEach((name, value) -> row(out, name, value));
        out.flush();
    }

    private static void row(final PrintWriter out, final String name, final String value) {
        out.println(name + " ".repeat(22 - name.length()) + " : " + value);
    }

    private String repeat() {
        return "ringvault torture --seed " + seed + " --duration " + duration + " --size " + size + " --clients "
            + clients + (device == null ? "" : " '" + device + "'");
    }

    private static void delete(final Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (final Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }
}
