package io.ringvault.nvme.vfio;

import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.nvme.spec.Registers;
import io.ringvault.nvme.spec.Wire;
import io.ringvault.sys.Mapping;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.SystemTree;
import io.ringvault.sys.VfioAccess;
import io.ringvault.sys.VfioCdev;
import io.ringvault.sys.VfioDevice;
import io.ringvault.sys.VfioGroup;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/**
 * One NVMe controller behind VFIO: its registers by single accesses to the mapped BAR 0, and arenas for DMA.
 *
 * <p><b>Opening.</b> Everything that sysfs can refuse, then the descriptors (the kernel lets one owner in), bus master
 * off, BAR, the controller stopped, and only then bus master on: a controller that an earlier owner left running never
 * reaches memory in between.
 *
 * <p><b>Letting go</b>, in this order, also when a step fails: the controller shuts down (CC.SHN), is disabled (CC.EN =
 * 0), is reset through the kernel if it will not be; bus master off; DMA mappings; BAR; descriptors; memory. The first
 * four also happen in a hook when the JVM ends without a close.
 *
 * <p><b>A controller that goes away.</b> When the kernel asks for the device back (its removal, or an unbind), {@link
 * #recalled()} says so: the driver then shuts the controller down in order and ends its queues. Registers of a device
 * that is gone already read as all ones. An access that faults, because memory space was turned off beneath the
 * mapping, reads as all ones too.
 *
 * <p>Control plane, one thread at a time; {@link #read32} and {@link #doorbells} any thread.
 */
public final class VfioTransport implements NvmeTransport {
    private static final Runnable NOTHING = () -> { };
    /** Registers and the doorbells of the admin queue and one more. */
    private static final long LEAST_BAR_BYTES = Registers.DOORBELLS_OFFSET + 16;
    private static final long PARK_NS = 50_000;
    private static final long NS_PER_MS = 1_000_000;
    private static final long SHUTDOWN_MS = 10_000;
    private static final long MARGIN_MS = 1_000;
    /** How long the hook waits for a close that some other hook may be busy with. */
    private static final long GRACE_MS = 3_000;

    private final VfioOptions options;
    private final VfioAccess access;
    private final VfioDevice device;
    private final Thread hook = new Thread(() -> onJvmEnd(GRACE_MS), "ringvault-vfio-end");
    private Mapping bar;
    private MemorySegment registers;
    private DmaArena arena;
    private volatile boolean faulted;
    private volatile boolean closing;
    private boolean closed;

    private VfioTransport(final VfioOptions options, final VfioAccess access) {
        this.options = options;
        this.access = access;
        this.device = access.device();
    }

    /**
     * Opens and stops a controller, which is then ready to be enabled.
     *
     * @throws StorageException CONFIGURATION with the reason and the remedy when it must not or cannot be opened; IO
     *     when it will not be stopped
     */
    static VfioTransport open(final VfioOptions options, final VfioHost host) {
        final VfioCheck check = new VfioCheck(options, host.tree());
        final VfioCheck.Target target = check.target();
        final VfioTransport opened;
        try {
            opened = new VfioTransport(options, access(options, host, target));
        } catch (final NativeIoException failed) {
            throw check.explain(target, failed);
        }
        try {
            opened.start(host, target);
            return opened;
        } catch (final NativeIoException failed) {
            throw opened.abandoned(new StorageException(StorageException.Category.IO, "device '" + options.uri()
                + "': " + failed.getMessage(), failed));
        } catch (final RuntimeException failed) {
            throw opened.abandoned(failed);
        }
    }

    private static VfioAccess access(final VfioOptions options, final VfioHost host, final VfioCheck.Target target)
        throws NativeIoException {
        final SystemTree tree = host.tree();
        return target.way() == VfioOptions.Way.IOMMUFD
            ? VfioCdev.open(host.calls(), tree.path("dev/iommu"), tree.path(target.node()))
            : VfioGroup.open(host.calls(), tree.path("dev/vfio/vfio"), tree.path(target.node()), options.address(),
            target.way() == VfioOptions.Way.TYPE1);
    }

