package io.ringvault.tests.vfiouser;

import io.ringvault.tests.interop.Processes;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@code ringvault nvme serve-model} process. */
final class ServeModel implements AutoCloseable {
    private static final int LIMIT_SECONDS = 60;
    private static final int KILLED = 128 + 9;

    private final Process process;
    private final Path directory;
    private final Path log;

    private ServeModel(final Process process, final Path directory, final Path log) {
        this.process = process;
        this.directory = directory;
        this.log = log;
    }

    /** Starts it on {@code folder}'s image and waits until it has printed its URI. */
    static ServeModel start(final Path folder, final String... more) throws IOException, InterruptedException {
        final Path log = folder.resolve("server.log");
        final Path directory = folder.resolve("endpoint");
        final List<String> arguments = new ArrayList<>(List.of("nvme", "serve-model",
            folder.resolve("image").toString(), "--socket", directory.toString()));
        arguments.addAll(List.of(more));
        final Process process = new ProcessBuilder(Processes.ringvaultCommand(arguments.toArray(String[]::new)))
            .redirectInput(new File("/dev/null")).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        final ServeModel server = new ServeModel(process, directory, log);
        final long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!Files.readString(log).contains(server.uri())) {
            if (!process.isAlive() || System.nanoTime() > limit) {
                server.close();
                throw new AssertionError("serve-model is not ready: " + Files.readString(log));
            }
            Thread.sleep(10);
        }
        return server;
    }

    String uri() {
        return "nvme+vfio-user:" + directory;
    }

    /** SIGKILL; fails when it had ended by itself. */
    void kill() throws IOException, InterruptedException {
        final int exit = process.destroyForcibly().waitFor();
        if (exit != KILLED) {
            throw new AssertionError("serve-model had ended with " + exit + ": " + Files.readString(log));
        }
    }

    /** SIGTERM; must end with 0, remove its socket and complain about nothing. */
    void stop() throws IOException, InterruptedException {
        process.destroy();
        final boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        final String text = Files.readString(log);
        if (!ended || process.exitValue() != 0 || Files.exists(directory.resolve("cntrl"))
            || text.contains("WARNING:") || text.contains("\tat ") || text.contains("dropped")) {
            throw new AssertionError("serve-model after SIGTERM: " + (ended ? "exit " + process.exitValue() : "alive")
                + ", " + text);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
