package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * VFIO by the device's own node and iommufd: Linux {@code Documentation/userspace-api/iommufd.rst} and the chapter on
 * the device cdev in {@code vfio.rst} (Linux 6.6 and newer). A device can be bound once only.
 */
public final class VfioCdev implements VfioAccess {
    private static final int MOST_RANGES = 1024;

    private final SystemCalls calls;
    private final int iommufd;
    private VfioDevice device;
    private int ioas;
    private IoAddressSpace addressSpace;
    private boolean closed;

    private VfioCdev(final SystemCalls calls, final int iommufd) {
        this.calls = calls;
        this.iommufd = iommufd;
    }

    /**
     * Opens a device.
     *
     * @param iommuPath  {@code /dev/iommu}
     * @param devicePath {@code /dev/vfio/devices/vfioN}
     */
    public static VfioCdev open(final SystemCalls calls, final Path iommuPath, final Path devicePath)
        throws NativeIoException {
        final VfioCdev opened = new VfioCdev(calls, calls.open(iommuPath, true));
        try {
            opened.attach(devicePath);
            return opened;
        } catch (final NativeIoException | RuntimeException failed) {
            opened.close();
            throw failed;
        }
    }

    private void attach(final Path devicePath) throws NativeIoException {
        final int descriptor = calls.open(devicePath, true);
        device = new VfioDevice(calls, descriptor);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment bind = arena.allocate(LinuxVfio.BindIommufd.LENGTH, Integer.BYTES);
            bind.set(JAVA_INT, LinuxVfio.BindIommufd.ARGSZ_OFFSET, (int) LinuxVfio.BindIommufd.LENGTH);
            bind.set(JAVA_INT, LinuxVfio.BindIommufd.IOMMUFD_OFFSET, iommufd);
            calls.ioctl("VFIO_DEVICE_BIND_IOMMUFD", descriptor, LinuxVfio.VFIO_DEVICE_BIND_IOMMUFD, bind);
            final MemorySegment alloc = arena.allocate(LinuxIommufd.IoasAlloc.LENGTH, Integer.BYTES);
            alloc.set(JAVA_INT, LinuxIommufd.IoasAlloc.SIZE_OFFSET, (int) LinuxIommufd.IoasAlloc.LENGTH);
            calls.ioctl("IOMMU_IOAS_ALLOC", iommufd, LinuxIommufd.IOMMU_IOAS_ALLOC, alloc);
            ioas = alloc.get(JAVA_INT, LinuxIommufd.IoasAlloc.OUT_IOAS_ID_OFFSET);
            final MemorySegment attach = arena.allocate(LinuxVfio.AttachIommufdPt.LENGTH, Integer.BYTES);
            attach.set(JAVA_INT, LinuxVfio.AttachIommufdPt.ARGSZ_OFFSET, (int) LinuxVfio.AttachIommufdPt.LENGTH);
            attach.set(JAVA_INT, LinuxVfio.AttachIommufdPt.PT_ID_OFFSET, ioas);
            calls.ioctl("VFIO_DEVICE_ATTACH_IOMMUFD_PT", descriptor, LinuxVfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, attach);
            addressSpace = readAddressSpace(arena);
        }
    }

    /** After the attach: only then does the kernel know which ranges this device can use. */
    private IoAddressSpace readAddressSpace(final Arena arena) throws NativeIoException {
        final MemorySegment query = arena.allocate(LinuxIommufd.IovaRanges.LENGTH, Long.BYTES);
        final MemorySegment found = arena.allocate(MOST_RANGES * LinuxIommufd.IovaRanges.RANGE_LENGTH, Long.BYTES);
        query.set(JAVA_INT, LinuxIommufd.IovaRanges.SIZE_OFFSET, (int) LinuxIommufd.IovaRanges.LENGTH);
        query.set(JAVA_INT, LinuxIommufd.IovaRanges.IOAS_ID_OFFSET, ioas);
        query.set(JAVA_INT, LinuxIommufd.IovaRanges.NUM_IOVAS_OFFSET, MOST_RANGES);
        query.set(JAVA_LONG, LinuxIommufd.IovaRanges.ALLOWED_IOVAS_OFFSET, found.address());
        calls.ioctl("IOMMU_IOAS_IOVA_RANGES", iommufd, LinuxIommufd.IOMMU_IOAS_IOVA_RANGES, query);
        final int count = query.get(JAVA_INT, LinuxIommufd.IovaRanges.NUM_IOVAS_OFFSET);
        final long alignment = query.get(JAVA_LONG, LinuxIommufd.IovaRanges.OUT_IOVA_ALIGNMENT_OFFSET);
        if (count <= 0 || count > MOST_RANGES || Long.bitCount(alignment) != 1) {
            throw new NativeIoException("IOMMU_IOAS_IOVA_RANGES", "address space " + ioas, 0,
                count + " ranges, alignment " + alignment);
        }
        final List<IoAddressSpace.Range> ranges = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            final long at = i * LinuxIommufd.IovaRanges.RANGE_LENGTH;
            ranges.add(new IoAddressSpace.Range(
                found.get(JAVA_LONG, at + LinuxIommufd.IovaRanges.RANGE_START_OFFSET),
                found.get(JAVA_LONG, at + LinuxIommufd.IovaRanges.RANGE_LAST_OFFSET)));
        }
        return new IoAddressSpace(alignment, ranges, Integer.MAX_VALUE);
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
            final MemorySegment map = arena.allocate(LinuxIommufd.IoasMap.LENGTH, Long.BYTES);
            map.set(JAVA_INT, LinuxIommufd.IoasMap.SIZE_OFFSET, (int) LinuxIommufd.IoasMap.LENGTH);
            map.set(JAVA_INT, LinuxIommufd.IoasMap.FLAGS_OFFSET, LinuxIommufd.IoasMap.FIXED_IOVA
                | LinuxIommufd.IoasMap.WRITEABLE | LinuxIommufd.IoasMap.READABLE);
            map.set(JAVA_INT, LinuxIommufd.IoasMap.IOAS_ID_OFFSET, ioas);
            map.set(JAVA_LONG, LinuxIommufd.IoasMap.USER_VA_OFFSET, address);
            map.set(JAVA_LONG, LinuxIommufd.IoasMap.LENGTH_OFFSET, lengthBytes);
            map.set(JAVA_LONG, LinuxIommufd.IoasMap.IOVA_OFFSET, ioAddress);
            calls.ioctl("IOMMU_IOAS_MAP", iommufd, LinuxIommufd.IOMMU_IOAS_MAP, map);
        }
    }

    @Override
    public void unmap(final long ioAddress, final long lengthBytes) throws NativeIoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment unmap = arena.allocate(LinuxIommufd.IoasUnmap.LENGTH, Long.BYTES);
            unmap.set(JAVA_INT, LinuxIommufd.IoasUnmap.SIZE_OFFSET, (int) LinuxIommufd.IoasUnmap.LENGTH);
            unmap.set(JAVA_INT, LinuxIommufd.IoasUnmap.IOAS_ID_OFFSET, ioas);
            unmap.set(JAVA_LONG, LinuxIommufd.IoasUnmap.IOVA_OFFSET, ioAddress);
            unmap.set(JAVA_LONG, LinuxIommufd.IoasUnmap.LENGTH_OFFSET, lengthBytes);
            calls.ioctl("IOMMU_IOAS_UNMAP", iommufd, LinuxIommufd.IOMMU_IOAS_UNMAP, unmap);
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
        calls.close(iommufd);
    }
}
