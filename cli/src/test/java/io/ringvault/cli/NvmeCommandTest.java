package io.ringvault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.host.FakeMachine;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class NvmeCommandTest {
    @TempDir
    private Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String device;

    @BeforeEach
    void makeVolume() throws Exception {
        device = "nvme+model:" + folder.resolve("disk.img");
        final Path key = Files.write(folder.resolve("key"), new byte[32]);
        assertEquals(0, run("format", device, "--size", "16M", "--key-file", key.toString()), err::toString);
        out.getBuffer().setLength(0);
    }

    private int run(final String... arguments) {
        return Main.run(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private void assertPrinted(final String... parts) {
        for (final String part : parts) {
            assertTrue(out.toString().contains(part), () -> part + " not in: " + out);
        }
    }

    private void assertRefused(final String... parts) {
        for (final String part : parts) {
            assertTrue(err.toString().contains(part), () -> part + " not in: " + err);
        }
        assertEquals(1, err.toString().lines().count(), err::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "identify", "smart", "error-log", "namespaces", "format", "bind", "unbind"})
    void shouldHelpWhenAsked(final String command) {
        assertEquals(0, run("nvme", command, "--help"));
        assertPrinted("Usage: ringvault nvme " + command);
    }

    @Test
    void shouldIdentifyByTheNamesThatScriptsKnow() {
        assertEquals(0, run("nvme", "identify", device, "-o", "json"), err::toString);
        assertPrinted("\"mn\": \"Ringvault NVMe controller model\"", "\"nn\": 1", "\"mdts\": 8", "\"afi\": 1");
        assertEquals(0, run("nvme", "identify", device, "-n", "1"), err::toString);
        assertPrinted("nsze ", "lbafs    : [0] {ms=0, ds=12, rp=0}");
    }

    @Test
    void shouldShowHealthErrorsAndNamespaces() {
        assertEquals(0, run("nvme", "smart", device, "-o", "json"), err::toString);
        assertPrinted("\"critical_warning\": 0", "\"temperature\": 304", "\"avail_spare\": 100",
            "\"data_units_read\": 0");
        assertEquals(0, run("nvme", "smart", device), err::toString);
        assertPrinted("31 C (304 K)");
        assertEquals(0, run("nvme", "error-log", device), err::toString);
        assertPrinted("no errors");
        assertEquals(0, run("nvme", "namespaces", device), err::toString);
        assertPrinted("namespace 1", "blocks of 4096 + 0 bytes, format 0");
        assertEquals(0, run("nvme", "list-ns", device, "-o", "json"), err::toString);
        assertPrinted("\"nsid\": 1", "\"sector_size\": 4096");
    }

    @Test
    void shouldSayThatAVolumeWouldBeLostUnlessForced() {
        assertEquals(1, run("nvme", "format", device, "-n", "1"));
        assertRefused("AND IT HOLDS A RINGVAULT VOLUME", "--force");
        err.getBuffer().setLength(0);
        assertEquals(0, run("nvme", "format", device, "-n", "1", "--force"), err::toString);
        assertEquals(1, run("nvme", "format", device, "-n", "1"));
        assertFalse(err.toString().contains("VOLUME"), "it is gone now: " + err);
    }

    @Test
    void shouldListControllersAndPlanHandingOneOver() {
        final Path root = folder.resolve("root");
        new FakeMachine(root).controller().file("sys/bus/pci/drivers/vfio-pci/unbind", "");
        assertEquals(0, run("nvme", "list", "--root", root.toString()), err::toString);
        assertPrinted("0000:01:00.0  nvme  /dev/nvme0  A model ?[31m, serial S123", "/dev/nvme0n1  1.0 GiB");
        assertEquals(0, run("nvme", "list", "-o", "json", "--root", root.toString()), err::toString);
        assertPrinted("\"Devices\": [", "\"PhysicalSize\": 1073741824");
        assertEquals(0, run("nvme", "bind", "0000:01:00.0", "--dry-run", "--root", root.toString()), err::toString);
        assertPrinted("echo '0000:01:00.0' > /sys/bus/pci/drivers/nvme/unbind");
        assertEquals(0, run("nvme", "unbind", "0000:01:00.0", "--root", root.toString()), err::toString);
        assertPrinted("bound to nvme already");
    }

    @Test
    void shouldSayWhatADeviceIsWhenItIsNone() {
        assertEquals(1, run("nvme", "smart", "mem:1M"));
        assertRefused("is not an NVMe controller");
        err.getBuffer().setLength(0);
        assertEquals(1, run("nvme", "error-log", device, "-e", "65"));
        assertRefused("not in 1..64");
    }
}
