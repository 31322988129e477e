package io.ringvault.tests.interop;

import java.io.File;
import java.io.IOException;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Starts external programs and the ringvault command with a time limit; output goes through files, so no pipe can
 * fill up.
 */
public final class Processes {
    /** The command's main class, in its module. */
    public static final String MAIN = "io.ringvault.cli/io.ringvault.cli.Main";

    /** Commands that move data and profit from the optimising compiler; the others end before it has begun. */
    private static final Set<String> HEAVY = Set.of("serve", "verify", "bench");
    private static final String MODULE_PATH = modulePath();

    private Processes() {
    }

    /** What a program left behind. */
    public record Result(List<String> command, int exit, String out, String err) {
        /** Fails with everything that is known unless the program ended with {@code wanted}. */
        public Result expect(final int wanted) {
            if (exit != wanted) {
                throw new AssertionError("exit code " + exit + " instead of " + wanted + " from "
                    + String.join(" ", brief())
                    + "\nstdout: " + out + "\nstderr: " + err);
            }
            return this;
        }

        private List<String> brief() {
            return command.stream().map(word -> word.length() > 300 ? word.substring(0, 40) + "..." : word).toList();
        }
    }

    /** Runs to the end; kills it and fails after the limit. */
    public static Result run(final int limitSeconds, final List<String> command) throws IOException,
        InterruptedException {
        final Path out = Files.createTempFile("ringvault-out", ".txt");
        final Path err = Files.createTempFile("ringvault-err", ".txt");
        try {
            final Process process = new ProcessBuilder(command).redirectInput(new File("/dev/null"))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile()).start();
            final boolean ended = process.waitFor(limitSeconds, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor();
            }
            final Result result = new Result(command, ended ? process.exitValue() : -1,
                Files.readString(out, StandardCharsets.ISO_8859_1),
                Files.readString(err, StandardCharsets.ISO_8859_1));
            if (!ended) {
                result.expect(0);
            }
            return result;
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    /** Runs a program of the system. */
    public static Result run(final int limitSeconds, final String... command) throws IOException, InterruptedException {
        return run(limitSeconds, List.of(command));
    }

    /** Runs the ringvault command to its end. */
    public static Result ringvault(final String... arguments) throws IOException, InterruptedException {
        final Result result = run(120, ringvaultCommand(arguments));
        if (result.err.contains("WARNING:") || result.err.contains("\tat ")) {
            throw new AssertionError("a JDK warning or a stack trace on stderr: " + result.err);
        }
        return result;
    }

    /**
     * The command line of the ringvault command: modules on the module path, as the launcher starts it, but from what
     * this reactor has built, so that no test begins a second build.
     */
    public static List<String> ringvaultCommand(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-p", MODULE_PATH,
            "--enable-native-access=io.ringvault.sys", "-ea:io.ringvault...", "-Xmx512m", "-XX:+UseSerialGC"));
        if (!HEAVY.contains(arguments[0])) {
            command.add("-XX:TieredStopAtLevel=1");
        }
        command.addAll(List.of("-m", MAIN));
        command.addAll(List.of(arguments));
        return command;
    }

    /** None for a library whose name cannot be a module's. */
    private static Set<ModuleReference> modules(final Path element) {
        try {
            return ModuleFinder.of(element).findAll();
        } catch (final FindException noModule) {
            return Set.of();
        }
    }

    /** Those parts of this JVM's class path that hold our modules and what they require. */
    private static String modulePath() {
        final Map<ModuleDescriptor, String> elements = new HashMap<>();
        final String classPath = System.getProperty("surefire.test.class.path",
            System.getProperty("java.class.path"));
        for (final String element : classPath.split(File.pathSeparator)) {
            if (Files.exists(Path.of(element)) && !element.endsWith("test-classes")) {
                modules(Path.of(element)).forEach(module -> elements.put(module.descriptor(), element));
            }
        }
        final Set<String> wanted = elements.keySet().stream().filter(each -> each.name().startsWith("io.ringvault."))
            .flatMap(each -> Stream.concat(Stream.of(each.name()),
                each.requires().stream().map(ModuleDescriptor.Requires::name)))
            .collect(Collectors.toSet());
        if (!wanted.contains("io.ringvault.cli")) {
            throw new AssertionError("the module io.ringvault.cli is not on the class path " + classPath
                + "; run this through Maven: mvn -pl tests -am test");
        }
        return elements.entrySet().stream().filter(each -> wanted.contains(each.getKey().name()))
            .map(Map.Entry::getValue).collect(Collectors.joining(File.pathSeparator));
    }
}
