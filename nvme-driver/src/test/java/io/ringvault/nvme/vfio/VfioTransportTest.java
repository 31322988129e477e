package io.ringvault.nvme.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.sys.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening, letting go and every refusal, over a kernel that is played. */
class VfioTransportTest {
    private static final int CC = 0x14;
    private static final int CSTS = 0x1C;

    @TempDir
    private Path root;
    private FakeKernel kernel;

    @BeforeEach
    void plug() throws IOException {
        kernel = FakeKernel.ready(root);
    }

    @AfterEach
    void unplug() {
        kernel.close();
    }

    private VfioTransport open(final String parameters) {
        final DeviceUri uri = DeviceUri.parse("nvme:" + FakeKernel.ADDRESS + parameters);
        return VfioTransport.open(VfioOptions.parse(uri), kernel.host());
    }

    private VfioTransport open() {
        return open("");
    }

    private void assertRefused(final String parameters, final String... words) {
        final StorageException refused = assertThrows(StorageException.class, () -> open(parameters));
        for (final String word : words) {
            assertTrue(refused.getMessage().contains(word), refused.getMessage());
        }
        assertEquals(StorageException.Category.CONFIGURATION, refused.category(), refused.getMessage());
        assertEquals(List.of(), kernel.openDescriptors(), "nothing stays open");
        assertTrue(kernel.mapped.isEmpty());
    }

    private static void enable(final VfioTransport transport) {
        transport.write32(CC, 0x460001);
        while (transport.read32(CSTS) != 1) {
            Thread.onSpinWait();
        }
    }

    @Test
    void shouldOpenAndLetGoInOrder() {
        final VfioTransport transport = open();
        assertEquals(List.of("open dev/vfio/vfio", "open dev/vfio/7", "VFIO_GROUP_SET_CONTAINER", "VFIO_SET_IOMMU 3",
            "open device " + FakeKernel.ADDRESS, "command=403", "mmap device " + FakeKernel.ADDRESS, "command=407",
            "open event", "VFIO_DEVICE_SET_IRQS"), kernel.calls());
        assertEquals("iommu", transport.isolation());
        enable(transport);
        transport.allocate(4096);
        kernel.trace.clear();
        transport.close();
        transport.close();
        assertEquals(List.of("CC=464001", "CC=0", "command=403", "unmap", "munmap",
            "close device " + FakeKernel.ADDRESS, "close event", "close dev/vfio/7", "close dev/vfio/vfio"),
            kernel.trace);
        assertEquals(List.of(), kernel.openDescriptors());
    }

    @Test
    void shouldStopAControllerThatIsRunningBeforeItBecomesBusMaster() throws InterruptedException {
        kernel.enabledByAnother();
        try (VfioTransport transport = open()) {
            assertEquals(0, transport.read32(CSTS));
            assertTrue(kernel.trace.indexOf("CC=0") < kernel.trace.indexOf("command=407"), kernel.trace.toString());
        }
    }

    @Test
    void shouldMapTheArenaAndNothingElse() {
        final VfioTransport transport = open();
        assertTrue(kernel.mapped.isEmpty());
        final DmaBuffer first = transport.allocate(4096);
        final DmaBuffer second = transport.allocate(8192);
        final DmaBuffer large = transport.allocate(5 << 20);
        assertEquals(first.deviceAddress(0) + 4096, second.deviceAddress(0));
        assertEquals(2, kernel.mapped.size());
        assertEquals((2 << 20) + (6 << 20), kernel.mapped.values().stream().mapToLong(Long::longValue).sum());
        for (final DmaBuffer each : List.of(first, second, large)) {
            assertTrue(kernel.mapped.entrySet().stream().anyMatch(map -> map.getKey() <= each.deviceAddress(0)
                && each.deviceAddress(0) + each.lengthBytes() <= map.getKey() + map.getValue()));
            assertFalse(each.deviceAddress(0) == 0, "address 0 means none");
        }
        transport.close();
        assertTrue(kernel.mapped.isEmpty(), "what was mapped is unmapped");
        assertThrows(IllegalStateException.class, () -> transport.allocate(4096));
        assertThrows(IllegalStateException.class, () -> first.segment().fill((byte) 1));
    }

