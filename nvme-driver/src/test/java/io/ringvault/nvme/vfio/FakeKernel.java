package io.ringvault.nvme.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.ringvault.sys.Errno;
import io.ringvault.sys.Mapping;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.SystemCalls;
import io.ringvault.sys.SystemTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * VFIO and iommufd as the kernel's documentation describes them, over one controller that knows how to be enabled and
 * shut down and nothing else. It keeps a list of what was asked of it, and numbers of its own: an offset shared with
 * the shipped code would be wrong on both sides.
 */
final class FakeKernel implements SystemCalls, AutoCloseable {
    static final String ADDRESS = "0000:01:00.0";
    static final long CONFIG_AT = 7L << 40;

    private static final VarHandle INT = JAVA_INT.varHandle();
    private static final int FIRST_DESCRIPTOR = 100_000;

    final List<String> trace = new CopyOnWriteArrayList<>();
    final Map<Long, Long> mapped = new TreeMap<>();
    /** Errno that a request answers with, by its name or the path of an open. */
    final Map<String, Integer> failing = new HashMap<>();
    int command = 0x1;
    long pageSizes = 0x40201000L;
    long[] ranges = {0, 0xFEDF_FFFFL, 0xFEF0_0000L, 0x7F_FFFF_FFFFL};
    int mappings = 65535;
    int capabilitiesAt = 84;
    boolean viable = true;
    boolean offersReset = true;
    volatile boolean removalAsked;
    volatile boolean stubborn;
    volatile boolean gone;

    private final Path root;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bar = arena.allocate(0x4000, 4096);
    private final Map<Integer, String> open = new HashMap<>();
    private final Thread controller = new Thread(this::controllerLoop, "fake-controller");
    private int next = FIRST_DESCRIPTOR;
    private int iommu;
    private volatile boolean ended;

    FakeKernel(final Path root) {
        this.root = root;
        bar.set(JAVA_LONG, 0, 1L << 24 | 1L << 37 | 1023);
        controller.setDaemon(true);
        controller.start();
    }

    /** A machine whose controller is ready to be taken, in a group of its own, with an IOMMU. */
    static FakeKernel ready(final Path root) throws IOException {
        final FakeKernel kernel = new FakeKernel(root);
        kernel.function(ADDRESS, "0x010802", "vfio-pci", "7");
        kernel.file("dev/vfio/vfio", "");
        kernel.file("dev/vfio/7", "");
        return kernel;
    }

    VfioHost host() {
        return new VfioHost(this, SystemTree.below(root));
    }

    Path file(final String path, final String text) throws IOException {
        final Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    void link(final String path, final String target) throws IOException {
        final Path link = root.resolve(path);
        Files.createDirectories(link.getParent());
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, Path.of(target));
    }

    /** A PCI function; driver and group may be null. */
    void function(final String address, final String classCode, final String driver, final String group)
        throws IOException {
        final String folder = "sys/bus/pci/devices/" + address;
        file(folder + "/class", classCode + "\n");
        Files.deleteIfExists(root.resolve(folder + "/driver"));
        if (driver != null) {
            link(folder + "/driver", "../../../bus/pci/drivers/" + driver);
        }
        if (group != null) {
            link(folder + "/iommu_group", "../../../../kernel/iommu_groups/" + group);
            file("sys/kernel/iommu_groups/" + group + "/devices/" + address, "");
        }
    }

    private void controllerLoop() {
        int before = 0;
        while (!ended) {
            if (gone) {
                bar.asSlice(0, 0x1000).fill((byte) 0xFF);
                return;
            }
            final int cc = (int) INT.getVolatile(bar, 0x14L);
            if (cc != before) {
                trace.add("CC=" + Integer.toHexString(cc));
                before = cc;
            }
            int csts = (cc & 1) != 0 || stubborn ? 1 : 0;
            csts |= (cc >>> 14 & 3) != 0 ? 8 : 0;
            INT.setVolatile(bar, 0x1CL, csts);
            Thread.onSpinWait();
        }
    }

    /** As a controller is that an earlier owner left running. */
    void enabledByAnother() throws InterruptedException {
        INT.setVolatile(bar, 0x14L, 1);
        while ((int) INT.getVolatile(bar, 0x1CL) != 1) {
            Thread.sleep(1);
        }
        trace.clear();
    }

    List<String> openDescriptors() {
        return List.copyOf(open.values());
    }

    private NativeIoException error(final String what, final int errno) {
        return new NativeIoException(what, "fake", errno, "");
    }

    private void mayFail(final String what) throws NativeIoException {
        final Integer errno = failing.get(what);
        if (errno != null) {
            throw error(what, errno);
        }
    }

