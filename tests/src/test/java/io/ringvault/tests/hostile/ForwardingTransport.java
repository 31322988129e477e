package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.NvmeTransport;
import java.lang.foreign.MemorySegment;

/**
 * Stands before another transport and passes everything on, on whatever thread it is called; also what has a default,
 * since what is below decides how many threads the driver has and what time it is.
 */
abstract class ForwardingTransport implements NvmeTransport {
    private final NvmeTransport inner;

    ForwardingTransport(final NvmeTransport inner) {
        this.inner = inner;
    }

    @Override
    public int read32(final int offset) {
        return inner.read32(offset);
    }

    @Override
    public int status() {
        return inner.status();
    }

    @Override
    public String recalled() {
        return inner.recalled();
    }

    @Override
    public long read64(final int offset) {
        return inner.read64(offset);
    }

    @Override
    public void write32(final int offset, final int value) {
        inner.write32(offset, value);
    }

    @Override
    public void write64(final int offset, final long value) {
        inner.write64(offset, value);
    }

    @Override
    public MemorySegment doorbells() {
        return inner.doorbells();
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        return inner.allocate(lengthBytes);
    }

    @Override
    public Runnable onPoll() {
        return inner.onPoll();
    }

    @Override
    public long nanoTime() {
        return inner.nanoTime();
    }

    @Override
    public void pause(final long durationNs) {
        inner.pause(durationNs);
    }

    @Override
    public boolean inline() {
        return inner.inline();
    }

    @Override
    public String isolation() {
        return inner.isolation();
    }

    @Override
    public void close() {
        inner.close();
    }
}
