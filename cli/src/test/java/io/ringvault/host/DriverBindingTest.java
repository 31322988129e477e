package io.ringvault.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DriverBindingTest {
    private static final String DEVICE = "sys/bus/pci/devices/" + FakeMachine.BDF + "/";

    @TempDir
    private Path root;
    private String taken = "";

    private FakeMachine machine() {
        return new FakeMachine(root).controller().file("sys/bus/pci/drivers/vfio-pci/unbind", "");
    }

    private DriverBinding binding(final FakeMachine machine) {
        return new DriverBinding(machine.tree(), FakeMachine.BDF,
            device -> device.getFileName().toString().equals(taken));
    }

    private static void assertRefused(final DriverBinding binding, final String... parts) {
        final StorageException refused = assertThrows(StorageException.class, () -> binding.bind(false));
        assertEquals(StorageException.Category.CONFIGURATION, refused.category());
        for (final String part : parts) {
            assertTrue(refused.getMessage().contains(part), () -> part + " not in: " + refused.getMessage());
        }
    }

    @Test
    void shouldPlanTheThreeWritesInOrderAndDoThem() {
        final FakeMachine machine = machine();
        final DriverBinding binding = binding(machine);
        final DriverBinding.Plan plan = binding.bind(false);
        assertEquals(List.of(
            "echo 'vfio-pci' > /sys/bus/pci/devices/0000:01:00.0/driver_override",
            "echo '0000:01:00.0' > /sys/bus/pci/drivers/nvme/unbind",
            "echo '0000:01:00.0' > /sys/bus/pci/drivers_probe"),
            plan.writes().stream().map(DriverBinding.Write::shown).toList());
        assertEquals("(null)", machine.tree().text(DEVICE + "driver_override").orElseThrow(), "only planned so far");
        assertThrows(StorageException.class, () -> binding.apply(plan, DriverBinding.VFIO),
            "no kernel follows the writes here, and that is noticed");
        assertTrue(machine.tree().text(DEVICE + "driver_override").orElseThrow().startsWith("vfio-pci"));
        assertTrue(machine.tree().text("sys/bus/pci/drivers/nvme/unbind").orElseThrow().startsWith(FakeMachine.BDF));
        assertTrue(machine.tree().text("sys/bus/pci/drivers_probe").orElseThrow().startsWith(FakeMachine.BDF));
    }

    @Test
    void shouldGiveItBackAndClearTheOverride() {
        final DriverBinding binding = binding(new FakeMachine(root).handedOver());
        assertEquals(List.of(
            "echo 'nvme' > /sys/bus/pci/devices/0000:01:00.0/driver_override",
            "echo '0000:01:00.0' > /sys/bus/pci/drivers/vfio-pci/unbind",
            "echo '0000:01:00.0' > /sys/bus/pci/drivers_probe",
            "echo '\n' > /sys/bus/pci/devices/0000:01:00.0/driver_override"),
            binding.unbind(false).writes().stream().map(DriverBinding.Write::shown).toList());
    }

    @Test
    void shouldDoNothingWhenItIsDoneAlready() {
        assertEquals(List.of(), binding(new FakeMachine(root).handedOver()).bind(false).writes());
        assertEquals(List.of(), binding(machine()).unbind(false).writes());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "proc/self/mountinfo | 30 1 259:1 / /data rw - ext4 /dev/x rw | nvme0n1p1 is mounted on /data",
        "proc/self/mountinfo | 30 1 259:0 / /all rw - xfs /dev/x rw | nvme0n1 is mounted on /all",
        "proc/swaps | /dev/nvme0n1p1 partition 100 0 -2 | nvme0n1p1 is swap space",
        "sys/class/block/nvme0n1/holders/dm-3 | | nvme0n1 is held by dm-3",
        "sys/class/block/nvme0n1p1/holders/md127 | | nvme0n1p1 is held by md127"})
    void shouldNotTouchAControllerThatIsInUse(final String path, final String text, final String reason) {
        final FakeMachine machine = machine().file(path, text == null ? "" : text);
        assertRefused(binding(machine), "not touched", reason, "--force", "mid-write");
        final DriverBinding.Plan forced = binding(machine).bind(true);
        assertEquals(3, forced.writes().size());
        assertEquals(List.of(reason), forced.accepted(), "the risk is named when it is accepted");
    }

    @Test
    void shouldNotTouchAControllerThatSomebodyClaimsWithoutShowing() {
        taken = "nvme0n1p1";
        assertRefused(binding(machine()), "nvme0n1p1 is taken by somebody");
    }

    @Test
    void shouldNotTouchAControllerOfAnotherDriver() {
        final FakeMachine machine = machine().function(FakeMachine.BDF, "0x010802", "xnvme", "14");
        assertRefused(binding(machine), "bound to xnvme");
        final StorageException refused = assertThrows(StorageException.class, () -> binding(machine).unbind(false));
        assertTrue(refused.getMessage().contains("bound to xnvme"), refused.getMessage());
        assertEquals(4, binding(machine).unbind(true).writes().size());
    }

    @Test
    void shouldNameWhatBlocksTheGroup() {
        final FakeMachine machine = machine().function("0000:01:00.1", "0x020000", "e1000e", "14")
            .function("0000:00:01.0", "0x060400", "pcieport", "14").function("0000:02:00.0", "0x020000", "", "14");
        assertEquals(List.of("IOMMU group 14 is blocked by 0000:01:00.1, which e1000e has: VFIO gives out a group as a"
            + " whole; unbind that one too"), binding(machine).bind(false).notes());
    }

    @Test
    void shouldSayThatThereIsNoIommuWhenThereIsNoGroup() {
        final FakeMachine machine = machine().remove(DEVICE + "iommu_group");
        assertTrue(binding(machine).bind(false).notes().getFirst().contains("none-all-memory-exposed"));
    }

    @Test
    void shouldRefuseWhatIsNoController() {
        assertRefused(binding(new FakeMachine(root)), "no PCI device 0000:01:00.0");
        assertRefused(binding(new FakeMachine(root).function(FakeMachine.BDF, "0x020000", "e1000e", "1")),
            "is no NVMe controller", "020000");
        assertThrows(StorageException.class, () -> new DriverBinding(machine().tree(), "../../etc"));
    }

    @Test
    void shouldNameTheModuleWhenTheDriverIsNotLoaded() {
        assertRefused(binding(new FakeMachine(root).controller()), "modprobe vfio-pci");
    }
}