    @Override
    public int open(final Path path, final boolean writable) throws NativeIoException {
        final String name = root.relativize(path).toString();
        mayFail(name);
        if (!Files.exists(path) && !name.equals("proc/self/pagemap")) {
            throw error("open", Errno.ENOENT);
        }
        if (open.containsValue(name) && name.matches("dev/vfio/(noiommu-)?\\d+")) {
            throw error("open", Errno.EBUSY);
        }
        return descriptor(name);
    }

    private int descriptor(final String name) {
        trace.add("open " + name);
        open.put(next, name);
        return next++;
    }

    @Override
    public void close(final int descriptor) {
        trace.add("close " + open.remove(descriptor));
    }

    @Override
    public int ioctl(final String what, final int descriptor, final long request, final MemorySegment argument)
        throws NativeIoException {
        mayFail(what);
        if (!open.containsKey(descriptor)) {
            throw error(what, 9);
        }
        return switch ((int) request) {
            case 0x3B67 -> answer(() -> argument.set(JAVA_INT, 4, viable ? 1 : 0));
            case 0x3B68, 0x3B76 -> note(what);
            case 0x3B6A -> descriptor("device " + argument.getString(0));
            case 0x3B6B -> answer(() -> deviceInfo(argument));
            case 0x3B6C -> answer(() -> regionInfo(argument));
            case 0x3B6D -> answer(() -> argument.set(JAVA_INT, 12, 1));
            case 0x3B6E -> note(what);
            case 0x3B70 -> answer(() -> iommuInfo(argument));
            case 0x3B71 -> map(argument.get(JAVA_LONG, 16), argument.get(JAVA_LONG, 24));
            case 0x3B72 -> unmap(argument.get(JAVA_LONG, 8), argument.get(JAVA_LONG, 16));
            case 0x3B77 -> attach(argument);
            case 0x3B81 -> answer(() -> argument.set(JAVA_INT, 8, 42));
            case 0x3B84 -> iovaRanges(argument);
            case 0x3B85 -> mapIommufd(argument);
            case 0x3B86 -> unmap(argument.get(JAVA_LONG, 8), argument.get(JAVA_LONG, 16));
            default -> throw error(what, Errno.ENOTTY);
        };
    }

    @Override
    public int ioctl(final String what, final int descriptor, final long request, final long argument)
        throws NativeIoException {
        mayFail(what);
        return switch ((int) request) {
            case 0x3B64 -> 0;
            case 0x3B65 -> 1;
            case 0x3B66 -> {
                iommu = (int) argument;
                yield note(what + " " + argument);
            }
            case 0x3B6F -> {
                stubborn = false;
                INT.setVolatile(bar, 0x14L, 0);
                command = 0;
                while ((int) INT.getVolatile(bar, 0x1CL) != 0) {
                    Thread.onSpinWait();
                }
                yield note(what);
            }
            default -> throw error(what, Errno.ENOTTY);
        };
    }

    private int answer(final Runnable filling) {
        filling.run();
        return 0;
    }

    private int note(final String what) {
        trace.add(what);
        return 0;
    }

    private void deviceInfo(final MemorySegment info) {
        info.set(JAVA_INT, 4, 2 | (offersReset ? 1 : 0));
        info.set(JAVA_INT, 8, 9);
        info.set(JAVA_INT, 12, 5);
    }

    private void regionInfo(final MemorySegment info) {
        final boolean config = info.get(JAVA_INT, 8) == 7;
        info.set(JAVA_INT, 4, config ? 3 : 7);
        info.set(JAVA_LONG, 16, config ? 4096 : bar.byteSize());
        info.set(JAVA_LONG, 24, config ? CONFIG_AT : 0);
    }

