package io.ringvault.tests.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    void shouldPoisonTheVolumeAndOpenItAgainWhenTheControllerIsRemoved() throws Exception {
        final Path share = Files.createDirectory(folder.resolve("share"));
        final Path monitor = folder.resolve("monitor");
        final Guest guest = new Guest(folder.resolve("removed")).option("--share", share.toString(),
            "--qemu", "-qmp", "--qemu", "unix:" + monitor + ",server=on,wait=off",
            "--qemu", "-blockdev", "--qemu", "driver=raw,node-name=disk,file.driver=file,file.filename="
            + Guest.image(folder.resolve("image"), 64 << 20),
            "--qemu", "-device", "--qemu", "pcie-root-port,id=slot1,chassis=1,addr=0x1c",
            "--qemu", "-device", "--qemu", DEVICE);
        final Process process = guest.start(Guest.shell("""
            back() {
                until [ -e %2$s/$1 ]; do sleep 0.2; done
                until [ -e /sys/bus/pci/devices/0000:01:00.0/driver ]; do sleep 0.1; done
            }
            $java format %1$s none + write-until-killed %1$s none 31 && exit 9 || echo "first ended with $?"
            back back1
            $java dump %1$s none %2$s/first
            (
                until [ -e %2$s/pull ]; do sleep 0.2; done
                %3$s
                echo pulled
            ) &
            $java format %1$s none + write-until-killed %1$s none 32 && exit 9 || echo "second ended with $?"
            wait
            back back2
            $java dump %1$s none %2$s/second
            """.formatted(URI, share, PULL)));
        guest.await(process, "some syncs", () -> acknowledged(guest, 0) > 20);
        try (Qmp qmp = new Qmp(monitor)) {
            delete(qmp);
            guest.await(process, "the end of the first program", () -> out(guest).contains("first ended with"));
            add(qmp);
            Files.createFile(share.resolve("back1"));
            guest.await(process, "more syncs", () -> acknowledged(guest, 1) > 20);
            Files.createFile(share.resolve("pull"));
            guest.await(process, "the end of the second program", () -> out(guest).contains("second ended with"));
            // QEMU took the power of a slot away; now the controller leaves it.
            delete(qmp);
            add(qmp);
            Files.createFile(share.resolve("back2"));
        }
        final String said = guest.expect(process, 0);
        final String[] parts = parts(said);
        for (int i = 0; i < 2; i++) {
            final int acknowledged = CrashedGuestTest.lastAcknowledged(parts[i]);
            final int begun = CrashedGuestTest.lastBegun(parts[i]);
            final int state = CrashedGuestTest.check(31 + i, acknowledged, begun, share.resolve(i == 0 ? "first"
                : "second"));
            System.out.printf("removed controller %d: %d operations begun, %d acknowledged, %d found%n", i, begun,
                acknowledged, state);
            assertTrue(parts[i].contains("failed: IO: "), parts[i]);
            assertTrue(parts[i].contains("closed in a read-only state"), parts[i]);
        }
        assertEquals(2, said.split("ended with 1", -1).length - 1, "both programs end by themselves: " + said);
    }

    private static void delete(final Qmp qmp) throws IOException {
        qmp.command("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"pulled\"}}");
        qmp.await("DEVICE_DELETED");
    }

    private static void add(final Qmp qmp) throws IOException {
        qmp.command("{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"nvme\", \"id\": \"pulled\", "
            + "\"bus\": \"slot1\", \"serial\": \"PULLED\", \"drive\": \"disk\"}}");
    }

    private static String[] parts(final String text) {
        final String[] parts = text.split("first ended with", 2);
        return parts.length == 2 ? parts : new String[] {text, ""};
    }

    private static int acknowledged(final Guest guest, final int part) {
        return CrashedGuestTest.lastAcknowledged(parts(out(guest))[part]);
    }

    private static String out(final Guest guest) {
        try {
            return guest.out();
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
