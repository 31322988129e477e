package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.spec.Registers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A model with threads of its own behind a BAR that is a mapped file. Once that is cut, every access to it faults
 * (SIGBUS), as it does when a controller's memory space is turned off: doorbells in the thread of their queue's owner,
 * registers in whatever thread reads them, where the fault becomes all ones, as the port asks. Until then each poll
 * passes on to the model what was rung.
 */
final class PulledTransport implements NvmeTransport {
    private static final long FIRST_ADDRESS = 1L << 32;
    /** No queue has this tail or head: nothing was rung since the last look. */
    private static final int NOTHING = -1;
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

    private final ModelEndpoint.Session session;
    private final Arena arena = Arena.ofShared();
    private final FileChannel file;
    private final MemorySegment bar;
    private final MemorySegment quiet;
    private long nextAddress = FIRST_ADDRESS;
    private volatile boolean pulled;
    private boolean closed;

    /** @param path of the BAR, which is created */
    PulledTransport(final ModelEndpoint.Session session, final Path path) throws IOException {
        this.session = session;
        this.file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ,
            StandardOpenOption.WRITE);
        this.bar = file.map(FileChannel.MapMode.READ_WRITE, 0, ModelEndpoint.DOORBELLS_OFFSET
            + session.doorbellBytes(), arena);
        doorbells().fill((byte) NOTHING);
        this.quiet = arena.allocate(session.doorbellBytes()).fill((byte) NOTHING);
    }

    /** From now on every access to the BAR faults. Any thread. */
    void pull() throws IOException {
        pulled = true;
        file.truncate(0);
    }

    /** The yield makes the JVM report the fault here. */
    private boolean isThere() {
        try {
            bar.get(ValueLayout.JAVA_INT, 0);
            Thread.yield();
            return true;
        } catch (final InternalError fault) {
            return false;
        }
    }

    @Override
    public int read32(final int offset) {
        return isThere() ? session.read32(offset) : Registers.ALL_ONES;
    }

    @Override
    public long read64(final int offset) {
        return Integer.toUnsignedLong(read32(offset)) | (long) read32(offset + Integer.BYTES) << Integer.SIZE;
    }

    @Override
    public void write32(final int offset, final int value) {
        if (isThere()) {
            session.write32(offset, value);
        }
    }

    @Override
    public void write64(final int offset, final long value) {
        write32(offset, (int) value);
        write32(offset + Integer.BYTES, (int) (value >>> Integer.SIZE));
    }

    @Override
    public MemorySegment doorbells() {
        return bar.asSlice(ModelEndpoint.DOORBELLS_OFFSET);
    }

    @Override
    public synchronized DmaBuffer allocate(final long lengthBytes) {
        final MemorySegment memory = arena.allocate(lengthBytes, 4096);
        final long address = nextAddress;
        nextAddress += lengthBytes;
        session.map(address, memory);
        return DmaBuffer.contiguous(memory, address);
    }

    @Override
    public Runnable onPoll() {
        return this::passOn;
    }

    @Override
    public boolean inline() {
        return false;
    }

    private synchronized void passOn() {
        final MemorySegment doorbells = doorbells();
        if (!pulled && doorbells.mismatch(quiet) >= 0) {
            for (long at = doorbells.mismatch(quiet) & -Integer.BYTES; at >= 0 && at < doorbells.byteSize();
                at += Integer.BYTES) {
                final int value = (int) INT.getAcquire(doorbells, at);
                if (value != NOTHING) {
                    session.ring(at, value);
                    INT.compareAndSet(doorbells, at, value, NOTHING);
                }
            }
        }
    }

    @Override
    public String isolation() {
        return "in-process";
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            session.close();
            arena.close();
            try {
                file.close();
            } catch (final IOException failed) {
                throw new AssertionError(failed);
            }
        }
    }
}
