package io.ringvault.tests.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The fence around native code, as the JDK's own scanner sees it: over everything that is shipped, third-party
 * libraries included, exactly one module needs native access.
 */
class NativeAccessTest {
    /** What may run beside our own modules; a library that is needed and not named here fails the scan. */
    private static final Pattern THIRD_PARTY = Pattern.compile("(agrona|bcprov|picocli|HdrHistogram)-.*\\.jar");

    /** The quorum's server is a program of its own with Ratis in it; it never shares a JVM with a disk. */
    private static final Pattern OWN_JAR = Pattern.compile("ringvault-(?!tests|benchmarks|anchor-server).*\\.jar");

    @TempDir
    private Path folder;

    @Test
    void shouldNameExactlyTheNativeModuleWhenScanned() throws Exception {
        assertEquals("io.ringvault.sys", scan(shippedModulePath()));
    }

    @Test
    void shouldNameNothingWhenTheNativeModuleIsLeftOut() throws Exception {
        final String path = shippedModulePath();
        final String ring = Arrays.stream(path.split(File.pathSeparator))
            .filter(entry -> entry.contains("ring-buffers") || entry.contains("agrona"))
            .collect(Collectors.joining(File.pathSeparator));
        assertEquals("", scan(ring, "io.ringvault.ring"), "the scanner tells modules apart");
    }

    private String scan(final String modulePath) throws IOException, InterruptedException {
        return scan(modulePath, "io.ringvault.cli,io.ringvault.anchor.tpm,io.ringvault.anchor.quorum");
    }

    private String scan(final String modulePath, final String rootModule) throws IOException, InterruptedException {
        return run(List.of(tool("jnativescan"), "--module-path", modulePath, "--add-modules", rootModule,
            "--print-native-access")).strip();
    }

    /** Jars in a packaged build, class folders before that; both hold the same classes. */
    private static String shippedModulePath() {
        final List<String> shipped = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(NativeAccessTest::isShipped).toList();
        final long own = shipped.stream().filter(entry -> !THIRD_PARTY.matcher(fileName(entry)).matches()).count();
        assertEquals(10, own, () -> "all ten modules are on the class path: " + shipped);
        return String.join(File.pathSeparator, shipped);
    }

    private static boolean isShipped(final String entry) {
        final Path path = Path.of(entry);
        final String name = fileName(entry);
        return Files.isDirectory(path)
            ? Files.exists(path.resolve("module-info.class"))
            : THIRD_PARTY.matcher(name).matches() || OWN_JAR.matcher(name).matches() && !name.endsWith("-tests.jar");
    }

    private static String fileName(final String entry) {
        return Path.of(entry).getFileName().toString();
    }

    private static String tool(final String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    private String run(final List<String> command) throws IOException, InterruptedException {
        final Path output = folder.resolve("output");
        final Process process = new ProcessBuilder(command)
            .redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            assertTrue(process.waitFor(120, TimeUnit.SECONDS), () -> "no answer from " + command);
        } finally {
            process.destroyForcibly();
        }
        final String text = Files.readString(output, StandardCharsets.UTF_8);
        assertEquals(0, process.exitValue(), () -> command + " says: " + text);
        return text;
    }
}
