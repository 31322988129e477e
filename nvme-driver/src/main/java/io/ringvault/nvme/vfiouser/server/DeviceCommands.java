package io.ringvault.nvme.vfiouser.server;

import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.vfiouser.VfioUserWire;
import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeDescriptor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The commands of a device, after the message has been framed: each looks at a payload, acts, and fills in the reply's
 * payload. A result is the reply's length, or minus an errno. One thread.
 */
final class DeviceCommands {
    private static final int NO_DESCRIPTOR = -1;
    private static final int DOORBELLS = ModelEndpoint.DOORBELLS_OFFSET;
    private static final int REGION_TABLE = 4;
    private static final int REGION_PBA = 5;
    private static final int SPARSE_REPLY_BYTES = VfioUserWire.REGION_INFO_BYTES + VfioUserWire.SPARSE_HEAD_BYTES
        + VfioUserWire.SPARSE_AREA_BYTES;
    private static final int READ_WRITE = VfioUserWire.REGION_READABLE | VfioUserWire.REGION_WRITABLE;

    private final ModelEndpoint.Session controller;
    private final DmaTable memory;
    private final PciConfigSpace config;
    private final long bar0Bytes;
    private final boolean mappableDoorbells;
    private final MemorySegment table = MemorySegment.ofArray(new byte[(int) VfioUserServer.BAR4_BYTES]);
    private final MemorySegment pending = MemorySegment.ofArray(new byte[(int) VfioUserServer.BAR5_BYTES]);
    private int replyDescriptor = NO_DESCRIPTOR;

    DeviceCommands(final ModelEndpoint.Session controller, final DmaTable memory, final PciConfigSpace config,
        final long bar0Bytes, final boolean mappableDoorbells) {
        this.controller = controller;
        this.memory = memory;
        this.config = config;
        this.bar0Bytes = bar0Bytes;
        this.mappableDoorbells = mappableDoorbells;
        controller.interruptsLost(!config.interruptsDisabled());
    }

    /** The descriptor that goes with the reply, once; -1 for none. It stays the controller's. */
    int takeReplyDescriptor() {
        final int taken = replyDescriptor;
        replyDescriptor = NO_DESCRIPTOR;
        return taken;
    }

    /** Executes; descriptors that came along stay the caller's. */
    int execute(final int command, final MemorySegment in, final MemorySegment out,
        final List<NativeDescriptor> descriptors) throws IOException {
        return switch (command) {
            case VfioUserWire.DMA_MAP -> map(in, descriptors);
            case VfioUserWire.DMA_UNMAP -> unmap(in, out);
            case VfioUserWire.GET_INFO -> info(in, out);
            case VfioUserWire.GET_REGION_INFO -> regionInfo(in, out);
            case VfioUserWire.GET_IRQ_INFO -> irqInfo(in, out);
            case VfioUserWire.SET_IRQS -> setIrqs(in);
            case VfioUserWire.REGION_READ -> read(in, out);
            case VfioUserWire.REGION_WRITE -> write(in, out);
            case VfioUserWire.DEVICE_RESET -> reset();
            default -> -Errno.EINVAL;
        };
    }

    private static boolean isShort(final MemorySegment in, final int leastBytes) {
        return in.byteSize() < leastBytes
            || Integer.compareUnsigned(in.get(VfioUserWire.U32, VfioUserWire.ARGSZ), leastBytes) < 0;
    }

    private int reset() {
        controller.reset();
        return 0;
    }

    private int map(final MemorySegment in, final List<NativeDescriptor> descriptors) throws IOException {
        if (isShort(in, VfioUserWire.DMA_MAP_BYTES) || descriptors.size() > 1) {
            return -Errno.EINVAL;
        }
        return -memory.map(in.get(VfioUserWire.U32, VfioUserWire.ARG_FLAGS),
            in.get(VfioUserWire.U64, VfioUserWire.MAP_FILE_OFFSET), in.get(VfioUserWire.U64, VfioUserWire.MAP_ADDRESS),
            in.get(VfioUserWire.U64, VfioUserWire.MAP_SIZE), descriptors.isEmpty() ? null : descriptors.getFirst());
    }

    private int unmap(final MemorySegment in, final MemorySegment out) {
        if (isShort(in, VfioUserWire.DMA_UNMAP_BYTES)) {
            return -Errno.EINVAL;
        }
        final int flags = in.get(VfioUserWire.U32, VfioUserWire.ARG_FLAGS);
        final long address = in.get(VfioUserWire.U64, VfioUserWire.UNMAP_ADDRESS);
        final long size = in.get(VfioUserWire.U64, VfioUserWire.UNMAP_SIZE);
        if (flags == VfioUserWire.UNMAP_ALL && address == 0 && size == 0) {
            memory.unmapAll();
        } else {
            final int errno = flags != 0 ? Errno.EINVAL : memory.unmap(address, size);
            if (errno != 0) {
                return -errno;
            }
        }
        MemorySegment.copy(in, 0, out, 0, VfioUserWire.DMA_UNMAP_BYTES);
        return VfioUserWire.DMA_UNMAP_BYTES;
    }

