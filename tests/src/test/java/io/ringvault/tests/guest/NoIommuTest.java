package io.ringvault.tests.guest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.interop.Tools;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * VFIO without an IOMMU: huge pages by their physical addresses, and what a killed process leaves behind. Its kernel
 * module has to be built once (a download of 140 MB), so it runs with {@code -Dringvault.nightly=true} only.
 */
class NoIommuTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void requireGuest() throws Exception {
        if (!Boolean.getBoolean("ringvault.nightly")) {
            Tools.skip("VFIO without an IOMMU runs nightly: mvn verify -Pnightly");
        }
        Guest.require("--iommu", "none");
    }

    @Test
    @Timeout(900)
    void shouldDriveAControllerByPhysicalAddressesAndTidyUpAfterAKilledOwner() throws Exception {
        final Guest guest = new Guest(folder.resolve("noiommu")).option("--iommu", "none", "--hugepages", "96",
            "--memory", "2G");
        final String uri = guest.controller(Guest.image(folder.resolve("a.img"), 64 << 20), "");
        final String said = guest.runShell("""
            pages() { find /dev/hugepages -name 'ringvault-dma-*' | wc -l; }
            $java driver %1$s + refuse %2$s 'no IOMMU stands between' + disk %1$s
            echo "left by an orderly end: $(pages)"
            $java format %1$s none
            $java write-until-killed %1$s none 41 >/run/scratch/log &
            until grep -q 'ack 4' /run/scratch/log; do sleep 0.1; done
            kill -9 $!
            wait || true
            [ $(pages) -gt 0 ] && echo 'left by a killed process: some'
            $java dump %1$s none /run/scratch/found
            echo "left by its successor: $(pages)"
            """.formatted(uri + "?iommu=none-all-memory-exposed", uri));
        assertTrue(said.contains("left by an orderly end: 0"), said);
        assertTrue(said.contains("left by a killed process: some"), said);
        assertTrue(said.contains("left by its successor: 0"), said);
    }
}
