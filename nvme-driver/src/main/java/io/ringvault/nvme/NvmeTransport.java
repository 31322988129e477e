package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/**
 * How a driver reaches one controller: its registers, its doorbells and memory for DMA. Implementations: the in-process
 * controller model; VFIO and vfio-user controllers.
 *
 * <p>The driver never asks what kind of transport it has. Which of its threads call what, and what an implementation
 * has to hold out:
 * <pre>
 *  registers, {@link #recalled}   one thread at a time, under the controller's lock, but not always the same one: who
 *                                 opens, closes or asks for a queue, and the driver's own thread (below)
 *  {@link #allocate}              any thread, beside all the others: it synchronises by itself
 *  {@link #doorbells}, and the    each owner of a queue on its own thread, and, for the admin queue, whoever holds the
 *  hook of {@link #onPoll}        controller's lock: several threads at once
 *  {@link #status}, {@link #nanoTime}     any thread
 *  {@link #pause}                 who waits for the controller, under its lock
 * </pre>
 * Unless a transport is {@link #inline}, the driver has a thread of its own ({@code ringvault-nvme-control}), which
 * looks at registers ten times a second, polls the admin queue and recovers the controller while queues are in use. A
 * transport that is to be driven by its callers' threads alone has to say so, and so has whatever wraps one.
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
     * Whether the controller works only inside its callers' calls. The driver then starts no thread of its own and
     * recovers inside polls, so that one caller on one thread makes all of it run on that thread. Every transport has
     * to answer: a wrapper that forgot it would bring in the driver's thread.
     */
    boolean inline();

    /** Unmaps and releases everything, after the controller has been disabled. Idempotent. */
    @Override
    void close();
}
