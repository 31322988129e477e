package io.ringvault.tests.guest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.interop.Tools;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A controller through its own VFIO node and iommufd, on a kernel that has both: Debian's from backports, a download of
 * 106 MB, so it runs with {@code -Dringvault.nightly=true} only.
 */
class IommufdTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void requireGuest() throws Exception {
        if (!Boolean.getBoolean("ringvault.nightly")) {
            Tools.skip("iommufd, which needs a newer kernel for the guest, runs nightly: mvn verify -Pnightly");
        }
        Guest.require("--kernel", "backports");
    }

    @Test
    @Timeout(900)
    void shouldDriveAControllerThroughItsOwnNodeAndIommufd() throws Exception {
        final Guest guest = new Guest(folder.resolve("iommufd")).option("--kernel", "backports");
        final String uri = guest.controller(Guest.image(folder.resolve("a.img"), 64 << 20), "");
        final String small = guest.controller(Guest.image(folder.resolve("b.img"), 64 << 20),
            "max_ioqpairs=1,mdts=0");
        final String said = guest.run("driver", uri + "?iommu=iommufd", "+", "disk", uri + "?iommu=iommufd", "+",
            "driver", small + "?iommu=iommufd", "+", "bar-faults", small + "?iommu=iommufd", "+",
            "driver", uri + "?iommu=type1", "+", "command", "0", "/dev/iommu", "doctor");
        assertTrue(said.contains("all jobs done"), said);
    }
}
