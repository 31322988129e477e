package io.ringvault.tests.kill;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.interop.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ringvault torture} as a user runs it: on the model whose power is cut, and on a file.
 * {@code -Dringvault.torture.seconds=} for longer.
 */
class TortureCommandTest {
    private static final String SECONDS = Integer.getInteger("ringvault.torture.seconds", 8) + "s";
    private static final String SEED = Long.toString(Long.getLong("seed", 2026));
    @TempDir
    private Path folder;

    @Test
    @Timeout(900)
    void shouldPassOnTheModelWithPowerCutsAndLeaveNothingBehind() throws IOException, InterruptedException {
        final String said = Processes.run(850, Processes.ringvaultCommand("torture", "--duration", SECONDS, "--seed",
            SEED, "--dir", folder.toString())).expect(0).out();
        assertTrue(said.contains("passed"), said);
        System.out.println(said);
        try (Stream<Path> left = Files.list(folder)) {
            assertFalse(left.findAny().isPresent(), "files are left behind");
        }
    }

    @Test
    @Timeout(900)
    void shouldPassOnAFile() throws IOException, InterruptedException {
        final String device = "file:" + folder.resolve("device.img");
        final String said = Processes.run(850, Processes.ringvaultCommand("torture", device, "--duration", SECONDS,
            "--seed", SEED, "--dir", folder.toString())).expect(0).out();
        assertTrue(said.contains("passed") && said.contains(device), said);
        System.out.println(said);
    }

    @Test
    void shouldRefuseADeviceWithDataOnItAsAUsageError() throws IOException, InterruptedException {
        final Path image = folder.resolve("device.img");
        Files.writeString(image, "somebody's data".repeat(10_000));
        final Processes.Result refused = Processes.ringvault("torture", "file:" + image, "--dir", folder.toString())
            .expect(1);
        assertTrue(refused.err().contains("--erase"), refused.err());
        assertTrue(Files.readString(image).startsWith("somebody's data"), "the device was changed");
    }
}
