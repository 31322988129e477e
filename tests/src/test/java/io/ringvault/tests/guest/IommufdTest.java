package io.ringvault.tests.guest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.interop.Tools;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A controller through its own VFIO node and iommufd. Debian's kernels have none, so another one has to be given:
 * {@code -Drig.linux=FOLDER}, laid out as {@code tests/rig/README.md} says.
 */
class IommufdTest {
    private static final String LINUX = System.getProperty("rig.linux", "");

    @TempDir
    private Path folder;

    @BeforeAll
    static void requireGuest() throws Exception {
        if (LINUX.isEmpty()) {
            Tools.skip("iommufd needs a kernel that has it: -Drig.linux=FOLDER (tests/rig/README.md)");
        }
        Guest.require("--linux", LINUX);
    }

    @Test
    @Timeout(900)
    void shouldDriveAControllerThroughItsOwnNodeAndIommufd() throws Exception {
        final Guest guest = new Guest(folder.resolve("iommufd")).option("--linux", LINUX);
        final String uri = guest.controller(Guest.image(folder.resolve("a.img"), 64 << 20), "");
        final String small = guest.controller(Guest.image(folder.resolve("b.img"), 64 << 20),
            "max_ioqpairs=1,mdts=0");
        final String said = guest.run("driver", uri + "?iommu=iommufd", "+", "disk", uri + "?iommu=iommufd", "+",
            "driver", small + "?iommu=iommufd", "+", "owned", uri + "?iommu=iommufd", uri + "?iommu=iommufd", "+",
            "bar-faults", small + "?iommu=iommufd", "+", "driver", uri + "?iommu=type1", "+",
            "command", "0", "/dev/iommu", "doctor");
        assertTrue(said.contains("all jobs done"), said);
    }
}
