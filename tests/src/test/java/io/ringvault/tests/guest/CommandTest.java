package io.ringvault.tests.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.interop.Processes;
import io.ringvault.tests.interop.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Controllers change hands by {@code ringvault nvme bind} and {@code unbind} alone, between a real kernel's nvme driver
 * and vfio-pci: one with a mounted file system, which is refused meanwhile, and one whose bytes both drivers write and
 * read. Every command that looks at a controller is used on both sides.
 */
class CommandTest {
    private static final String KERNELS = "/dev/nvme0";
    private static final String WAIT = "for i in $(seq 100); do [ -b /dev/nvme0n1 ] && break; sleep 0.05; done; ";
    private static final String MOUNT = WAIT + "mount -t ext4 /dev/nvme0n1 /run/scratch/mnt; ";

    @TempDir
    private Path folder;
    private final List<String> jobs = new ArrayList<>();

    @BeforeAll
    static void requireGuest() throws Exception {
        Tools.require("mkfs.ext4");
        Guest.require();
    }

    /** Exit code, a text of the output, the command line. */
    private void command(final int exit, final String text, final String line) {
        jobs.addAll(List.of("+", "command", String.valueOf(exit), text));
        jobs.addAll(Arrays.asList(line.split(" ")));
    }

    private void shell(final String script) {
        jobs.addAll(List.of("+", "shell", script));
    }

    @Test
    @Timeout(300)
    void shouldHandControllersOverAndBackAndLookAtThemFromBothSides() throws Exception {
        final Path image = Guest.image(folder.resolve("image"), 64 << 20);
        Processes.run(60, "mkfs.ext4", "-q", image.toString()).expect(0);
        final Path exchange = Files.createDirectory(folder.resolve("exchange"));
        Files.write(exchange.resolve("theirs"), DriverSuite.bytes(21));
        final Guest guest = new Guest(folder.resolve("command")).option("--share", exchange.toString());
        final String uri = guest.controller(image, "");
        final String address = uri.substring("nvme:".length());
        sameBytes(guest.controller(Guest.image(folder.resolve("other"), 64 << 20), ""), exchange);
        command(0, address + " is bound to nvme", "nvme unbind " + address);
        onTheKernelsSide(address);
        onOurSide(address);
        formatted(uri, address);
        final String said = guest.runShell("""
            modprobe -d $RIG_MODULES ext4
            mkdir /run/scratch/mnt
            $java %s
            """.formatted(jobs.stream().skip(1).map(CommandTest::quoted).collect(Collectors.joining(" "))));
        assertTrue(said.contains("all jobs done"), said);
        assertEquals(-1, Arrays.mismatch(DriverSuite.bytes(20), Files.readAllBytes(exchange.resolve("ours"))),
            "the kernel reads what our driver wrote");
    }

    private static String quoted(final String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    /** What the kernel's driver wrote ours reads, and the other way round. */
    private void sameBytes(final String uri, final Path exchange) {
        final String address = uri.substring("nvme:".length());
        jobs.addAll(List.of("+", "raw-write", uri, "20"));
        command(0, address + " is bound to nvme", "nvme unbind " + address);
        shell(WAIT + "dd if=/dev/nvme0n1 of=" + exchange + "/ours bs=64k count=16 status=none; dd if=" + exchange
            + "/theirs of=/dev/nvme0n1 bs=64k count=16 conv=fsync status=none");
        jobs.addAll(List.of("+", "refuse", uri, "is bound to nvme, not to vfio-pci; hand it over with: ringvault nvme"
            + " bind"));
        command(0, address + " is bound to vfio-pci", "nvme bind " + address);
        jobs.addAll(List.of("+", "raw-read", uri, "21"));
    }

    private void onTheKernelsSide(final String address) {
        shell(MOUNT + "echo kept >/run/scratch/mnt/file; sync");
        command(0, "in use: nvme0n1 is mounted on /run/scratch/mnt", "nvme list");
        command(1, "not touched: nvme0n1 is mounted on /run/scratch/mnt", "nvme bind " + address);
        command(1, "in use: nvme0n1 is mounted on /run/scratch/mnt", "doctor " + address);
        command(1, "not formatted: nvme0n1 is mounted", "nvme format " + KERNELS + " -n 1 --force");
        command(0, "QEMU NVMe Ctrl", "nvme identify " + KERNELS);
        command(0, "\"sector_size\": 512", "nvme namespaces " + KERNELS + " -o json");
        command(0, "", "nvme smart " + KERNELS);
        command(0, "", "nvme error-log " + KERNELS);
        shell("umount /run/scratch/mnt; [ \"$(basename $(readlink /sys/bus/pci/devices/" + address
            + "/driver))\" = nvme ]");
        command(1, "ringvault nvme bind " + address, "doctor " + address);
        command(0, "echo 'vfio-pci' > /sys/bus/pci/devices/" + address + "/driver_override",
            "nvme bind " + address + " --dry-run");
        shell("[ -b /dev/nvme0n1 ]");
    }

    private void onOurSide(final String address) {
        command(0, address + " is bound to vfio-pci", "nvme bind " + address);
        shell("[ ! -e /dev/nvme0 ]");
        command(0, address + "  vfio-pci  -", "nvme list");
        command(0, address + ": nothing is missing", "doctor " + address);
        command(0, "QEMU NVMe Ctrl", "nvme identify " + address);
        command(0, "nsze", "nvme identify " + address + " -n 1");
        command(0, "blocks of 512 + 0 bytes", "nvme namespaces " + address);
        command(0, "", "nvme smart " + address);
        command(0, "", "nvme error-log " + address);
        command(1, "not formatted: all data on namespace 1", "nvme format " + address + " -n 1");
        command(0, address + " is bound to nvme", "nvme unbind " + address);
        shell(MOUNT + "[ $(cat /run/scratch/mnt/file) = kept ]; umount /run/scratch/mnt");
        command(0, address + " is bound to nvme already", "nvme unbind " + address);
        command(0, address + " is bound to vfio-pci", "nvme bind " + address);
        command(0, address + " is bound to vfio-pci already", "nvme bind " + address);
    }

    private void formatted(final String uri, final String address) {
        jobs.addAll(List.of("+", "format", uri, "none"));
        command(1, "AND IT HOLDS A RINGVAULT VOLUME", "nvme format " + address + " -n 1");
        command(0, "formatted namespace 1", "nvme format " + address + " -n 1 -l 4 --force");
        command(0, "blocks of 4096 + 0 bytes", "nvme namespaces " + address);
        command(0, address + " is bound to nvme", "nvme unbind " + address);
        shell(WAIT + "[ $(cat /sys/block/nvme0n1/queue/logical_block_size) = 4096 ]");
    }
}