    @Test
    void shouldExplainTheLimitOnLockedMemory() throws IOException {
        kernel.file("proc/self/limits", "Max locked memory         8388608              8388608              bytes\n");
        kernel.failing.put("VFIO_IOMMU_MAP_DMA", Errno.ENOMEM);
        try (VfioTransport transport = open()) {
            final StorageException failed = assertThrows(StorageException.class, () -> transport.allocate(4096));
            assertTrue(failed.getMessage().contains("limit is 8388608 bytes"), failed.getMessage());
            assertTrue(failed.getMessage().contains("ulimit -l unlimited"), failed.getMessage());
        }
    }

    @Test
    void shouldStayWithinWhatTheIommuOffers() {
        kernel.ranges = new long[] {0, 0x2FFFFF, 0x1000_0000L, 0x1040_0FFFL};
        kernel.mappings = 3;
        try (VfioTransport transport = open()) {
            assertEquals(0x1000_0000L, transport.allocate(2 << 20).deviceAddress(0), "the first range has no room");
            transport.allocate(2 << 20);
            final StorageException failed = assertThrows(StorageException.class, () -> transport.allocate(4096));
            assertTrue(failed.getMessage().contains("0x10000000-0x10400fff"), failed.getMessage());
        }
    }

    @Test
    void shouldCountTheMappingsThatTheIommuAllows() {
        kernel.mappings = 1;
        try (VfioTransport transport = open()) {
            transport.allocate(2 << 20);
            assertTrue(assertThrows(StorageException.class, () -> transport.allocate(4096)).getMessage()
                .contains("allows 1 mappings"));
        }
    }

    @Test
    void shouldResetTheDeviceWhenTheControllerWillNotBeDisabled() throws InterruptedException {
        kernel.stubborn = true;
        kernel.enabledByAnother();
        try (VfioTransport transport = open()) {
            assertTrue(kernel.trace.contains("VFIO_DEVICE_RESET"), kernel.trace.toString());
            assertEquals(0, transport.read32(CSTS));
        }
    }

    @Test
    void shouldGiveUpWhenItCannotEvenBeReset() throws InterruptedException {
        kernel.stubborn = true;
        kernel.offersReset = false;
        kernel.enabledByAnother();
        final StorageException failed = assertThrows(StorageException.class, this::open);
        assertTrue(failed.getMessage().contains("CSTS.RDY did not clear"), failed.getMessage());
        assertFalse(kernel.trace.contains("command=407"), "never a bus master");
        assertEquals(List.of(), kernel.openDescriptors());
    }

    @Test
    void shouldStillWorkWhenTheKernelAsksForTheDevice() {
        final VfioTransport transport = open();
        enable(transport);
        assertNull(transport.recalled());
        kernel.removalAsked = true;
        assertTrue(transport.recalled().contains("the kernel asks for it back"), transport.recalled());
        assertEquals(1, transport.read32(CSTS));
        assertEquals(0x460001, transport.read32(CC));
        transport.close();
        assertTrue(kernel.trace.containsAll(List.of("CC=464001", "CC=0")), kernel.trace.toString());
    }

    @Test
    void shouldLetGoOfEverythingWhenTheControllerHasGone() throws InterruptedException {
        final VfioTransport transport = open();
        transport.allocate(4096);
        kernel.gone = true;
        while (transport.read32(CSTS) != -1) {
            Thread.sleep(1);
        }
        transport.close();
        assertEquals(List.of(), kernel.openDescriptors());
        assertTrue(kernel.mapped.isEmpty());
    }

    @Test
    void shouldTakeAllStepsWhenOneFails() {
        final VfioTransport transport = open();
        transport.allocate(4096);
        kernel.failing.put("config", Errno.EIO);
        kernel.mapped.clear();
        final StorageException failed = assertThrows(StorageException.class, transport::close);
        assertTrue(failed.getMessage().contains("not let go in order"), failed.getMessage());
        assertEquals(1, failed.getCause().getSuppressed().length, "the unmapping failed too");
        assertEquals(List.of(), kernel.openDescriptors());
    }

    @Test
    void shouldStopTheControllerWhenTheJvmEndsWithoutAClose() {
        final VfioTransport transport = open();
        enable(transport);
        transport.allocate(4096);
        transport.onJvmEnd(0);
        assertEquals(0, transport.read32(CSTS));
        assertEquals(0, kernel.command & 4, "no bus master");
        assertEquals(1, kernel.mapped.size(), "memory stays until the process has gone");
        transport.close();
        assertTrue(kernel.mapped.isEmpty());
    }

