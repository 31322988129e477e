package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A PCI device behind a VFIO device descriptor: its first BAR, the command register, reset, and the kernel's request to
 * give it back. Control plane; {@link #removalRequested()} may be called by any thread until {@link #close()}.
 */
public final class VfioDevice {
    private static final int NONE = -1;
    private static final int MOST_INFO_BYTES = 1 << 16;

    private final SystemCalls calls;
    private final int descriptor;
    private volatile int requestEvent = NONE;
    private boolean closed;

    VfioDevice(final SystemCalls calls, final int descriptor) {
        this.calls = calls;
        this.descriptor = descriptor;
    }

    /** Flags of VFIO_DEVICE_GET_INFO. */
    private int flags() throws NativeIoException {
        return VfioInfo.read(calls, "VFIO_DEVICE_GET_INFO", descriptor, LinuxVfio.VFIO_DEVICE_GET_INFO,
            LinuxVfio.DeviceInfo.LENGTH, 0, 0, MOST_INFO_BYTES).get(JAVA_INT, LinuxVfio.DeviceInfo.FLAGS_OFFSET);
    }

    /** Whether the kernel knows this as a PCI device. */
    public boolean isPci() throws NativeIoException {
        return (flags() & LinuxVfio.DeviceInfo.FLAGS_PCI) != 0;
    }

    /** Whether {@link #reset()} is offered. */
    public boolean canReset() throws NativeIoException {
        return (flags() & LinuxVfio.DeviceInfo.FLAGS_RESET) != 0;
    }

    /** Resets the function; every register is as after power-on, and all DMA has ended. */
    public void reset() throws NativeIoException {
        calls.ioctl("VFIO_DEVICE_RESET", descriptor, LinuxVfio.VFIO_DEVICE_RESET, 0);
    }

    /**
     * Maps BAR 0 from its start, as far as the kernel lets it be mapped.
     *
     * @param leastBytes what the caller cannot do without
     * @throws NativeIoException errno 0 when the BAR is smaller or cannot be mapped
     */
    public Mapping mapBar0(final long leastBytes) throws NativeIoException {
        final MemorySegment info = region(LinuxVfio.VFIO_PCI_BAR0_REGION_INDEX);
        final int flags = info.get(JAVA_INT, LinuxVfio.RegionInfo.FLAGS_OFFSET);
        long size = info.get(JAVA_LONG, LinuxVfio.RegionInfo.SIZE_OFFSET);
        if ((flags & LinuxVfio.RegionInfo.FLAG_MMAP) == 0) {
            throw new NativeIoException("VFIO_DEVICE_GET_REGION_INFO", "BAR 0", 0, "it cannot be mapped, flags 0x"
                + Integer.toHexString(flags));
        }
        if ((flags & LinuxVfio.RegionInfo.FLAG_CAPS) != 0) {
            for (final MemorySegment each : VfioInfo.capabilities(info,
                info.get(JAVA_INT, LinuxVfio.RegionInfo.CAP_OFFSET_OFFSET))) {
                if (VfioInfo.id(each) == LinuxVfio.SparseMmap.ID) {
                    size = Math.min(size, mappableFromStart(each));
                }
            }
        }
        if (size < leastBytes) {
            throw new NativeIoException("VFIO_DEVICE_GET_REGION_INFO", "BAR 0", 0, size
                + " bytes can be mapped, and " + leastBytes + " are needed");
        }
        return calls.map(descriptor, info.get(JAVA_LONG, LinuxVfio.RegionInfo.OFFSET_OFFSET), size);
    }

    private static long mappableFromStart(final MemorySegment capability) throws NativeIoException {
        final int count = VfioInfo.int32(capability, LinuxVfio.SparseMmap.NR_AREAS_OFFSET);
        for (int i = 0; i < count; i++) {
            final long at = LinuxVfio.SparseMmap.AREAS_OFFSET + i * LinuxVfio.SparseMmap.AREA_LENGTH;
            if (VfioInfo.int64(capability, at + LinuxVfio.SparseMmap.AREA_OFFSET_OFFSET) == 0) {
                return VfioInfo.int64(capability, at + LinuxVfio.SparseMmap.AREA_SIZE_OFFSET);
            }
        }
        return 0;
    }

    private MemorySegment region(final int index) throws NativeIoException {
        final boolean first = index == 0;
        return VfioInfo.read(calls, "VFIO_DEVICE_GET_REGION_INFO", descriptor, LinuxVfio.VFIO_DEVICE_GET_REGION_INFO,
            LinuxVfio.RegionInfo.LENGTH, first ? 0 : LinuxVfio.RegionInfo.INDEX_OFFSET, index, MOST_INFO_BYTES);
    }

    /** Sets up the function for polled use: memory space on, INTx off, and DMA as wanted. */
    public void command(final boolean busMaster) throws NativeIoException {
        final int before = readCommand();
        final int on = LinuxPci.PCI_COMMAND_MEMORY | LinuxPci.PCI_COMMAND_INTX_DISABLE;
        writeCommand(busMaster ? before | on | LinuxPci.PCI_COMMAND_MASTER
            : (before | on) & ~LinuxPci.PCI_COMMAND_MASTER);
    }

    /** The command register of the PCI header. */
    public int readCommand() throws NativeIoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment value = arena.allocate(Short.BYTES, Short.BYTES);
            calls.read(descriptor, commandOffset(), value);
            return value.get(JAVA_SHORT, 0) & 0xFFFF;
        }
    }

    /** Writes the command register of the PCI header. */
    public void writeCommand(final int command) throws NativeIoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment value = arena.allocate(Short.BYTES, Short.BYTES);
            value.set(JAVA_SHORT, 0, (short) command);
            calls.write(descriptor, commandOffset(), value);
        }
    }

    private long commandOffset() throws NativeIoException {
        return region(LinuxVfio.VFIO_PCI_CONFIG_REGION_INDEX).get(JAVA_LONG, LinuxVfio.RegionInfo.OFFSET_OFFSET)
            + LinuxPci.PCI_COMMAND;
    }

    /**
     * Asks the kernel to say when it wants the device back (its removal, or an unbind). False where it does not offer
     * that.
     */
    public boolean watchRemoval() throws NativeIoException {
        final MemorySegment info = VfioInfo.read(calls, "VFIO_DEVICE_GET_INFO", descriptor,
            LinuxVfio.VFIO_DEVICE_GET_INFO, LinuxVfio.DeviceInfo.LENGTH, 0, 0, MOST_INFO_BYTES);
        if (info.get(JAVA_INT, LinuxVfio.DeviceInfo.NUM_IRQS_OFFSET) <= LinuxVfio.VFIO_PCI_REQ_IRQ_INDEX) {
            return false;
        }
        final MemorySegment irq = VfioInfo.read(calls, "VFIO_DEVICE_GET_IRQ_INFO", descriptor,
            LinuxVfio.VFIO_DEVICE_GET_IRQ_INFO, LinuxVfio.IrqInfo.LENGTH, LinuxVfio.IrqInfo.INDEX_OFFSET,
            LinuxVfio.VFIO_PCI_REQ_IRQ_INDEX, MOST_INFO_BYTES);
        if (irq.get(JAVA_INT, LinuxVfio.IrqInfo.COUNT_OFFSET) < 1) {
            return false;
        }
        final int event = calls.eventDescriptor();
        try (Arena arena = Arena.ofConfined()) {
            final long length = LinuxVfio.IrqSet.DATA_OFFSET + Integer.BYTES;
            final MemorySegment set = arena.allocate(length, Integer.BYTES);
            set.set(JAVA_INT, LinuxVfio.IrqSet.ARGSZ_OFFSET, (int) length);
            set.set(JAVA_INT, LinuxVfio.IrqSet.FLAGS_OFFSET,
                LinuxVfio.IrqSet.DATA_EVENTFD | LinuxVfio.IrqSet.ACTION_TRIGGER);
            set.set(JAVA_INT, LinuxVfio.IrqSet.INDEX_OFFSET, LinuxVfio.VFIO_PCI_REQ_IRQ_INDEX);
            set.set(JAVA_INT, LinuxVfio.IrqSet.COUNT_OFFSET, 1);
            set.set(JAVA_INT, LinuxVfio.IrqSet.DATA_OFFSET, event);
            calls.ioctl("VFIO_DEVICE_SET_IRQS", descriptor, LinuxVfio.VFIO_DEVICE_SET_IRQS, set);
        } catch (final NativeIoException refused) {
            calls.close(event);
            throw refused;
        }
        requestEvent = event;
        return true;
    }

    /** Whether the kernel has asked for the device since {@link #watchRemoval()}; one poll(2). */
    public boolean removalRequested() throws NativeIoException {
        final int event = requestEvent;
        return event != NONE && calls.readable(event);
    }

    /** Closes the descriptors: the kernel ends DMA and resets the function. Idempotent. */
    void close() {
        if (closed) {
            return;
        }
        closed = true;
        calls.close(descriptor);
        final int event = requestEvent;
        requestEvent = NONE;
        if (event != NONE) {
            calls.close(event);
        }
    }
}
