package io.ringvault.benchmarks;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.vfiouser.server.ServerLimits;
import io.ringvault.nvme.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * 4 KiB operations by vfio-user to this project's own server over an image file, both in one JVM on threads of their
 * own: rings and doorbells in memory that both map, no message and no system call of the driver on the way. The time is
 * that of the whole way, the model's file I/O included; the CPU time printed at the end is the driver's thread's, its
 * waiting included. Needs two cores that are free.
 */
public class VfioUserBenchmark extends QueueBenchmark {
    private static final long DEVICE_BYTES = 64L << 20;
    private static final long STRIDE_BLOCKS = 4099;
    private static final int PATIENCE_MS = 10_000;

    private Path folder;
    private ModelEndpoint endpoint;
    private VfioUserServer server;

    /** Starts a server and connects to it. */
    @Setup
    public void prepare() throws IOException {
        folder = Files.createTempDirectory("ringvault-bench");
        final DeviceUri image = DeviceUri.parse("nvme+model:" + folder.resolve("image"));
        BlockDevices.provider(image).create(image, DEVICE_BYTES);
        endpoint = ModelEndpoint.open(image, OpenMode.READ_WRITE);
        server = VfioUserServer.start(Files.createDirectory(folder.resolve("socket")), endpoint,
            new ServerLimits(PATIENCE_MS, PATIENCE_MS, true), line -> { });
        open((NvmeBlockDevice) BlockDevices.open(server.uri(), OpenMode.READ_WRITE), STRIDE_BLOCKS);
    }

    /** Prints the counters, disconnects and stops the server. */
    @TearDown
    public void finish() throws IOException {
        close("vfio-user", "waiting");
        server.close();
        endpoint.close();
        Files.deleteIfExists(folder.resolve("image"));
        Files.deleteIfExists(folder.resolve("socket"));
        Files.deleteIfExists(folder);
    }

    @Override
    void answer() {
        // The server has threads of its own.
    }
}