    @Test
    void shouldRefuseWhatIsNoControllerForIt() throws IOException {
        kernel.function(FakeKernel.ADDRESS, "0x020000", "vfio-pci", "7");
        assertRefused("", "class 020000", "no NVMe controller");
        kernel.function(FakeKernel.ADDRESS, "0x010802", "nvme", "7");
        assertRefused("", "bound to nvme", "ringvault nvme bind " + FakeKernel.ADDRESS);
        kernel.function(FakeKernel.ADDRESS, "0x010802", null, "7");
        assertRefused("", "bound to no driver", "ringvault nvme bind");
        final StorageException absent = assertThrows(StorageException.class, () -> VfioTransport.open(
            VfioOptions.parse(DeviceUri.parse("nvme:0000:09:00.0")), kernel.host()));
        assertTrue(absent.getMessage().contains("no PCI device 0000:09:00.0"), absent.getMessage());
    }

    @Test
    void shouldRefuseAControllerWhoseNamespaceIsMountedOrHeld() throws IOException {
        kernel.function(FakeKernel.ADDRESS, "0x010802", "nvme", "7");
        kernel.file("sys/bus/pci/devices/" + FakeKernel.ADDRESS + "/nvme/nvme0/nvme0n1/x", "");
        kernel.file("sys/class/block/nvme0n1/nvme0n1p2/x", "");
        kernel.file("sys/class/block/nvme0n1p2/dev", "259:2\n");
        kernel.file("proc/self/mountinfo", "29 1 259:2 / /home rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n");
        assertRefused("", "nvme0n1p2 is mounted on /home", "Nothing was touched");
        kernel.file("proc/self/mountinfo", "");
        kernel.file("sys/class/block/nvme0n1/holders/dm-3", "");
        assertRefused("", "nvme0n1 is held by dm-3");
    }

    @Test
    void shouldRefuseAGroupThatTheSystemShares() throws IOException {
        kernel.function("0000:01:00.1", "0x020000", "e1000e", "7");
        kernel.file("sys/bus/pci/devices/" + FakeKernel.ADDRESS + "/iommu_group_note", "");
        Files.delete(root.resolve("sys/bus/pci/devices/" + FakeKernel.ADDRESS + "/iommu_group"));
        kernel.link("sys/bus/pci/devices/" + FakeKernel.ADDRESS + "/iommu_group",
            root.resolve("sys/kernel/iommu_groups/7").toString());
        assertRefused("", "0000:01:00.1 bound to e1000e");
        kernel.function("0000:01:00.1", "0x060400", "pcieport", "7");
        kernel.viable = false;
        final StorageException refused = assertThrows(StorageException.class, this::open);
        assertTrue(refused.getMessage().contains("not viable"), refused.getMessage());
    }

    @Test
    void shouldSayWhoElseMayHaveIt() {
        final VfioTransport first = open();
        final StorageException second = assertThrows(StorageException.class, this::open);
        assertEquals(StorageException.Category.CONFIGURATION, second.category());
        assertTrue(second.getMessage().contains("/dev/vfio/7 is in use"), second.getMessage());
        first.close();
        open().close();
    }

    @Test
    void shouldSayWhatIsMissingWhenTheKernelRefuses() {
        kernel.failing.put("dev/vfio/7", Errno.EACCES);
        assertRefused("", "no permission on /dev/vfio/7", "chown");
        kernel.failing.clear();
        kernel.failing.put("VFIO_SET_IOMMU", Errno.EPERM);
        assertRefused("", "interrupt remapping", "allow_unsafe_interrupts");
        kernel.failing.clear();
        kernel.failing.put("dev/vfio/vfio", Errno.ENOENT);
        assertRefused("", "modprobe vfio-pci");
    }

    @Test
    void shouldGoThroughIommufdWhereThatIsThere() throws IOException {
        Files.delete(root.resolve("dev/vfio/7"));
        assertRefused("", "there is no /dev/vfio/7", "modprobe vfio-pci");
        kernel.file("sys/bus/pci/devices/" + FakeKernel.ADDRESS + "/vfio-dev/vfio3/dev", "511:3\n");
        kernel.file("dev/vfio/devices/vfio3", "");
        assertRefused("?iommu=type1", "there is no /dev/vfio/7");
        kernel.file("dev/iommu", "");
        kernel.trace.clear();
        final VfioTransport transport = open("?iommu=iommufd");
        assertEquals(List.of("open dev/iommu", "open dev/vfio/devices/vfio3", "VFIO_DEVICE_BIND_IOMMUFD",
            "VFIO_DEVICE_ATTACH_IOMMUFD_PT"), kernel.calls().subList(0, 4));
        assertEquals("iommu", transport.isolation());
        assertTrue(transport.allocate(4096).deviceAddress(0) >= 2 << 20);
        assertEquals(1, kernel.mapped.size());
        kernel.trace.clear();
        transport.close();
        assertEquals(List.of("command=403", "unmap", "munmap", "close dev/vfio/devices/vfio3", "close event",
            "close dev/iommu"), kernel.calls());
        kernel.failing.put("VFIO_DEVICE_BIND_IOMMUFD", Errno.EINVAL);
        assertRefused("", "is in use");
    }

