package io.ringvault.nvme;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import java.util.function.Consumer;

/**
 * One namespace of one controller as a {@link BlockDevice}. Control plane only, apart from the descriptive methods;
 * the work is done by {@link NvmeBlockQueue}.
 */
public final class NvmeBlockDevice implements BlockDevice {
    private static final int LARGEST_REQUEST_BYTES = 16 << 20;
    private static final int LARGEST_DEPTH = 4096;

    private final String uri;
    private final OpenMode mode;
    private final NvmeOptions options;
    private final NvmeController controller;
    private final NamespaceFacts namespace;
    private final int partBytes;
    private final long zeroPageAddress;
    private final long sinkPageAddress;
    private boolean closed;

    private NvmeBlockDevice(final String uri, final OpenMode mode, final NvmeOptions options,
        final NvmeController controller) {
        this.uri = uri;
        this.mode = mode;
        this.options = options;
        this.controller = controller;
        this.namespace = controller.namespace();
        this.partBytes = Transfers.partBytes(uri, namespace, controller.facts().commandBytes());
        final DmaBuffer pages = controller.transport().allocate(2 * PrpList.PAGE_BYTES);
        this.zeroPageAddress = pages.deviceAddress(0);
        this.sinkPageAddress = pages.deviceAddress(PrpList.PAGE_BYTES);
        if (namespace.writeProtected() && writable()) {
            throw StorageException.configuration("device '" + uri + "': namespace "
                + Integer.toUnsignedString(namespace.id())
                + " is write protected; open it read-only, or lift the protection (nvme set-feature -f 0x84)");
        }
    }

    /**
     * Brings a controller up through a transport, which the device then owns; it is closed also when this fails.
     *
     * @throws io.ringvault.block.StorageException IO when the controller does not come up, CONFIGURATION for a
     *     namespace that
     *                                             cannot be used
     */
    public static NvmeBlockDevice open(final String uri, final NvmeTransport transport, final OpenMode mode,
                                       final NvmeOptions options) {
        final NvmeController controller = NvmeController.open(uri, transport, options);
        try {
            final NvmeBlockDevice device = new NvmeBlockDevice(uri, mode, options, controller);
            controller.recovery().start();
            return device;
        } catch (final RuntimeException failed) {
            try {
                controller.close();
            } catch (final RuntimeException alsoFailed) {
                failed.addSuppressed(alsoFailed);
            }
            throw failed;
        }
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public long sizeBytes() {
        return namespace.blocks() << namespace.blockShift();
    }

    @Override
    public int blockSizeBytes() {
        return 1 << namespace.blockShift();
    }

    @Override
    public int singleCommandBytes() {
        return partBytes;
    }

    @Override
    public int maxTransferBytes() {
        return LARGEST_REQUEST_BYTES;
    }

    @Override
    public boolean volatileCache() {
        return controller.facts().volatileCache();
    }

    /** A controller that stops answering is reset while the device is in use. */
    @Override
    public boolean mayReset() {
        return true;
    }

    @Override
    public String failureReason() {
        return controller.recovery().failure();
    }

    /**
     * Who hears of resets and of what the controller reports, a line at a time, on a control-plane thread; each kind of
     * event at most once a minute. Without a listener the lines go to the system logger.
     */
    public void listener(final Consumer<String> listener) {
        controller.listener(listener);
    }

    /** What happened to the controller since it was opened. Any thread. */
    public ControllerHealth health() {
        final ControllerRecovery recovery = controller.recovery();
        return new ControllerHealth(recovery.resets(), recovery.aborts(), controller.eventCounts(),
            recovery.lastReset(), recovery.failure());
    }

    @Override
    public String isolation() {
        return controller.transport().isolation();
    }

    /** What the controller said about itself. */
    public ControllerFacts facts() {
        return controller.facts();
    }

    /** The namespace behind this device. */
    public NamespaceFacts namespace() {
        return namespace;
    }

    @Override
    public int queues() {
        return controller.queues();
    }

    @Override
    public NvmeBlockQueue openQueue(final int depth) {
        if (depth < 1 || depth > LARGEST_DEPTH) {
            throw new IllegalArgumentException("queue depth " + depth + " is not in 1.." + LARGEST_DEPTH);
        }
        return new NvmeBlockQueue(this, controller.createQueuePair(depth), depth, options,
            controller.transport()::nanoTime);
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        if (lengthBytes <= 0 || (lengthBytes & PrpList.PAGE_BYTES - 1) != 0) {
            throw new IllegalArgumentException("DMA memory of " + lengthBytes
                + " bytes: not a positive multiple of 4096");
        }
        return controller.transport().allocate(lengthBytes);
    }

    boolean writable() {
        return mode == OpenMode.READ_WRITE;
    }

    void checkWritable() {
        if (!writable()) {
            throw StorageException.configuration("device '" + uri + "' is open read-only");
        }
    }

    void checkRange(final long offset, final long length) {
        if (offset < 0 || length <= 0 || ((offset | length) & blockSizeBytes() - 1) != 0
            || offset > sizeBytes() - length) {
            throw new IllegalArgumentException("range " + offset + "+" + length + " of a device of " + sizeBytes()
                + " bytes in blocks of " + blockSizeBytes());
        }
    }

    void checkTransfer(final long offset, final int length, final DmaBuffer buffer, final long bufferOffset) {
        checkRange(offset, length);
        if (length > maxTransferBytes()) {
            throw new IllegalArgumentException(length + " bytes exceed the largest request of " + maxTransferBytes());
        }
        if (bufferOffset < 0 || (bufferOffset & PrpList.PAGE_BYTES - 1) != 0 || bufferOffset > buffer.lengthBytes()
            - length) {
            throw new IllegalArgumentException("buffer offset " + bufferOffset + ", length " + length + " of "
                + buffer.lengthBytes() + ": offsets are multiples of 4096 inside the buffer");
        }
    }

    long zeroPageAddress() {
        return zeroPageAddress;
    }

    long sinkPageAddress() {
        return sinkPageAddress;
    }

    NvmeController controller() {
        return controller;
    }

    void closed(final NvmeBlockQueue queue, final int queueId) {
        if (queue.failure() == 0) {
            controller.deleteQueuePair(queueId);
        }
    }

    /** Also ends a recovery under way; nothing is completed afterwards. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            controller.close();
        }
    }

    @Override
    public String toString() {
        return "NvmeBlockDevice[" + uri + ", " + controller.facts().model() + ", " + sizeBytes() + " bytes]";
    }
}
