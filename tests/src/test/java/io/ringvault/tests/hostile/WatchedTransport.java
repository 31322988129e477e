package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.NvmeTransport;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps every piece of DMA memory that a driver allocates through it, so that all that a device can see can be searched
 * at any moment, last before it is unmapped.
 */
final class WatchedTransport extends ForwardingTransport {
    private final List<DmaBuffer> buffers = new ArrayList<>();
    private Runnable beforeClose = () -> { };
    private boolean closed;

    WatchedTransport(final NvmeTransport transport) {
        super(transport);
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
        final DmaBuffer buffer = super.allocate(lengthBytes);
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
                super.close();
            }
        }
    }
}
