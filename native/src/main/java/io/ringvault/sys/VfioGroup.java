package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * VFIO by container and group: Linux {@code Documentation/driver-api/vfio.rst}. A group can be open once only; the
 * kernel answers a second open, by any process, with EBUSY.
 */
public final class VfioGroup implements VfioAccess {
    private static final int NONE = -1;
    private static final int MOST_INFO_BYTES = 1 << 16;

    private final SystemCalls calls;
    private final int container;
    private int group = NONE;
    private VfioDevice device;
    private IoAddressSpace addressSpace;
    private boolean closed;

    private VfioGroup(final SystemCalls calls, final int container) {
        this.calls = calls;
        this.container = container;
    }

    /**
     * Opens a device.
     *
     * @param containerPath {@code /dev/vfio/vfio}
     * @param groupPath     {@code /dev/vfio/N}, or {@code /dev/vfio/noiommu-N}
     * @param name          of the device in the group, for example {@code 0000:01:00.0}
     * @param withIommu     false for VFIO's no-IOMMU mode
     * @throws NativeIoException with the operation that failed; errno 0 when the kernel answered something unexpected
     */
    public static VfioGroup open(final SystemCalls calls, final Path containerPath, final Path groupPath,
        final String name, final boolean withIommu) throws NativeIoException {
        final VfioGroup opened = new VfioGroup(calls, calls.open(containerPath, true));
        try {
            opened.attach(groupPath, name, withIommu);
            return opened;
        } catch (final NativeIoException | RuntimeException failed) {
            opened.close();
            throw failed;
        }
    }

    private void attach(final Path groupPath, final String name, final boolean withIommu) throws NativeIoException {
        final int version = calls.ioctl("VFIO_GET_API_VERSION", container, LinuxVfio.VFIO_GET_API_VERSION, 0);
        if (version != LinuxVfio.VFIO_API_VERSION) {
            throw new NativeIoException("VFIO_GET_API_VERSION", "container", 0, "version " + version
                + " is not known here");
        }
        final int kind = withIommu ? LinuxVfio.VFIO_TYPE1V2_IOMMU : LinuxVfio.VFIO_NOIOMMU_IOMMU;
        group = calls.open(groupPath, true);
        try (Arena arena = Arena.ofConfined()) {
            checkViable(arena, groupPath);
            final MemorySegment number = arena.allocate(Integer.BYTES, Integer.BYTES);
            number.set(JAVA_INT, 0, container);
            calls.ioctl("VFIO_GROUP_SET_CONTAINER", group, LinuxVfio.VFIO_GROUP_SET_CONTAINER, number);
            if (calls.ioctl("VFIO_CHECK_EXTENSION", container, LinuxVfio.VFIO_CHECK_EXTENSION, kind) == 0) {
                throw new NativeIoException("VFIO_CHECK_EXTENSION", "container", 0, withIommu
                    ? "no type 1 IOMMU is offered; load the module vfio_iommu_type1" : "no-IOMMU mode is not offered");
            }
            calls.ioctl("VFIO_SET_IOMMU", container, LinuxVfio.VFIO_SET_IOMMU, kind);
            if (withIommu) {
                addressSpace = readAddressSpace();
            }
            device = new VfioDevice(calls, calls.ioctl("VFIO_GROUP_GET_DEVICE_FD", group,
                LinuxVfio.VFIO_GROUP_GET_DEVICE_FD, arena.allocateFrom(name)));
        }
    }

    private void checkViable(final Arena arena, final Path groupPath) throws NativeIoException {
        final MemorySegment status = arena.allocate(LinuxVfio.GroupStatus.LENGTH, Integer.BYTES);
        status.set(JAVA_INT, LinuxVfio.GroupStatus.ARGSZ_OFFSET, (int) LinuxVfio.GroupStatus.LENGTH);
        calls.ioctl("VFIO_GROUP_GET_STATUS", group, LinuxVfio.VFIO_GROUP_GET_STATUS, status);
        if ((status.get(JAVA_INT, LinuxVfio.GroupStatus.FLAGS_OFFSET) & LinuxVfio.GroupStatus.FLAGS_VIABLE) == 0) {
            throw new NativeIoException("VFIO_GROUP_GET_STATUS", groupPath.toString(), 0,
                "not viable: a device of the same IOMMU group is bound to another driver");
        }
    }

