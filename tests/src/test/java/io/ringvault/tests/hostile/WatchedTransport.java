package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.NvmeTransport;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps every piece of DMA memory that a driver allocates through it, so that all that a device can see can be searched
 * at any moment, last before it is unmapped.
 */
final class WatchedTransport implements NvmeTransport {
    private final NvmeTransport transport;
    private final List<DmaBuffer> buffers = new ArrayList<>();
    private Runnable beforeClose = () -> { };
    private boolean closed;

    WatchedTransport(final NvmeTransport transport) {
        this.transport = transport;
    }

    /** All memory that the device sees; empty when it is gone. */
    List<DmaBuffer> buffers() {
        return closed ? List.of() : buffers;
    }

    /** Runs once, while the memory is still there. */
    void beforeClose(final Runnable action) {
        beforeClose = action;
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        final DmaBuffer buffer = transport.allocate(lengthBytes);
        buffers.add(buffer);
        return buffer;
    }

    @Override
    public void close() {
        if (!closed) {
            try {
                beforeClose.run();
            } finally {
                closed = true;
                transport.close();
            }
        }
    }

    @Override
    public int read32(final int offset) {
        return transport.read32(offset);
    }

    @Override
    public long read64(final int offset) {
        return transport.read64(offset);
    }

    @Override
    public void write32(final int offset, final int value) {
        transport.write32(offset, value);
    }

    @Override
    public void write64(final int offset, final long value) {
        transport.write64(offset, value);
    }

    @Override
    public MemorySegment doorbells() {
        return transport.doorbells();
    }

    @Override
    public Runnable onPoll() {
        return transport.onPoll();
    }

    @Override
    public long nanoTime() {
        return transport.nanoTime();
    }

    @Override
    public void pause(final long durationNs) {
        transport.pause(durationNs);
    }

    @Override
    public int status() {
        return transport.status();
    }

    @Override
    public String recalled() {
        return transport.recalled();
    }

    /** What is below decides whether the driver has a thread of its own. */
    @Override
    public boolean inline() {
        return transport.inline();
    }

    @Override
    public String isolation() {
        return transport.isolation();
    }
}