    private void start(final VfioHost host, final VfioCheck.Target target) throws NativeIoException {
        if (!device.isPci()) {
            throw options.refused("VFIO does not know " + options.address() + " as a PCI device");
        }
        device.command(false);
        bar = device.mapBar0(LEAST_BAR_BYTES);
        registers = bar.segment();
        final boolean physical = target.way() == VfioOptions.Way.NONE;
        final PhysicalArena named = physical ? PhysicalArena.open(options, host) : null;
        if (!stop()) {
            throw StorageException.io("device '" + options.uri() + "': " + (gone() ? "its registers read as all ones"
                : "CSTS.RDY did not clear, even after a reset") + "; the controller does not work");
        }
        if (physical) {
            named.deleteRemains();
        }
        arena = physical ? named : new IommuArena(options.uri(), access, host.tree());
        device.command(true);
        device.watchRemoval();
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private RuntimeException abandoned(final RuntimeException failed) {
        try {
            close();
        } catch (final RuntimeException alsoFailed) {
            failed.addSuppressed(alsoFailed);
        }
        return failed;
    }

    @Override
    public int read32(final int offset) {
        return load32(offset);
    }

    @Override
    public String recalled() {
        try {
            return !closing && device.removalRequested()
                ? "the kernel asks for it back, since it is being removed or taken from vfio-pci" : null;
        } catch (final NativeIoException failed) {
            throw new StorageException(StorageException.Category.IO, "device '" + options.uri() + "': "
                + failed.getMessage(), failed);
        }
    }

    /**
     * One access. The JVM reports a fault of compiled code where the thread next comes back from outside Java, which
     * the yield makes happen before the value is believed.
     */
    private int load32(final int offset) {
        try {
            final int value = (int) Wire.INT.getVolatile(registers, (long) offset);
            Thread.yield();
            return value;
        } catch (final InternalError fault) {
            faulted = true;
            return Registers.ALL_ONES;
        }
    }

    @Override
    public long read64(final int offset) {
        try {
            final long value = (long) Wire.LONG.getVolatile(registers, (long) offset);
            Thread.yield();
            return value;
        } catch (final InternalError fault) {
            faulted = true;
            return Registers.ALL_ONES;
        }
    }

    @Override
    public void write32(final int offset, final int value) {
        try {
            Wire.INT.setVolatile(registers, (long) offset, value);
            Thread.yield();
        } catch (final InternalError fault) {
            faulted = true;
        }
    }

    @Override
    public void write64(final int offset, final long value) {
        try {
            Wire.LONG.setVolatile(registers, (long) offset, value);
            Thread.yield();
        } catch (final InternalError fault) {
            faulted = true;
        }
    }

    @Override
    public MemorySegment doorbells() {
        return registers.asSlice(Registers.DOORBELLS_OFFSET);
    }

    @Override
    public synchronized DmaBuffer allocate(final long lengthBytes) {
        if (closed) {
            throw new IllegalStateException("device '" + options.uri() + "' is closed");
        }
        return arena.allocate(lengthBytes);
    }

    @Override
    public Runnable onPoll() {
        return NOTHING;
    }

    @Override
    public boolean inline() {
        return false;
    }

    @Override
    public String isolation() {
        return arena.isolation();
    }

    /** In words: where the DMA memory came from. */
    public synchronized String memory() {
        return arena.description();
    }

    /** For tests that do to the device what no driver does. */
    VfioDevice device() {
        return device;
    }

    private boolean gone() {
        return faulted || load32(Registers.CSTS_OFFSET) == Registers.ALL_ONES;
    }

    /** Shuts down and disables the controller if it is enabled. False when it cannot be known to have stopped. */
    private boolean stop() throws NativeIoException {
        if (gone()) {
            return false;
        }
        final int cc = load32(Registers.CC_OFFSET);
        final int csts = load32(Registers.CSTS_OFFSET);
        final long readyMs = Registers.readyTimeoutMs(read64(Registers.CAP_OFFSET)) + MARGIN_MS;
        if ((cc & Registers.CC_EN) != 0) {
            if ((csts & Registers.CSTS_RDY) != 0 && (csts & Registers.CSTS_CFS) == 0) {
                write32(Registers.CC_OFFSET, cc & ~Registers.CC_SHN_MASK | Registers.CC_SHN_NORMAL);
                final long deadline = System.nanoTime() + SHUTDOWN_MS * NS_PER_MS;
                while (!Registers.shutdownComplete(load32(Registers.CSTS_OFFSET))
                    && System.nanoTime() - deadline < 0) {
                    LockSupport.parkNanos(PARK_NS);
                }
            }
            write32(Registers.CC_OFFSET, 0);
        }
        if (!awaitStopped(readyMs) && !gone() && device.canReset()) {
            device.reset();
            device.command(false);
            return awaitStopped(readyMs) && !gone();
        }
        return !gone() && (load32(Registers.CSTS_OFFSET) & Registers.CSTS_RDY) == 0;
    }

    private boolean awaitStopped(final long limitMs) {
        final long deadline = System.nanoTime() + limitMs * NS_PER_MS;
        while ((load32(Registers.CSTS_OFFSET) & Registers.CSTS_RDY) != 0) {
            if (gone() || System.nanoTime() - deadline > 0) {
                return false;
            }
            LockSupport.parkNanos(PARK_NS);
        }
        return true;
    }

    /** Runs when the JVM ends: what a close would do to the controller. Memory goes with the process. */
    void onJvmEnd(final long graceMs) {
        final long deadline = System.nanoTime() + graceMs * NS_PER_MS;
        while (!closing && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(20 * NS_PER_MS);
        }
        synchronized (this) {
            if (!closed) {
                closing = true;
                try {
                    stop();
                    device.command(false);
                } catch (final NativeIoException failed) {
                    throw new StorageException(StorageException.Category.IO, "device '" + options.uri()
                        + "' was not let go in order: " + failed.getMessage(), failed);
                }
            }
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        closing = true;
        final boolean[] stopped = new boolean[1];
        final Steps steps = new Steps();
        if (bar != null) {
            steps.run(() -> stopped[0] = stop());
        }
        if (bar == null || !gone()) {
            steps.run(() -> device.command(false));
        }
        if (arena != null) {
            steps.run(arena::revoke);
        }
        if (bar != null) {
            steps.run(bar::close);
        }
        steps.run(access::close);
        if (arena != null) {
            steps.run(() -> arena.release(stopped[0]));
        }
        steps.run(this::removeHook);
        steps.end("device '" + options.uri() + "' was not let go in order");
    }

    /** During the end of the JVM the hook runs, or has run, and cannot be removed. */
    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (final IllegalStateException ending) {
            closing = true;
        }
    }

    @Override
    public String toString() {
        return "VfioTransport[" + options.uri() + "]";
    }
}