    private IoAddressSpace readAddressSpace() throws NativeIoException {
        final MemorySegment info = VfioInfo.read(calls, "VFIO_IOMMU_GET_INFO", container,
            LinuxVfio.VFIO_IOMMU_GET_INFO, LinuxVfio.IommuInfo.LENGTH, 0, 0, MOST_INFO_BYTES);
        final int flags = info.get(JAVA_INT, LinuxVfio.IommuInfo.FLAGS_OFFSET);
        final long pageSizes = (flags & LinuxVfio.IommuInfo.FLAG_PGSIZES) == 0 ? 0
            : info.get(JAVA_LONG, LinuxVfio.IommuInfo.IOVA_PGSIZES_OFFSET);
        final List<IoAddressSpace.Range> ranges = new ArrayList<>();
        int mappings = Integer.MAX_VALUE;
        if ((flags & LinuxVfio.IommuInfo.FLAG_CAPS) != 0) {
            for (final MemorySegment each : VfioInfo.capabilities(info,
                info.get(JAVA_INT, LinuxVfio.IommuInfo.CAP_OFFSET_OFFSET))) {
                final int id = VfioInfo.id(each);
                if (id == LinuxVfio.IovaRangeCap.ID) {
                    readRanges(each, ranges);
                } else if (id == LinuxVfio.DmaAvailCap.ID) {
                    mappings = VfioInfo.int32(each, LinuxVfio.DmaAvailCap.AVAIL_OFFSET);
                }
            }
        }
        return new IoAddressSpace(pageSizes, ranges.isEmpty() ? IoAddressSpace.UNSAID : ranges, mappings);
    }

    private static void readRanges(final MemorySegment capability, final List<IoAddressSpace.Range> ranges)
        throws NativeIoException {
        final int count = VfioInfo.int32(capability, LinuxVfio.IovaRangeCap.NR_IOVAS_OFFSET);
        for (int i = 0; i < count; i++) {
            final long at = LinuxVfio.IovaRangeCap.RANGES_OFFSET + i * LinuxVfio.IovaRangeCap.RANGE_LENGTH;
            ranges.add(new IoAddressSpace.Range(
                VfioInfo.int64(capability, at + LinuxVfio.IovaRangeCap.RANGE_START_OFFSET),
                VfioInfo.int64(capability, at + LinuxVfio.IovaRangeCap.RANGE_END_OFFSET)));
        }
    }

    @Override
    public VfioDevice device() {
        return device;
    }

    @Override
    public IoAddressSpace addressSpace() {
        return addressSpace;
    }

    @Override
    public void map(final long address, final long ioAddress, final long lengthBytes) throws NativeIoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment map = arena.allocate(LinuxVfio.DmaMap.LENGTH, Long.BYTES);
            map.set(JAVA_INT, LinuxVfio.DmaMap.ARGSZ_OFFSET, (int) LinuxVfio.DmaMap.LENGTH);
            map.set(JAVA_INT, LinuxVfio.DmaMap.FLAGS_OFFSET, LinuxVfio.DmaMap.FLAG_READ | LinuxVfio.DmaMap.FLAG_WRITE);
            map.set(JAVA_LONG, LinuxVfio.DmaMap.VADDR_OFFSET, address);
            map.set(JAVA_LONG, LinuxVfio.DmaMap.IOVA_OFFSET, ioAddress);
            map.set(JAVA_LONG, LinuxVfio.DmaMap.SIZE_OFFSET, lengthBytes);
            calls.ioctl("VFIO_IOMMU_MAP_DMA", container, LinuxVfio.VFIO_IOMMU_MAP_DMA, map);
        }
    }

    @Override
    public void unmap(final long ioAddress, final long lengthBytes) throws NativeIoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment unmap = arena.allocate(LinuxVfio.DmaUnmap.LENGTH, Long.BYTES);
            unmap.set(JAVA_INT, LinuxVfio.DmaUnmap.ARGSZ_OFFSET, (int) LinuxVfio.DmaUnmap.LENGTH);
            unmap.set(JAVA_LONG, LinuxVfio.DmaUnmap.IOVA_OFFSET, ioAddress);
            unmap.set(JAVA_LONG, LinuxVfio.DmaUnmap.SIZE_OFFSET, lengthBytes);
            calls.ioctl("VFIO_IOMMU_UNMAP_DMA", container, LinuxVfio.VFIO_IOMMU_UNMAP_DMA, unmap);
            final long done = unmap.get(JAVA_LONG, LinuxVfio.DmaUnmap.SIZE_OFFSET);
            if (done != lengthBytes) {
                throw new NativeIoException("VFIO_IOMMU_UNMAP_DMA", "container", 0,
                    done + " of " + lengthBytes + " bytes at 0x" + Long.toHexString(ioAddress));
            }
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (device != null) {
            device.close();
        }
        if (group != NONE) {
            calls.close(group);
        }
        calls.close(container);
    }
}
