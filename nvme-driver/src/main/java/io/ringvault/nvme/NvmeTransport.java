package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/**
 * How a driver reaches one controller: its registers, its doorbells and memory for DMA. Implementations: the in-process
 * controller model; VFIO and vfio-user controllers.
 *
 * <p>Threads: everything belongs to the control plane (one thread at a time), except that {@link #doorbells()} memory
 * and the hook of {@link #onPoll()} are used by every queue's owner. The driver never asks what kind of transport it
 * has.
 */
public interface NvmeTransport extends AutoCloseable {

    /**
     * Reads a 32-bit register by one access. {@code offset} is below 1000h and a multiple of 4. A controller that is
     * gone reads as all ones.
     */
    int read32(int offset);

    /**
     * Controller Status (CSTS) as a queue's owner looks at it, some twenty times a second: never blocks, and may be a
     * fraction of a second old. All ones when the controller is gone.
     */
    default int status() {
        return read32(0x1C);
    }

    /**
     * Why the controller has to be given back although it still works, for example because the kernel asks for it; null
     * while it may be kept. Asked ten times a second by the control plane; never blocks.
     */
    default String recalled() {
        return null;
    }

    /** Reads a 64-bit register. {@code offset} is below 1000h and a multiple of 8. */
    long read64(int offset);

    /** Writes a 32-bit register by one access, after all earlier stores to DMA memory. */
    void write32(int offset, int value);

    /** Writes a 64-bit register. */
    void write64(int offset, long value);

    /** The doorbell registers as memory: byte 0 is register 1000h. Written only by single 32-bit stores. */
    MemorySegment doorbells();

    /**
     * Allocates zeroed memory that the controller can reach; it lives until {@link #close()}.
     *
     * @param lengthBytes a positive multiple of 4096
     */
    DmaBuffer allocate(long lengthBytes);

    /**
     * Run by a queue's owner at the start of each poll: transports that need a caller's cycles to make progress do so
     * here.
     */
    Runnable onPoll();

    /** The clock, in ns, that all time limits are measured by; transports of tests have their own. Any thread. */
    default long nanoTime() {
        return System.nanoTime();
    }

    /** Lets a control-plane wait rest; about {@code durationNs} on {@link #nanoTime()}. */
    default void pause(final long durationNs) {
        LockSupport.parkNanos(durationNs);
    }

    /**
     * What keeps the controller away from memory that is not its own: {@code iommu}, {@code none}, {@code process}
     * (it runs in another one) or {@code in-process}.
     */
    String isolation();

    /**
     * Whether the controller works only inside its caller's calls, in one thread: the driver then starts no thread of
     * its own, and recovers inside polls.
     */
    default boolean inline() {
        return false;
    }

    /** Unmaps and releases everything, after the controller has been disabled. Idempotent. */
    @Override
    void close();
}
