package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.model.FaultPlan;
import io.ringvault.nvme.model.ModelTransport;
import io.ringvault.nvme.spec.Registers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A model, inline, whose doorbells lie in a mapped file: once that is cut, every store to them faults as one to a BAR
 * that was turned off does (SIGBUS). It can also be asked for back.
 */
final class FragileTransport implements NvmeTransport {
    private final ModelTransport model;
    private final FileChannel file;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment doorbells;
    private boolean lost;
    private int absent = Registers.ALL_ONES;
    /** The next write of 0 to CC is the last that arrives; registers read as zeros afterwards. */
    boolean vanishWhenStopped;
    String recalled;
    /** What was written to CC. */
    final List<Integer> controls = new ArrayList<>();

    FragileTransport(final ModelTransport model, final Path file) throws IOException {
        this.model = model;
        this.file = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
            StandardOpenOption.WRITE);
        this.doorbells = this.file.map(FileChannel.MapMode.READ_WRITE, 0, model.doorbells().byteSize(), arena);
    }

    /** From now on the doorbells fault, and registers read as all ones. */
    void lose() throws IOException {
        lost = true;
        file.truncate(0);
    }

    FaultPlan faults() {
        return model.model().faults();
    }

    /** From now on registers read as this value, and nothing that is written arrives. */
    void vanish(final int reading) {
        absent = reading;
        lost = true;
    }

    private void relay() {
        if (!lost) {
            model.doorbells().copyFrom(doorbells);
        }
    }

    private void poll() {
        relay();
        model.onPoll().run();
    }

    @Override
    public int read32(final int offset) {
        relay();
        return lost ? absent : model.read32(offset);
    }

    @Override
    public long read64(final int offset) {
        return lost ? absent : model.read64(offset);
    }

    @Override
    public void write32(final int offset, final int value) {
        if (!lost) {
            if (offset == Registers.CC_OFFSET) {
                controls.add(value);
                if (value == 0) {
                    doorbells.fill((byte) 0);
                }
            }
            model.write32(offset, value);
            if (vanishWhenStopped && offset == Registers.CC_OFFSET && value == 0) {
                vanish(0);
            }
        }
    }

    @Override
    public void write64(final int offset, final long value) {
        if (!lost) {
            model.write64(offset, value);
        }
    }

    @Override
    public MemorySegment doorbells() {
        return doorbells;
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        return model.allocate(lengthBytes);
    }

    @Override
    public Runnable onPoll() {
        return this::poll;
    }

    @Override
    public void pause(final long durationNs) {
        model.pause(durationNs);
    }

    @Override
    public boolean inline() {
        return true;
    }

    @Override
    public long nanoTime() {
        return model.nanoTime();
    }

    @Override
    public String recalled() {
        return recalled;
    }

    @Override
    public String isolation() {
        return model.isolation();
    }

    @Override
    public void close() {
        model.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
        try {
            file.close();
        } catch (final IOException failed) {
            throw new AssertionError(failed);
        }
    }
}
