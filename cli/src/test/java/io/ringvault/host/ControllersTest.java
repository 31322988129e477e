package io.ringvault.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControllersTest {
    @TempDir
    private Path root;

    @Test
    void shouldDescribeAControllerOfTheKernelsDriver() {
        final FakeMachine machine = new FakeMachine(root).controller()
            .function("0000:00:02.0", "0x030000", "i915", "1")
            .file("proc/self/mountinfo", "30 1 259:1 / /data rw - ext4 /dev/nvme0n1p1 rw");
        final Controllers controllers = new Controllers(machine.tree());
        assertEquals(1, controllers.functions().size(), "the graphics card is none");
        final Map<String, Object> map = controllers.describe(controllers.byName("nvme0").orElseThrow());
        assertEquals(FakeMachine.BDF, map.get("Address"));
        assertEquals("nvme", map.get("Driver"));
        assertEquals("/dev/nvme0", map.get("Controller"));
        assertEquals("A model ?[31m", map.get("ModelNumber"), "what a device says never reaches a terminal raw");
        assertEquals("14", map.get("IommuGroup"));
        assertEquals(0L, map.get("NumaNode"));
        assertEquals(List.of("nvme0n1p1 is mounted on /data"), map.get("InUse"));
        assertEquals(List.of(Map.of("NameSpace", 1L, "DevicePath", "/dev/nvme0n1", "GenericPath", "/dev/ng0n1",
            "MaximumLBA", 1L << 18, "PhysicalSize", 1L << 30, "SectorSize", 4096L)), map.get("Namespaces"));
    }

    @Test
    void shouldDescribeAControllerOnVfioByWhatIsKnown() {
        final Controllers controllers = new Controllers(new FakeMachine(root).handedOver().tree());
        final Map<String, Object> map = controllers.describe(controllers.functions().getFirst());
        assertEquals("vfio-pci", map.get("Driver"));
        assertEquals("8086:0a54", map.get("PciId"));
        assertNull(map.get("ModelNumber"));
        assertEquals(List.of(), map.get("InUse"));
        assertFalse(controllers.byName("nvme0").isPresent());
    }

    @Test
    void shouldListNothingWhenThereIsNoBus() {
        assertEquals(Map.of("Devices", List.of()), new Controllers(new FakeMachine(root).tree()).describeAll());
        assertTrue(new Controllers(new FakeMachine(root).tree()).functions().isEmpty());
    }

    @Test
    void shouldSeeAMountWithoutADeviceNumberOfItsOwn() {
        final FakeMachine machine = new FakeMachine(root).controller()
            .file("proc/self/mountinfo", "30 1 0:45 /@ /home rw shared:1 - btrfs /dev/nvme0n1p1 rw,ssd");
        assertEquals(List.of("nvme0n1p1 is mounted on /home"),
            new Controllers(machine.tree()).functions().getFirst().uses());
    }
}
