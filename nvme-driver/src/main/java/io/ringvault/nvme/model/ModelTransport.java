package io.ringvault.nvme.model;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeTransport;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * Reaches a {@link ControllerModel} as a driver reaches hardware: by registers, doorbells and DMA memory, nothing
 * else.
 */
public final class ModelTransport implements NvmeTransport {
    private static final long CLOCK_STEP_NS = 1_000_000;
    private static final Runnable NOTHING = () -> { };

    private final String uri;
    private final Medium medium;
    private final DeviceMemory memory = new DeviceMemory();
    private final ControllerModel model;
    private final MemorySegment registers;
    private final MemorySegment doorbells;
    private final boolean inline;
    private long looks;
    private boolean closed;

    private ModelTransport(final String uri, final Medium medium, final ModelOptions options) {
        this.uri = uri;
        this.medium = medium;
        this.inline = options.inline();
        this.model = new ControllerModel(options, medium, memory);
        this.registers = model.registers();
        this.doorbells = model.doorbells();
    }

    /**
     * Opens and locks an image and puts a controller before it, not yet enabled.
     *
     * @throws StorageException CONFIGURATION for bad parameters, a missing image or one in use; IO when it cannot be
     *     opened
     */
    public static ModelTransport open(final DeviceUri uri, final OpenMode mode) {
        final ModelOptions options = ModelOptions.parse(uri);
        return new ModelTransport(uri.text(), medium(uri, options, mode), options);
    }

    /** The image behind the URI, locked, with the cache that the options ask for. */
    static Medium medium(final DeviceUri uri, final ModelOptions options, final OpenMode mode) {
        final int stride = options.format().strideBytes(options.blockBytes());
        final Medium file = FileMedium.open(uri.text(), Path.of(uri.path()), mode, stride, options.rangeSync());
        return options.cacheBytes() == 0 ? file : new LossyCache(file, stride, options.cacheBytes());
    }

    /** The controller behind, for tests that cut its power or plan faults. */
    public ControllerModel model() {
        return model;
    }

    @Override
    public int read32(final int offset) {
        if (inline) {
            model.step();
        }
        return model.read32(offset);
    }

    @Override
    public long read64(final int offset) {
        return model.read64(offset);
    }

    @Override
    public void write32(final int offset, final int value) {
        model.write32(offset, value);
        model.touched();
    }

    @Override
    public void write64(final int offset, final long value) {
        Words.store64(registers, offset, value);
    }

    @Override
    public MemorySegment doorbells() {
        return doorbells;
    }

    @Override
    public synchronized DmaBuffer allocate(final long lengthBytes) {
        try {
            final MemorySegment segment = memory.allocate(lengthBytes);
            return DmaBuffer.contiguous(segment, memory.lastAddress());
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "device '" + uri + "': " + lengthBytes
                + " bytes of DMA memory: " + failed.getMessage(), failed);
        }
    }

    @Override
    public Runnable onPoll() {
        return inline ? model::step : NOTHING;
    }

    @Override
    public void pause(final long durationNs) {
        if (!inline) {
            LockSupport.parkNanos(durationNs);
        }
    }

    @Override
    public boolean inline() {
        return inline;
    }

    /**
     * Inline, a clock of its own: a millisecond passes whenever somebody asks, so that a run can be repeated exactly.
     */
    @Override
    public long nanoTime() {
        return inline ? CLOCK_STEP_NS * ++looks : System.nanoTime();
    }

    @Override
    public String isolation() {
        return "in-process";
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        model.close();
        try {
            medium.close();
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "device '" + uri + "': " + failed.getMessage(),
                failed);
        } finally {
            memory.close();
        }
    }
}