    @Test
    void shouldRefuseWorkWithoutAnIommuUnlessTheRiskIsNamed() throws IOException {
        assertRefused("?iommu=none-all-memory-exposed", "an IOMMU protects the machine");
        Files.delete(root.resolve("dev/vfio/7"));
        kernel.file("dev/vfio/noiommu-7", "");
        assertRefused("", "no IOMMU stands between", "?iommu=none-all-memory-exposed");
        assertRefused("?iommu=type1", "no IOMMU stands between");
        assertRefused("?iommu=none-all-memory-exposed", "mount -t hugetlbfs");
        assertRefused("?iommu=none", "must be any, type1, iommufd or none-all-memory-exposed");
        Files.delete(root.resolve("dev/vfio/noiommu-7"));
        assertRefused("?iommu=none-all-memory-exposed", "CONFIG_VFIO_NOIOMMU");
    }

    @Test
    void shouldKeepNamedMemoryUntilTheNextOwnerHasStoppedTheController() throws Exception {
        final Path pages = withoutIommu();
        final VfioTransport crashed = open("?iommu=none-all-memory-exposed");
        assertEquals(8, kernel.iommu());
        assertEquals("none", crashed.isolation());
        final DmaBuffer ring = crashed.allocate(4096);
        assertEquals(ring.segment().address() + (0x100000L << 12), ring.deviceAddress(0), "a physical address");
        assertTrue(kernel.mapped.isEmpty());
        assertEquals(1, names(pages).size());
        kernel.gone = true;
        while (crashed.read32(CSTS) != -1) {
            Thread.sleep(1);
        }
        crashed.close();
        assertEquals(1, names(pages).size(), "nobody knows whether the controller has stopped");

        kernel.close();
        kernel = FakeKernel.ready(root);
        Files.delete(root.resolve("dev/vfio/7"));
        kernel.stubborn = true;
        kernel.offersReset = false;
        kernel.enabledByAnother();
        assertThrows(StorageException.class, () -> open("?iommu=none-all-memory-exposed"));
        assertEquals(1, names(pages).size(), "it would not stop");
        kernel.stubborn = false;
        try (VfioTransport next = open("?iommu=none-all-memory-exposed")) {
            assertEquals(List.of(), names(pages));
            next.allocate(4096);
            next.allocate(3 << 20);
            assertEquals(2, names(pages).size());
        }
        assertEquals(List.of(), names(pages), "an orderly end leaves nothing");
    }

    @Test
    void shouldNotLetARingCrossAHugePage() throws IOException {
        withoutIommu();
        try (VfioTransport transport = open("?iommu=none-all-memory-exposed")) {
            transport.allocate(3 << 20);
            final DmaBuffer ring = transport.allocate(1 << 20);
            final DmaBuffer next = transport.allocate(1 << 20 | 4096);
            for (final DmaBuffer each : List.of(ring, next)) {
                assertEquals(each.deviceAddress(0) + each.lengthBytes() - 1,
                    each.deviceAddress(each.lengthBytes() - 1), "contiguous");
            }
        }
    }

    @Test
    void shouldSayThatPhysicalAddressesAreHidden() throws IOException {
        final Path pages = withoutIommu();
        kernel.failing.put("hidden", 1);
        try (VfioTransport transport = open("?iommu=none-all-memory-exposed")) {
            final StorageException failed = assertThrows(StorageException.class, () -> transport.allocate(4096));
            assertTrue(failed.getMessage().contains("run it as root"), failed.getMessage());
            assertEquals(List.of(), names(pages), "memory that no controller knows is given back");
        }
    }

    /** No IOMMU, and a folder that plays the hugetlbfs. */
    private Path withoutIommu() throws IOException {
        Files.delete(root.resolve("dev/vfio/7"));
        kernel.file("dev/vfio/noiommu-7", "");
        kernel.file("proc/self/mounts", "none /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\n");
        return Files.createDirectories(root.resolve("dev/hugepages"));
    }

    private static List<String> names(final Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }
}
