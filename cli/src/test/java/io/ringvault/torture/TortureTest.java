package io.ringvault.torture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The torture must be able to fail, and must not touch what is not its own. */
class TortureTest {
    private static final long SIZE = 16 << 20;
    @TempDir
    private Path folder;

    @Test
    @Timeout(240)
    void shouldFindThatADiskAcknowledgedWhatItNeverWrote() throws URISyntaxException {
        final Path own = Path.of(LyingWorker.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        final Path shipped = Path.of(WorkerRecord.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        final Torture torture = torture("file:" + folder.resolve("image"), List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp",
            own + File.pathSeparator + own.resolveSibling("test-classes") + File.pathSeparator + shipped,
            LyingWorker.class.getName()));
        final String found = assertThrows(HistoryViolation.class, torture::run).getMessage();
        assertTrue(found.contains("acknowledged data is lost"), found);
        assertEquals(1, torture.life());
    }

    @Test
    void shouldWriteNothingToADeviceWithDataOnIt() throws IOException {
        final Path image = folder.resolve("image");
        for (final int at : new int[] {0, 4096 * 3 + 17, (4 << 20) - 1}) {
            final byte[] data = new byte[4 << 20];
            data[at] = 1;
            Files.write(image, data);
            final String refused = assertThrows(StorageException.class, torture("file:" + image, List.of())::run)
                .getMessage();
            assertTrue(refused.contains("--erase"), refused);
            assertTrue(Arrays.equals(data, Files.readAllBytes(image)), "data at " + at);
        }
    }

    @Test
    void shouldFormatAnEmptyDeviceAndThenItsOwnVolumeAgain() throws IOException {
        final Path image = folder.resolve("image");
        Files.write(image, new byte[4 << 20]);
        for (int i = 0; i < 2; i++) {
            new TortureVolume("file:" + image, "file:" + folder.resolve("anchor" + i), SIZE).format(false);
        }
        new TortureVolume("file:" + folder.resolve("new"), "none", SIZE).format(false);
    }

    private Torture torture(final String uri, final List<String> worker) {
        return new Torture(new TortureSettings(new TortureVolume(uri, "none", SIZE), false, false, 2, 1, 1_000_000,
            worker, folder));
    }
}
