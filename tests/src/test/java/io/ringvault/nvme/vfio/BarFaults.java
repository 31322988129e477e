package io.ringvault.nvme.vfio;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeBlockQueue;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.spec.Registers;

/**
 * Runs in the guest: memory space is turned off beneath a controller at work, so that every access to the mapped BAR
 * faults (SIGBUS). The JVM lives, registers read as all ones, and the queue ends with a typed status.
 */
public final class BarFaults {
    private static final int MEMORY_SPACE = 2;
    private static final int PAGE = 4096;
    private static final int MOST_POLLS = 10_000;

    private BarFaults() {
    }

    /** Fails with an {@link AssertionError}. */
    public static void run(final String text) throws Exception {
        final DeviceUri uri = DeviceUri.parse(text);
        final VfioTransport transport = VfioTransport.open(VfioOptions.parse(uri), VfioHost.machine());
        try (NvmeBlockDevice device = NvmeBlockDevice.open(text, transport, OpenMode.READ_WRITE,
            NvmeOptions.DEFAULTS)) {
            final NvmeBlockQueue queue = device.openQueue(2);
            final DmaBuffer buffer = device.allocate(PAGE);
            final int[] status = {-1};
            transport.device().writeCommand(transport.device().readCommand() & ~MEMORY_SPACE);
            check(queue.read(1, 0, PAGE, buffer, 0), "the queue is full");
            queue.submit();
            for (int i = 0; i < MOST_POLLS && status[0] == -1; i++) {
                queue.poll((token, result) -> status[0] = result, 1);
            }
            check(transport.read32(Registers.CSTS_OFFSET) == Registers.ALL_ONES, "a register of a BAR that is off");
            check(status[0] == BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_GONE, false),
                "the read ended with " + BlockStatus.describe(status[0]));
            queue.close();
        }
    }

    private static void check(final boolean met, final String otherwise) {
        if (!met) {
            throw new AssertionError(otherwise);
        }
    }
}
