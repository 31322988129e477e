package io.ringvault.tests.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A formatted volume on the controller model in a folder, and the server on it. */
final class InteropFixture implements AutoCloseable {
    private final Path folder;
    private final String device;
    private Server server;

    InteropFixture(final Path folder, final String size) throws IOException, InterruptedException {
        this.folder = folder;
        this.device = "nvme+model:" + folder.resolve("volume.img");
        Files.writeString(folder.resolve("key"), "an interop test key, 32 bytes...");
        Processes.ringvault("format", device, "--size", size, "--key-file", folder.resolve("key").toString(),
            "--anchor", "none")
            .expect(0);
        start();
    }

    void start(final String... more) throws IOException, InterruptedException {
        server = Server.serve(folder, device, more);
    }

    void stop() throws IOException, InterruptedException {
        server.stop();
        server = null;
    }

    void restart() throws IOException, InterruptedException {
        stop();
        start();
    }

    Server server() {
        return server;
    }

    String uri() {
        return server.uri();
    }

    /** {@code ringvault verify} of the stopped volume. */
    void verify() throws IOException, InterruptedException {
        Processes.ringvault("verify", device, "--key-file", folder.resolve("key").toString()).expect(0);
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }
}
