package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfidentialGuestTest {
    @TempDir
    private Path root;

    @ParameterizedTest
    @CsvSource({"fpu tdx_guest hypervisor, TDX", "fpu hypervisor sev sev_es sev_snp, SEV_SNP", "hypervisor sev, SEV",
        "sev sev_es sev_snp, NONE", "fpu tdx_host_platform, NONE", "fpu hypervisor, NONE"})
    void shouldTellGuestsFromHostsByTheProcessorsFlags(final String flags, final ConfidentialGuest.Kind kind)
        throws IOException {
        final SystemTree tree = new FakeTree(root).file("proc/cpuinfo", "processor\t: 0\nflags\t\t: " + flags).tree();
        assertEquals(kind, ConfidentialGuest.detect(tree).kind());
    }

    @ParameterizedTest
    @CsvSource({"dev/tdx_guest, TDX", "dev/sev-guest, SEV_SNP", "sys/devices/system/cpu/sev/vmpl, SEV_SNP"})
    void shouldBelieveAGuestsDeviceWhenThereIsOne(final String path, final ConfidentialGuest.Kind kind)
        throws IOException {
        final ConfidentialGuest guest = ConfidentialGuest.detect(new FakeTree(root).file(path, "").tree());
        assertEquals(kind, guest.kind());
        assertEquals("/" + path, guest.evidence());
        assertTrue(guest.present());
    }

    @Test
    void shouldFindNoGuestWhenNothingIsThere() {
        assertFalse(ConfidentialGuest.detect(SystemTree.below(root)).present());
    }
}
