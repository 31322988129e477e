package io.ringvault.cli;

import io.ringvault.bench.BenchProgress;
import io.ringvault.bench.BenchRun;
import io.ringvault.bench.RawTarget;
import io.ringvault.bench.SecureTarget;
import io.ringvault.bench.Workload;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.Sizes;
import io.ringvault.block.StorageException;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures the disk, by default on a temporary volume on the controller model, beside the raw model. */
@Command(name = "bench", mixinStandardHelpOptions = true,
    description = {"Measure the disk beside the raw device: throughput, latency, write amplification, processor time.",
        "Without arguments: a temporary volume on the in-process NVMe controller model, about a minute. "
            + "Every read is checked."})
final class BenchCommand implements Callable<Integer> {
    private static final long MIB = 1 << 20;
    /** A volume is larger than the region that the rows touch, as a disk is larger than its hot data. */
    private static final int VOLUME_FACTOR = 2;
    private static final long WARM_UP_NS = 300_000_000;

    @Option(names = "--device", paramLabel = "DEVICE",
        description = "An existing volume to measure instead; needs its key and --overwrite.")
    private String device;

    @Mixin
    private KeyOptions key;

    @Option(names = "--anchor", paramLabel = "SPEC", description = "The anchor of that volume.")
    private String anchor;

    @Option(names = "--overwrite", description = "Agree that the first --size bytes of that volume are overwritten.")
    private boolean overwrite;

    @Option(names = "--size", paramLabel = "SIZE", defaultValue = "1G",
        description = "The region that the rows touch (default: ${DEFAULT-VALUE}).")
    private long size;

    @Option(names = "--runtime", paramLabel = "SECONDS", defaultValue = "3",
        description = "For each row and target (default: ${DEFAULT-VALUE}); "
            + "the sequential write covers the whole region.")
    private double runtimeSeconds;

    @Option(names = "--depth", paramLabel = "N", defaultValue = "32",
        description = "Requests in flight, 1 to 256 (default: ${DEFAULT-VALUE}).")
    private int depth;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", converter = PlainNumber.class,
        description = "Of data and offsets (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--dir", paramLabel = "DIR",
        description = "Where the temporary images lie (default: the system's).")
    private Path directory;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the results, in the shape of fio's JSON.")
    private Path json;

    @Spec
    private CommandSpec spec;

    /** A number that is no size. */
    static final class PlainNumber implements picocli.CommandLine.ITypeConverter<Long> {
        @Override
        public Long convert(final String text) {
            return Long.valueOf(text);
        }
    }

    @Override
    public Integer call() throws IOException {
        checkArguments();
        if (device != null) {
            final SecureDiskContext volume = new SecureDiskContext().device(device).keySource(key.source(false));
            measure(volume.anchor(anchor), device, null);
            return 0;
        }
        final Path folder = directory == null ? Files.createTempDirectory("ringvault-bench")
            : Files.createTempDirectory(directory, "ringvault-bench");
        final Thread cleaner = new Thread(() -> delete(folder));
        Runtime.getRuntime().addShutdownHook(cleaner);
        try {
            final Path keyFile = folder.resolve("key");
            final byte[] secret = new byte[32];
            new SecureRandom().nextBytes(secret);
            Files.write(keyFile, secret);
            final String uri = "nvme+model:" + folder.resolve("volume.img");
            Volumes.format(new FormatContext().device(uri).keyFile(keyFile).sizeBytes(VOLUME_FACTOR * size)
                .anchor("none"));
            measure(new SecureDiskContext().device(uri).keyFile(keyFile).anchor("none"),
                "nvme+model (in-process controller, "
                + "temporary files in " + folder.getParent() + ")", "nvme+model:" + folder.resolve("raw.img"));
        } finally {
            delete(folder);
            Runtime.getRuntime().removeShutdownHook(cleaner);
        }
        return 0;
    }

    private void checkArguments() {
        if (device == null && (key.given() || overwrite || anchor != null)) {
            throw new ParameterException(spec.commandLine(), "a key, --anchor and --overwrite belong to --device");
        }
        if (device != null && !overwrite) {
            throw new ParameterException(spec.commandLine(), "--device needs --overwrite as a sign that the first "
                + Sizes.formatRounded(size) + " of the volume may be lost");
        }
        if (size < 16 * MIB || size % MIB != 0) {
            throw new ParameterException(spec.commandLine(), "--size must be a multiple of 1M and at least 16M");
        }
        if (depth < 1 || depth > 256 || !(runtimeSeconds > 0 && runtimeSeconds <= 86_400)) {
            throw new ParameterException(spec.commandLine(),
                "--depth must be 1 to 256, --runtime above 0 and at most 86400");
        }
    }

    private void measure(final SecureDiskContext context, final String shown, final String rawUri) throws IOException {
        final PrintStream out = System.out;
        final BenchProgress progress = new BenchProgress(System.err, Terminal.present());
        final long startMs = System.currentTimeMillis();
        final Map<String, Object> environment;
        final BenchRun.Results results;
        try (SecureTarget secure = new SecureTarget(SecureDisk.open(context), BenchRun.slots(depth),
                Workload.MAX_REQUEST_BYTES); RawTarget raw = rawUri == null ? null : openRaw(rawUri)) {
            if (secure.sizeBytes() < size) {
                throw StorageException.configuration("--size " + Sizes.formatRounded(size)
                    + " is more than the volume's "
                    + Sizes.formatRounded(secure.sizeBytes()));
            }
            environment = environment(shown, secure.aeadName());
            results = new BenchRun(secure, raw, new BenchRun.Settings(size, (long) (runtimeSeconds * 1e9), WARM_UP_NS,
                depth, seed), progress).run();
        }
        environment.forEach((name, value) -> out.println(name + ": " + value));
        out.println();
        results.print(out);
        out.flush();
        if (json != null) {
            Files.writeString(json, results.json(environment, startMs));
        }
    }

    private RawTarget openRaw(final String uri) {
        final DeviceUri parsed = DeviceUri.parse(uri);
        BlockDevices.provider(parsed).create(parsed, size);
        return new RawTarget(BlockDevices.open(uri, OpenMode.READ_WRITE), BenchRun.slots(depth),
            Workload.MAX_REQUEST_BYTES);
    }

    private Map<String, Object> environment(final String shown, final String aeadName) {
        final Map<String, Object> environment = new LinkedHashMap<>();
        environment.put("machine", Runtime.getRuntime().availableProcessors() + " processors, "
            + System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
            + System.getProperty("os.arch"));
        environment.put("jdk", System.getProperty("java.vm.name") + " " + Runtime.version());
        environment.put("cipher", "AES-256-GCM, " + aeadName);
        environment.put("device", shown);
        environment.put("region", Sizes.formatRounded(size) + (device == null ? " of a volume of "
            + Sizes.formatRounded(VOLUME_FACTOR * size) : ""));
        environment.put("rows", runtimeSeconds + " s each, seed " + seed);
        return environment;
    }

    private static void delete(final Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (final Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (final java.nio.file.NoSuchFileException ignored) {
            // Deleted already: this runs at the end and again when the JVM is told to end.
        } catch (final IOException e) {
            System.err.println("ringvault: warning: temporary files are left in " + folder + ": " + e.getMessage());
        }
    }
}
