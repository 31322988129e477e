package io.ringvault.tests.interop;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Starts external programs and the ringvault command with a time limit; output goes through files, so no pipe can
 * fill up.
 */
public final class Processes {
    /** The command's main class. */
    public static final String MAIN = "io.ringvault.cli.Main";

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

    /** The command line of the ringvault command in a JVM like this one. */
    public static List<String> ringvaultCommand(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
            "-Xmx512m", "-XX:TieredStopAtLevel=" + (Boolean.getBoolean("ringvault.c1") ? 1 : 4), "-XX:+UseSerialGC",
            "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), MAIN));
        command.addAll(List.of(arguments));
        return command;
    }
}