    private int info(final MemorySegment in, final MemorySegment out) {
        if (isShort(in, VfioUserWire.INFO_BYTES)) {
            return -Errno.EINVAL;
        }
        out.set(VfioUserWire.U32, VfioUserWire.ARGSZ, VfioUserWire.INFO_BYTES);
        out.set(VfioUserWire.U32, VfioUserWire.ARG_FLAGS,
            VfioUserWire.DEVICE_RESETTABLE | VfioUserWire.DEVICE_PCI);
        out.set(VfioUserWire.U32, VfioUserWire.INFO_REGIONS, VfioUserWire.REGIONS);
        out.set(VfioUserWire.U32, VfioUserWire.INFO_IRQS, VfioUserWire.IRQ_TYPES);
        return VfioUserWire.INFO_BYTES;
    }

    private long regionBytes(final int index) {
        return switch (index) {
            case VfioUserWire.REGION_BAR0 -> bar0Bytes;
            case REGION_TABLE -> VfioUserServer.BAR4_BYTES;
            case REGION_PBA -> VfioUserServer.BAR5_BYTES;
            case VfioUserWire.REGION_CONFIG -> PciConfigSpace.BYTES;
            default -> 0;
        };
    }

    private int regionInfo(final MemorySegment in, final MemorySegment out) {
        if (isShort(in, VfioUserWire.REGION_INFO_BYTES)) {
            return -Errno.EINVAL;
        }
        final int index = in.get(VfioUserWire.U32, VfioUserWire.INDEX);
        if (index < 0 || index >= VfioUserWire.REGIONS) {
            return -Errno.EINVAL;
        }
        final long size = regionBytes(index);
        out.asSlice(0, SPARSE_REPLY_BYTES).fill((byte) 0);
        out.set(VfioUserWire.U32, VfioUserWire.ARGSZ, VfioUserWire.REGION_INFO_BYTES);
        out.set(VfioUserWire.U32, VfioUserWire.ARG_FLAGS, size == 0 ? 0 : READ_WRITE);
        out.set(VfioUserWire.U32, VfioUserWire.INDEX, index);
        out.set(VfioUserWire.U64, VfioUserWire.REGION_SIZE, size);
        if (index != VfioUserWire.REGION_BAR0 || !mappableDoorbells) {
            return VfioUserWire.REGION_INFO_BYTES;
        }
        out.set(VfioUserWire.U32, VfioUserWire.ARGSZ, SPARSE_REPLY_BYTES);
        out.set(VfioUserWire.U32, VfioUserWire.ARG_FLAGS,
            READ_WRITE | VfioUserWire.REGION_MAPPABLE | VfioUserWire.REGION_HAS_CAPABILITIES);
        if (Integer.compareUnsigned(in.get(VfioUserWire.U32, VfioUserWire.ARGSZ), SPARSE_REPLY_BYTES) < 0) {
            return VfioUserWire.REGION_INFO_BYTES;
        }
        out.set(VfioUserWire.U32, VfioUserWire.REGION_CAP_OFFSET, VfioUserWire.REGION_INFO_BYTES);
        final int at = VfioUserWire.REGION_INFO_BYTES;
        out.set(VfioUserWire.U16, at, (short) VfioUserWire.CAPABILITY_SPARSE_MMAP);
        out.set(VfioUserWire.U16, at + 2, (short) 1);
        out.set(VfioUserWire.U32, at + 8, 1);
        out.set(VfioUserWire.U64, at + VfioUserWire.SPARSE_HEAD_BYTES, DOORBELLS);
        out.set(VfioUserWire.U64, at + VfioUserWire.SPARSE_HEAD_BYTES + 8, controller.doorbellBytes());
        replyDescriptor = controller.doorbellDescriptor();
        return SPARSE_REPLY_BYTES;
    }

    /** There are five types, and none of them can be delivered. */
    private int irqInfo(final MemorySegment in, final MemorySegment out) {
        if (isShort(in, VfioUserWire.IRQ_INFO_BYTES)) {
            return -Errno.EINVAL;
        }
        final int index = in.get(VfioUserWire.U32, VfioUserWire.INDEX);
        if (index < 0 || index >= VfioUserWire.IRQ_TYPES) {
            return -Errno.EINVAL;
        }
        out.asSlice(0, VfioUserWire.IRQ_INFO_BYTES).fill((byte) 0);
        out.set(VfioUserWire.U32, VfioUserWire.ARGSZ, VfioUserWire.IRQ_INFO_BYTES);
        out.set(VfioUserWire.U32, VfioUserWire.INDEX, index);
        return VfioUserWire.IRQ_INFO_BYTES;
    }

    /** Switching interrupts off always works, switching them on never. */
    private int setIrqs(final MemorySegment in) {
        if (isShort(in, VfioUserWire.SET_IRQS_BYTES)) {
            return -Errno.EINVAL;
        }
        final int index = in.get(VfioUserWire.U32, VfioUserWire.INDEX);
        if (index < 0 || index >= VfioUserWire.IRQ_TYPES) {
            return -Errno.EINVAL;
        }
        final boolean off = (in.get(VfioUserWire.U32, VfioUserWire.ARG_FLAGS) & VfioUserWire.IRQ_DATA_NONE) != 0
            && in.get(VfioUserWire.U32, VfioUserWire.SET_IRQS_COUNT) == 0;
        return off ? 0 : -Errno.EOPNOTSUPP;
    }

