package io.ringvault.tests.guest;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.interop.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The controller is taken away in mid-load: once as an administrator does it (the kernel asks for the device back),
 * once as a hand does it that pulls it out (its slot loses power). Each time the program ends by itself with an error
 * that says why, and the volume opens again on the controller that is put back.
 */
class RemovedControllerTest {
    private static final String URI = "nvme:0000:01:00.0";
    private static final String DEVICE = "nvme,id=pulled,bus=slot1,serial=PULLED,drive=disk";
    /** PCI Express slot control: power controller off, power indicator off. Its capability is found by its number. */
    private static final String PULL = """
        port=/sys/bus/pci/devices/0000:00:1c.0/config
        byte() { od -An -tu1 -j$1 -N1 $port | tr -d ' '; }
        at=$(byte 52)
        until [ $(byte $at) = 16 ]; do at=$(byte $((at + 1))); done
        printf '\\x00\\x07' | dd of=$port bs=1 seek=$((at + 24)) conv=notrunc status=none
        """;

    @TempDir
    private Path folder;

    @BeforeAll
    static void requireGuest() throws Exception {
        Guest.require();
    }

    @Test
    @Timeout(600)
    void shouldPoisonTheVolumeAndOpenItAgainWhenTheKernelTakesTheControllerBack() throws Exception {
        final String said = load(31, "", (qmp, guest, process) -> {
            delete(qmp);
            guest.await(process, "the end of the program", () -> out(guest).contains("ended with"));
        });
        assertTrue(said.contains("the kernel asks for it back"), said);
        assertFalse(said.contains("could not be stopped"), said);
    }

    /** The kernel does not notice, and waits a minute and more for the dead device when it is let go. */
    @Test
    @Timeout(900)
    void shouldPoisonTheVolumeAndOpenItAgainWhenTheSlotLosesPower() throws Exception {
        if (!Boolean.getBoolean("ringvault.nightly")) {
            Tools.skip("a slot that loses power, which takes minutes, runs nightly: mvn verify -Pnightly");
        }
        final String said = load(32, PULL, (qmp, guest, process) -> {
            Files.createFile(folder.resolve("share/pull"));
            guest.await(process, "the end of the program", () -> out(guest).contains("ended with"));
            // QEMU took the power of a slot away; now the controller leaves it.
            delete(qmp);
        });
        assertTrue(said.contains("the controller was removed or lost power"), said);
    }

    @FunctionalInterface
    private interface Removal {
        void remove(Qmp qmp, Guest guest, Process process) throws Exception;
    }

    /** Writes until the removal ends the program, puts the controller back, and compares what it holds. */
    private String load(final long seed, final String onPull, final Removal removal) throws Exception {
        final Path share = Files.createDirectory(folder.resolve("share"));
        final Path monitor = folder.resolve("monitor");
        final Guest guest = new Guest(folder.resolve("removed")).option("--share", share.toString(),
            "--qemu", "-qmp", "--qemu", "unix:" + monitor + ",server=on,wait=off",
            "--qemu", "-blockdev", "--qemu", "driver=raw,node-name=disk,file.driver=file,file.filename="
            + Guest.image(folder.resolve("image"), 64 << 20),
            "--qemu", "-device", "--qemu", "pcie-root-port,id=slot1,chassis=1,addr=0x1c",
            "--qemu", "-device", "--qemu", DEVICE);
        final Process process = guest.start(Guest.shell("""
            (
                until [ -e %2$s/pull ] || [ -e %2$s/back ]; do sleep 0.2; done
                %3$s
                true
            ) &
            $java format %1$s none + write-until-killed %1$s none %4$d && exit 9 || echo "ended with $?"
            until [ -e %2$s/back ]; do sleep 0.1; done
            until [ -e /sys/bus/pci/devices/0000:01:00.0/driver ]; do sleep 0.1; done
            $java dump %1$s none %2$s/found
            """.formatted(URI, share, onPull, seed)));
        guest.await(process, "some syncs", () -> CrashedGuestTest.lastAcknowledged(out(guest)) > 20);
        try (Qmp qmp = new Qmp(monitor)) {
            removal.remove(qmp, guest, process);
            qmp.command("{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"nvme\", \"id\": \"pulled\", "
                + "\"bus\": \"slot1\", \"serial\": \"PULLED\", \"drive\": \"disk\"}}");
            Files.createFile(share.resolve("back"));
        }
        final String said = guest.expect(process, 0);
        final int acknowledged = CrashedGuestTest.lastAcknowledged(said);
        final int begun = CrashedGuestTest.lastBegun(said);
        final int state = CrashedGuestTest.check(seed, acknowledged, begun, share.resolve("found"));
        System.out.printf("removed controller, seed %d: %d operations begun, %d acknowledged, %d found%n", seed, begun,
            acknowledged, state);
        assertTrue(said.contains("failed: IO: "), said);
        assertTrue(said.contains("closed in a read-only state"), said);
        assertTrue(said.contains("ended with 1"), "the program ends by itself: " + said);
        return said;
    }

    private static void delete(final Qmp qmp) throws IOException {
        qmp.command("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"pulled\"}}");
        qmp.await("DEVICE_DELETED");
    }

    private static String out(final Guest guest) {
        try {
            return guest.out();
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
