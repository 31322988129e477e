package io.ringvault.tests.guest;

import io.ringvault.tests.interop.Tools;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/** On the host: boots one guest by {@code tests/rig/guest.sh} and runs {@link GuestMain} in it. One thread. */
final class Guest {
    private static final int ABSENT = 77;
    private static final int LIMIT_SECONDS = Boolean.getBoolean("ringvault.nightly") ? 600 : 240;
    /** Long enough for a build folder that holds no cached kernel yet. */
    private static final int PREPARE_SECONDS = 600;

    private final Path log;
    private final List<String> options = new ArrayList<>();
    private int controllers;

    /** A guest whose files are left in {@code log}, which is created. */
    Guest(final Path log) throws IOException {
        this.log = Files.createDirectories(log);
    }

    private static Path script() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("tests/rig/guest.sh"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new AssertionError("tests/rig/guest.sh is not above " + Path.of("").toAbsolutePath());
            }
        }
        return folder.resolve("tests/rig/guest.sh");
    }

    /** Skips, loudly, where a guest cannot be had. */
    static void require(final String... options) throws IOException, InterruptedException {
        Tools.require("qemu-system-x86_64");
        final Path output = Files.createTempFile("ringvault-rig", ".txt");
        try {
            final List<String> line = new ArrayList<>(List.of(script().toString(), "--prepare"));
            line.addAll(Arrays.asList(options));
            final Process process = new ProcessBuilder(line).redirectErrorStream(true)
                .redirectInput(new File("/dev/null")).redirectOutput(output.toFile()).start();
            if (!process.waitFor(PREPARE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            final String said = Files.readString(output).strip();
            if (process.exitValue() == ABSENT) {
                Tools.skip("no guest to run in: " + said);
            }
            GuestMain.check(process.exitValue() == 0, said);
        } finally {
            Files.delete(output);
        }
    }

    Guest option(final String... words) {
        options.addAll(Arrays.asList(words));
        return this;
    }

    private Guest qemu(final String... words) {
        for (final String word : words) {
            options.add("--qemu");
            options.add(word);
        }
        return this;
    }

    /** A file of zeros. */
    static Path image(final Path file, final long bytes) throws IOException {
        try (var channel = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            channel.setLength(bytes);
        }
        return file;
    }

    /** A controller with one namespace over a raw file; returns its URI. */
    String controller(final Path image, final String properties) {
        return controller("file,filename=" + image, "raw", properties);
    }

    /** A controller with one namespace over a file of some format, below a block driver such as blkdebug. */
    String controller(final String backend, final String format, final String properties) {
        final String node = "disk" + controllers;
        qemu("-blockdev", "driver=" + format + ",node-name=" + node + ",discard=unmap,file.driver=" + backend
            .replaceFirst(",(?=filename=)", ",file."));
        qemu("-device", "nvme,serial=RINGVAULT" + controllers + ",drive=" + node + address(properties));
        return uri(controllers++);
    }

    /** A controller with several namespaces, each over a raw file with its own properties; returns its URI. */
    String controllerOf(final String properties, final Path[] images, final String... namespaces) {
        final String id = "nvme" + controllers;
        qemu("-device", "nvme,id=" + id + ",serial=RINGVAULT" + controllers + address(properties));
        for (int i = 0; i < images.length; i++) {
            final String node = "disk" + controllers + "x" + i;
            qemu("-blockdev", "driver=raw,node-name=" + node + ",discard=unmap,file.driver=file,file.filename="
                + images[i]);
            qemu("-device", "nvme-ns,bus=" + id + ",drive=" + node + "," + namespaces[i]);
        }
        return uri(controllers++);
    }

    private String address(final String properties) {
        return ",addr=0x" + Integer.toHexString(0x10 + controllers) + (properties.isEmpty() ? "" : "," + properties);
    }

    private static String uri(final int controller) {
        return "nvme:0000:00:" + Integer.toHexString(0x10 + controller) + ".0";
    }

    /** Where console, qemu.err, out, exit and qemu.pid are. */
    Path log() {
        return log;
    }

    /** What the program has said so far. */
    String out() throws IOException {
        final Path out = log.resolve("out");
        return Files.exists(out) ? Files.readString(out, StandardCharsets.UTF_8) : "";
    }

    /** Runs jobs of {@link GuestMain} to their end; any complaint of the IOMMU or of QEMU is a failure. */
    String run(final String... jobs) throws IOException, InterruptedException {
        return expect(start(java(jobs)), 0);
    }

    /** Runs a shell script in the guest; {@code $java} is the start of a command line of {@link GuestMain}. */
    String runShell(final String text) throws IOException, InterruptedException {
        return expect(start(shell(text)), 0);
    }

    static List<String> shell(final String text) {
        return List.of("bash", "-euc", "java='" + String.join(" ", java()) + "'\n" + text);
    }

    /** Starts and does not wait. */
    Process start(final List<String> command) throws IOException {
        final List<String> line = new ArrayList<>(List.of(script().toString(), "--log", log.toString(), "--timeout",
            String.valueOf(LIMIT_SECONDS)));
        line.addAll(options);
        line.add("--");
        line.addAll(command);
        return new ProcessBuilder(line).redirectErrorStream(true).redirectInput(new File("/dev/null"))
            .redirectOutput(log.resolve("run").toFile()).start();
    }

    static List<String> java(final String... jobs) {
        // An emulated processor pays for every compiled method: the first compiler alone is the quickest for minutes.
        final List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java")
            .toString(), "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+UseSerialGC", "-Xmx512m",
            "-Djava.io.tmpdir=/run/scratch", "--enable-native-access=ALL-UNNAMED", "-ea", "-cp", classPath(),
            GuestMain.class.getName()));
        line.addAll(Arrays.asList(jobs));
        return line;
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    String expect(final Process process, final int wanted) throws IOException, InterruptedException {
        if (!process.waitFor(LIMIT_SECONDS + 30, TimeUnit.SECONDS)) {
            process.destroy();
            process.waitFor();
        }
        final String said = Files.readString(log.resolve("run"), StandardCharsets.UTF_8);
        System.out.println("guest " + log.getFileName() + ":\n" + said.lines()
            .filter(line -> !line.startsWith("begin ") && !line.startsWith("ack "))
            .collect(Collectors.joining("\n")).indent(2).stripTrailing());
        if (process.exitValue() != wanted) {
            throw new AssertionError("the guest ended with " + process.exitValue() + " instead of " + wanted + ":\n"
                + said);
        }
        return said;
    }

    /** Waits until something is so, or the guest has ended. */
    void await(final Process process, final String what, final BooleanSupplier met) throws IOException,
        InterruptedException {
        while (!met.getAsBoolean()) {
            if (!process.isAlive()) {
                throw new AssertionError("the guest ended before " + what + ": "
                    + Files.readString(log.resolve("run")));
            }
            Thread.sleep(10);
        }
    }

    /** Kills QEMU at once: what a power failure does to a machine. */
    void kill() throws IOException {
        Files.createFile(log.resolve("killed"));
        final long pid = Long.parseLong(Files.readString(log.resolve("qemu.pid")).strip());
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
}
