package io.ringvault.nvme.model;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * An image that hosts in other processes drive, one after the other, each through a controller of its own: what a
 * server needs of the model. The image, its lock and its volatile cache outlive a host; registers, doorbells and
 * mappings do not, so that no earlier host can reach what a later one uses.
 *
 * <p>Control plane, one thread at a time. Nothing that a host says is trusted: registers that are read-only stay so,
 * and the controller resolves only addresses that were mapped.
 */
public final class ModelEndpoint implements AutoCloseable {
    /** Offset of the doorbells in the shared memory and in the register space. */
    public static final int DOORBELLS_OFFSET = ControllerModel.REGISTER_BYTES;

    private static final int CC = 0x14;
    private static final int AQA = 0x24;
    private static final int BEHIND_ACQ = 0x38;

    private final String uri;
    private final ModelOptions options;
    private final Medium medium;
    private boolean closed;

    private ModelEndpoint(final String uri, final ModelOptions options, final Medium medium) {
        this.uri = uri;
        this.options = options;
        this.medium = medium;
    }

    /**
     * Opens and locks an image.
     *
     * @param uri as {@code nvme+model:} devices are named
     * @throws StorageException CONFIGURATION for bad parameters, a missing image or one in use; IO when it cannot be
     *                          opened
     */
    public static ModelEndpoint open(final DeviceUri uri, final OpenMode mode) {
        final ModelOptions options = ModelOptions.parse(uri);
        if (options.inline()) {
            throw StorageException.configuration("device '" + uri.text()
                + "': mode=inline needs the host's own polls; a served model has threads");
        }
        return new ModelEndpoint(uri.text(), options, ModelTransport.medium(uri, options, mode));
    }

    /** A controller that has just been switched on. */
    public Session connect() {
        try {
            return new Session();
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "device '" + uri + "': doorbell memory: "
                + failed.getMessage(), failed);
        }
    }

    /** Releases the image. What its cache holds and no flush made durable is lost, as with the power. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            medium.close();
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "device '" + uri + "': " + failed.getMessage(),
                failed);
        }
    }

    /** One host's controller. */
    public final class Session implements AutoCloseable {
        private final NativeMemory shared;
        private final long doorbellBytes = ControllerModel.doorbellBytes(options);
        private final DeviceMemory memory = new DeviceMemory();
        private final ControllerModel model;

        private Session() throws IOException {
            shared = NativeMemory.memfd("ringvault-bar0", DOORBELLS_OFFSET + doorbellBytes, NativeMemory.Pages.BASE);
            // The page before the doorbells stays empty: registers are not shared.
            model = new ControllerModel(options, medium, memory,
                shared.segment().asSlice(DOORBELLS_OFFSET, doorbellBytes));
        }

        /** Memory whose bytes from {@link #DOORBELLS_OFFSET} are the doorbells; owned by this session. */
        public int doorbellDescriptor() {
            return shared.descriptor();
        }

        /** Bytes of doorbells, whole pages. */
        public long doorbellBytes() {
            return doorbellBytes;
        }

        /** The controller, for tests that plan faults. */
        public ControllerModel model() {
            return model;
        }

        /** Reads a register; {@code offset} is a multiple of 4 below {@link #DOORBELLS_OFFSET}. */
        public int read32(final int offset) {
            return Words.load32(model.registers(), offset);
        }

        /** Writes a register; writes to read-only ones are dropped. */
        public void write32(final int offset, final int value) {
            if (offset == CC || offset >= AQA && offset < BEHIND_ACQ) {
                Words.store32(model.registers(), offset, value);
                model.stepNow();
            }
        }

        /** Rings a doorbell; {@code offset} is a multiple of 4 within {@link #doorbellBytes()}. */
        public void ring(final long offset, final int value) {
            Words.store32(model.doorbells(), offset, value);
        }

        /** Lets the controller reach memory; the caller has checked that nothing else lies at those addresses. */
        public void map(final long address, final MemorySegment segment) {
            memory.map(address, segment);
        }

        /** Takes memory away while nothing uses it; {@code release} unmaps it from this process. */
        public void unmap(final long address, final Runnable release) {
            model.quiesced(() -> {
                memory.unmap(address);
                release.run();
            });
        }

        /** Whether completions would raise interrupts that nobody receives. */
        public void interruptsLost(final boolean lost) {
            model.interruptsLost(lost);
        }

        /** Disables the controller: all queues are gone. */
        public void reset() {
            write32(CC, 0);
            for (int offset = AQA; offset < BEHIND_ACQ; offset += Integer.BYTES) {
                Words.store32(model.registers(), offset, 0);
            }
        }

        /** Stops the controller; afterwards nothing touches the host's memory. Idempotent. */
        @Override
        public void close() {
            model.close();
            memory.close();
            shared.close();
        }
    }
}