    /** The chain begins where no 8-byte field is aligned. */
    private void iommuInfo(final MemorySegment info) {
        final int length = capabilitiesAt + 16 + ranges.length * 8 + 12;
        final int room = info.get(JAVA_INT, 0);
        info.set(JAVA_INT, 0, length);
        info.set(JAVA_INT, 4, 3);
        info.set(JAVA_LONG, 8, pageSizes);
        if (room < length) {
            info.set(JAVA_INT, 16, 0);
            return;
        }
        info.set(JAVA_INT, 16, capabilitiesAt);
        final MemorySegment cap = info.asSlice(capabilitiesAt);
        cap.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) 1);
        final int second = capabilitiesAt + 16 + ranges.length * 8;
        cap.set(ValueLayout.JAVA_INT_UNALIGNED, 4, second);
        cap.set(ValueLayout.JAVA_INT_UNALIGNED, 8, ranges.length / 2);
        for (int i = 0; i < ranges.length; i++) {
            cap.set(ValueLayout.JAVA_LONG_UNALIGNED, 16 + 8L * i, ranges[i]);
        }
        info.set(ValueLayout.JAVA_SHORT_UNALIGNED, second, (short) 3);
        info.set(ValueLayout.JAVA_INT_UNALIGNED, second + 4, 0);
        info.set(ValueLayout.JAVA_INT_UNALIGNED, second + 8, mappings);
    }

    private int attach(final MemorySegment argument) throws NativeIoException {
        if (argument.get(JAVA_INT, 8) != 42) {
            throw error("VFIO_DEVICE_ATTACH_IOMMUFD_PT", Errno.ENOENT);
        }
        return note("VFIO_DEVICE_ATTACH_IOMMUFD_PT");
    }

    /** The array lies at an address in the structure; the kernel's way to it is /proc/self/mem. */
    private int iovaRanges(final MemorySegment query) throws NativeIoException {
        if (query.get(JAVA_INT, 4) != 42 || query.get(JAVA_INT, 0) != 32) {
            throw error("IOMMU_IOAS_IOVA_RANGES", Errno.EINVAL);
        }
        final SystemCalls real = SystemCalls.real();
        final int memory = real.open(Path.of("/proc/self/mem"), true);
        try (Arena confined = Arena.ofConfined()) {
            final MemorySegment bytes = confined.allocate(8L * ranges.length, 8);
            MemorySegment.copy(ranges, 0, bytes, JAVA_LONG, 0, ranges.length);
            real.write(memory, query.get(JAVA_LONG, 16), bytes);
        } finally {
            real.close(memory);
        }
        query.set(JAVA_INT, 8, ranges.length / 2);
        query.set(JAVA_LONG, 24, 4096);
        return 0;
    }

    private int mapIommufd(final MemorySegment map) throws NativeIoException {
        if (map.get(JAVA_INT, 0) != 40 || map.get(JAVA_INT, 4) != 7 || map.get(JAVA_INT, 8) != 42) {
            throw error("IOMMU_IOAS_MAP", Errno.EINVAL);
        }
        return map(map.get(JAVA_LONG, 32), map.get(JAVA_LONG, 24));
    }

    private int map(final long address, final long length) throws NativeIoException {
        final long unit = Long.lowestOneBit(pageSizes);
        boolean usable = false;
        for (int i = 0; i < ranges.length; i += 2) {
            usable |= address >= ranges[i] && address + length - 1 <= ranges[i + 1];
        }
        if (!usable || address % unit != 0 || length % unit != 0 || mapped.putIfAbsent(address, length) != null) {
            throw error("map 0x" + Long.toHexString(address) + "+" + length, Errno.EINVAL);
        }
        return note("map");
    }

    private int unmap(final long address, final long length) throws NativeIoException {
        if (!mapped.remove(address, length)) {
            throw error("unmap 0x" + Long.toHexString(address), Errno.ENOENT);
        }
        return note("unmap");
    }

    @Override
    public Mapping map(final int descriptor, final long offset, final long lengthBytes) throws NativeIoException {
        if (descriptor < FIRST_DESCRIPTOR) {
            return SystemCalls.real().map(descriptor, offset, lengthBytes);
        }
        trace.add("mmap " + open.get(descriptor));
        return new Mapping() {
            @Override
            public MemorySegment segment() {
                return bar;
            }

            @Override
            public void close() {
                trace.add("munmap");
            }
        };
    }

    @Override
    public void read(final int descriptor, final long offset, final MemorySegment target) throws NativeIoException {
        if ("proc/self/pagemap".equals(open.get(descriptor))) {
            target.set(JAVA_LONG, 0, failing.containsKey("hidden") ? 1L << 63 : 1L << 63 | offset / 8 + 0x100000);
        } else {
            mayFail("config");
            target.set(JAVA_SHORT, 0, (short) (offset == CONFIG_AT + 4 ? command : -1));
        }
    }

    @Override
    public void write(final int descriptor, final long offset, final MemorySegment source) throws NativeIoException {
        mayFail("config");
        command = source.get(JAVA_SHORT, 0) & 0xFFFF;
        trace.add("command=" + Integer.toHexString(command));
    }

    @Override
    public int eventDescriptor() {
        return descriptor("event");
    }

    @Override
    public boolean readable(final int descriptor) {
        return removalAsked;
    }

    /** Kind of IOMMU that was set: 3 type 1, 8 none. */
    int iommu() {
        return iommu;
    }

    @Override
    public void close() {
        ended = true;
        try {
            controller.join();
        } catch (final InterruptedException e) {
            throw new UncheckedIOException(new IOException(e));
        }
        arena.close();
    }

    /** What was asked, without the traffic on the controller's registers. */
    List<String> calls() {
        final List<String> calls = new ArrayList<>(trace);
        calls.removeIf(each -> each.startsWith("CC="));
        return calls;
    }
}
