package io.ringvault.nvme.vfio;

import io.ringvault.block.DmaBuffer;

/**
 * The memory that one controller may reach. Memory is only ever added; it all goes at once.
 *
 * <p>Control plane, one thread at a time.
 */
interface DmaArena {

    /**
     * Zeroed memory, aligned to 4096 bytes; contiguous for the device as far as a ring needs it (2 MiB and less).
     *
     * @param lengthBytes a positive multiple of 4096
     */
    DmaBuffer allocate(long lengthBytes);

    /** Takes the memory from the device. The controller has been stopped, or was told to stop and did not listen. */
    void revoke();

    /**
     * Gives the memory back to the machine.
     *
     * @param stopped whether the controller is known to have stopped; if not, memory that nothing else protects stays
     */
    void release(boolean stopped);

    /** What keeps the device away from other memory: {@code iommu} or {@code none}. */
    String isolation();

    /** In words: where the memory came from. */
    String description();
}