    /** The region's index when the access lies inside it, or minus an errno. */
    private int accessed(final MemorySegment in) {
        final int index = in.get(VfioUserWire.U32, VfioUserWire.ACCESS_REGION);
        final long offset = in.get(VfioUserWire.U64, VfioUserWire.ACCESS_OFFSET);
        final int count = in.get(VfioUserWire.U32, VfioUserWire.ACCESS_COUNT);
        final boolean inside = index >= 0 && index < VfioUserWire.REGIONS && count > 0
            && count <= VfioUserWire.MAX_DATA_BYTES && offset >= 0 && offset <= regionBytes(index) - count;
        return inside ? index : -Errno.EINVAL;
    }

    private int read(final MemorySegment in, final MemorySegment out) {
        final int index = in.byteSize() != VfioUserWire.REGION_ACCESS_BYTES ? -Errno.EINVAL : accessed(in);
        if (index < 0) {
            return index;
        }
        final int offset = (int) in.get(VfioUserWire.U64, VfioUserWire.ACCESS_OFFSET);
        final int count = in.get(VfioUserWire.U32, VfioUserWire.ACCESS_COUNT);
        MemorySegment.copy(in, 0, out, 0, VfioUserWire.REGION_ACCESS_BYTES);
        final MemorySegment data = out.asSlice(VfioUserWire.ACCESS_DATA, count);
        switch (index) {
            case VfioUserWire.REGION_BAR0 -> {
                final int errno = readRegisters(offset, count, data);
                if (errno != 0) {
                    return -errno;
                }
            }
            case REGION_TABLE -> MemorySegment.copy(table, offset, data, 0, count);
            case REGION_PBA -> MemorySegment.copy(pending, offset, data, 0, count);
            default -> config.read(offset, data, 0, count);
        }
        return VfioUserWire.REGION_ACCESS_BYTES + count;
    }

    private int readRegisters(final int offset, final int count, final MemorySegment data) {
        if (offset >= DOORBELLS) {
            return Errno.EPERM;
        }
        if (count != Integer.BYTES && count != Long.BYTES) {
            return Errno.EINVAL;
        }
        data.fill((byte) 0);
        for (int at = 0; at < count && (offset & 3) == 0 && offset + at < DOORBELLS; at += Integer.BYTES) {
            data.set(VfioUserWire.U32, at, controller.read32(offset + at));
        }
        return 0;
    }

    private int write(final MemorySegment in, final MemorySegment out) {
        final boolean framed = in.byteSize() >= VfioUserWire.REGION_ACCESS_BYTES
            && in.byteSize() - VfioUserWire.REGION_ACCESS_BYTES
            == Integer.toUnsignedLong(in.get(VfioUserWire.U32, VfioUserWire.ACCESS_COUNT));
        final int index = framed ? accessed(in) : -Errno.EINVAL;
        if (index < 0) {
            return index;
        }
        final int offset = (int) in.get(VfioUserWire.U64, VfioUserWire.ACCESS_OFFSET);
        final MemorySegment data = in.asSlice(VfioUserWire.ACCESS_DATA);
        final int count = (int) data.byteSize();
        switch (index) {
            case VfioUserWire.REGION_BAR0 -> {
                final int errno = offset < DOORBELLS ? writeRegisters(offset, data) : ring(offset - DOORBELLS, data);
                if (errno != 0) {
                    return -errno;
                }
            }
            case REGION_TABLE -> MemorySegment.copy(data, 0, table, offset, count);
            case REGION_PBA -> MemorySegment.copy(data, 0, pending, offset, count);
            default -> {
                config.write(offset, data, 0, count);
                controller.interruptsLost(!config.interruptsDisabled());
            }
        }
        MemorySegment.copy(in, ValueLayout.JAVA_BYTE, 0, out, ValueLayout.JAVA_BYTE, 0,
            VfioUserWire.REGION_ACCESS_BYTES);
        return VfioUserWire.REGION_ACCESS_BYTES;
    }

    private int writeRegisters(final int offset, final MemorySegment data) {
        if (data.byteSize() != Integer.BYTES && data.byteSize() != Long.BYTES) {
            return Errno.EINVAL;
        }
        for (int at = 0; at < data.byteSize() && (offset & 3) == 0 && offset + at < DOORBELLS; at += Integer.BYTES) {
            controller.write32(offset + at, data.get(VfioUserWire.U32, at));
        }
        return 0;
    }

    private int ring(final long offset, final MemorySegment data) {
        if (data.byteSize() != Integer.BYTES || (offset & 3) != 0 || offset >= controller.doorbellBytes()) {
            return Errno.EINVAL;
        }
        controller.ring(offset, data.get(VfioUserWire.U32, 0));
        return 0;
    }
}
