package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.model.ControllerModel;
import io.ringvault.nvme.model.ModelTransport;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A driver over a controller model for tests, with blocking helpers. */
final class ModelRig implements AutoCloseable {
    static final int POLL_LIMIT = 64;
    private static final long PATIENCE_NS = 60_000_000_000L;

    final ControllerModel model;
    final NvmeBlockDevice device;
    final NvmeBlockQueue queue;
    final Map<Long, Integer> done = new HashMap<>();
    private long nextToken = 1;

    private ModelRig(final ControllerModel model, final NvmeBlockDevice device, final int depth) {
        this.model = model;
        this.device = device;
        this.queue = device.openQueue(depth);
    }

    static ModelRig create(final Path image, final String parameters, final long sizeBytes, final int depth) {
        final DeviceUri uri = uri(image, parameters);
        BlockDevices.provider(uri).create(uri, sizeBytes);
        return open(image, parameters, depth, NvmeOptions.parse(uri));
    }

    static ModelRig open(final Path image, final String parameters, final int depth, final NvmeOptions options) {
        return open(image, parameters, depth, options, OpenMode.READ_WRITE);
    }

    static ModelRig open(final Path image, final String parameters, final int depth, final NvmeOptions options,
                         final OpenMode mode) {
        final DeviceUri uri = uri(image, parameters);
        final ModelTransport transport = ModelTransport.open(uri, mode);
        return new ModelRig(transport.model(), NvmeBlockDevice.open(uri.text(), transport, mode, options), depth);
    }

    static DeviceUri uri(final Path image, final String parameters) {
        return DeviceUri.parse("nvme+model:" + image + (parameters.isEmpty() ? "" : "?" + parameters));
    }

    /** A fresh token. */
    long token() {
        return nextToken++;
    }

    /** Polls until the token's completion is there; returns its status. */
    int await(final long token) {
        queue.submit();
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!done.containsKey(token)) {
            poll();
            if (System.nanoTime() - deadline > 0) {
                fail("token " + token + " never completed");
            }
        }
        return done.remove(token);
    }

    /** Polls until nothing is in flight. */
    void drain() {
        queue.submit();
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (queue.inFlight() > 0) {
            poll();
            if (System.nanoTime() - deadline > 0) {
                fail(queue.inFlight() + " requests never completed");
            }
        }
    }

    void poll() {
        final int polled = queue.poll((token, status) -> {
            if (done.put(token, status) != null) {
                fail("token " + token + " completed twice");
            }
        }, POLL_LIMIT);
        if (polled == 0) {
            Thread.onSpinWait();
        }
    }

    int write(final long offset, final int length, final DmaBuffer buffer, final long bufferOffset, final boolean fua) {
        final long token = token();
        assertEquals(true, queue.write(token, offset, length, buffer, bufferOffset, fua));
        return await(token);
    }

    int read(final long offset, final int length, final DmaBuffer buffer, final long bufferOffset) {
        final long token = token();
        assertEquals(true, queue.read(token, offset, length, buffer, bufferOffset));
        return await(token);
    }

    int flush() {
        final long token = token();
        assertEquals(true, queue.flush(token));
        return await(token);
    }

    byte[] readBytes(final long offset, final int length) {
        final DmaBuffer buffer = device.allocate(length + 4095 & -4096);
        assertOk(read(offset, length, buffer, 0));
        final byte[] bytes = new byte[length];
        buffer.copyOut(0, bytes, 0, length);
        return bytes;
    }

    int writeBytes(final long offset, final byte[] bytes, final boolean fua) {
        final DmaBuffer buffer = device.allocate(bytes.length + 4095 & -4096);
        buffer.copyIn(bytes, 0, 0, bytes.length);
        return write(offset, bytes.length, buffer, 0, fua);
    }

    static void assertOk(final int status) {
        assertEquals(BlockStatus.OK, status, BlockStatus.describe(status));
    }

    @Override
    public void close() {
        device.close();
    }
}
