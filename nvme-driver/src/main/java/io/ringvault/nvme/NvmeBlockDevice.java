package io.ringvault.nvme;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;

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
    private final long zeroPageAddress;
    private boolean closed;

    private NvmeBlockDevice(final String uri, final OpenMode mode, final NvmeOptions options,
        final NvmeController controller) {
        this.uri = uri;
        this.mode = mode;
        this.options = options;
        this.controller = controller;
        this.namespace = controller.namespace();
        this.zeroPageAddress = controller.transport().allocate(PrpList.PAGE_BYTES).deviceAddress(0);
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
        return new NvmeBlockDevice(uri, mode, options, NvmeController.open(uri, transport, options));
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
        return Math.min(controller.facts().commandBytes(), maximumBlocksBytes());
    }

    private int maximumBlocksBytes() {
        return (int) Math.min(PrpList.MAXIMUM_BYTES, 65536L << namespace.blockShift());
    }

    @Override
    public int maxTransferBytes() {
        return LARGEST_REQUEST_BYTES;
    }

    @Override
    public boolean volatileCache() {
        return controller.facts().volatileCache();
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

    /** I/O queues that the controller grants. */
    public int queues() {
        return controller.queues();
    }

    @Override
    public NvmeBlockQueue openQueue(final int depth) {
        if (depth < 1 || depth > LARGEST_DEPTH) {
            throw new IllegalArgumentException("queue depth " + depth + " is not in 1.." + LARGEST_DEPTH);
        }
        return new NvmeBlockQueue(this, controller.createQueuePair(depth), depth, options, System::nanoTime);
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

    long zeroPageAddress() {
        return zeroPageAddress;
    }

    NvmeController controller() {
        return controller;
    }

    void closed(final NvmeBlockQueue queue, final int queueId) {
        if (queue.failure() == 0) {
            controller.deleteQueuePair(queueId);
        }
    }

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
