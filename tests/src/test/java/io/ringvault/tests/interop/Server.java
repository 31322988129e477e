package io.ringvault.tests.interop;

import io.ringvault.tests.nbd.NbdClient;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@code ringvault serve} process of its own. */
public final class Server implements AutoCloseable {
    private static final long START_LIMIT_NS = TimeUnit.SECONDS.toNanos(60);

    private static final int KILLED = 128 + 9;

    private final Process process;
    private final Path socket;
    private final Path log;
    private volatile boolean killing;

    private Server(final Process process, final Path socket, final Path log) {
        this.process = process;
        this.socket = socket;
        this.log = log;
    }

    /** Starts it and does not wait. */
    public static Server start(final Path folder, final String device, final String... more) throws IOException {
        final Path socket = folder.resolve("nbd.socket");
        Files.deleteIfExists(socket);
        final Path log = folder.resolve("serve.log");
        final List<String> arguments = new ArrayList<>(List.of("serve", device, "--key-file",
            folder.resolve("key").toString(),
            "--socket", socket.toString()));
        arguments.addAll(List.of(more));
        final Process process = new ProcessBuilder(Processes.ringvaultCommand(arguments.toArray(String[]::new)))
            .redirectInput(new File("/dev/null")).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        return new Server(process, socket, log);
    }

    /** Starts it and waits until it accepts a connection. */
    public static Server serve(final Path folder, final String device, final String... more)
        throws IOException, InterruptedException {
        final Server server = start(folder, device, more);
        server.awaitReady();
        return server;
    }

    /** Waits until it accepts connections; fails with its output when it ends before that. */
    public void awaitReady() throws IOException, InterruptedException {
        final long limit = System.nanoTime() + START_LIMIT_NS;
        while (true) {
            try (NbdClient probe = new NbdClient(socket, false)) {
                return;
            } catch (final IOException notYet) {
                if (!process.isAlive() || System.nanoTime() > limit) {
                    throw new AssertionError("serve is not ready (" + (process.isAlive() ? "alive" : "exit "
                        + process.exitValue()) + "): " + output());
                }
                Thread.sleep(20);
            }
        }
    }

    /** A connection. */
    public NbdClient connect() throws IOException {
        return new NbdClient(socket, true);
    }

    /** The export for libnbd and qemu. */
    public String uri() {
        return "nbd+unix:///?socket=" + socket;
    }

    /** Where it listens. */
    public Path socket() {
        return socket;
    }

    /** Its process. */
    public long pid() {
        return process.pid();
    }

    /** What it printed so far. */
    public String output() throws IOException {
        return Files.readString(log);
    }

    /** SIGKILL, and wait for its end; fails when it had already ended by itself. */
    public void kill() throws InterruptedException, IOException {
        killing = true;
        final int exit = process.destroyForcibly().waitFor();
        if (exit != KILLED) {
            throw new AssertionError("serve had ended by itself with " + exit + " before it was killed: " + output());
        }
    }

    /** Whether a kill was begun: only then may a connection break. */
    public boolean killing() {
        return killing;
    }

    /** Whether the process runs. */
    public boolean alive() {
        return process.isAlive();
    }

    /** SIGTERM; must drain, commit, close and end with code 0. */
    public void stop() throws IOException, InterruptedException {
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            throw new AssertionError("serve did not end within 60 s of SIGTERM: " + output());
        }
        final int exit = process.exitValue();
        if (exit != 0) {
            throw new AssertionError("serve ended with " + exit + " after SIGTERM: " + output());
        }
        final String text = output();
        if (text.contains("WARNING:") || text.contains("\tat ")) {
            throw new AssertionError("a JDK warning or a stack trace from serve: " + text);
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            process.destroyForcibly();
        }
    }
}
