package io.ringvault.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.Volumes;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every golden image opens, and holds what was written when it was made. */
class GoldenImagesTest {
    private static final List<Integer> VERSIONS = List.of(1);
    @TempDir
    private Path folder;

    @Test
    void shouldOpenEveryImageOfEveryFormatVersionAndFindItsContent() throws IOException {
        int images = 0;
        for (final int version : VERSIONS) {
            final Properties expected = new Properties();
            try (InputStream in = resource("v" + version + ".properties")) {
                expected.load(in);
            }
            for (final String name : expected.stringPropertyNames()) {
                check("v" + version + "-" + name, name.contains("passphrase"), expected.getProperty(name));
                images++;
            }
        }
        assertTrue(images >= 3, images + " images");
        System.out.println("golden images: " + images + " opened, read-only and for writing");
    }

    private void check(final String name, final boolean passphrase, final String digest) throws IOException {
        final byte[] image = unpacked(name + ".img.gz");
        final Path anchor = folder.resolve(name);
        Files.write(anchor, unpacked(name + ".anchor.gz"));
        final SimulatedDevice untouched = GoldenVolume.device(image);
        try (SecureDisk disk = SecureDisk.open(GoldenVolume.context(untouched, anchor, passphrase).readOnly(true))) {
            assertEquals(digest, GoldenVolume.digest(disk), name + ", read-only");
            assertEquals(List.of(), disk.warnings(), name);
        }
        assertEquals(0, Volumes.verify(GoldenVolume.context(untouched, anchor, passphrase).readOnly(true),
            blocks -> { }).damages(), name);
        final SimulatedDevice device = GoldenVolume.device(image);
        final MemorySegment block = MemorySegment.ofArray(new long[GoldenVolume.BLOCK / 8]);
        try (SecureDisk disk = SecureDisk.open(GoldenVolume.context(device, anchor, passphrase))) {
            assertEquals(digest, GoldenVolume.digest(disk), name + ", for writing");
            block.fill((byte) 7);
            disk.write(50L * GoldenVolume.BLOCK, block, 0, GoldenVolume.BLOCK);
        }
        try (SecureDisk disk = SecureDisk.open(GoldenVolume.context(device, anchor, passphrase))) {
            block.fill((byte) 0);
            disk.read(50L * GoldenVolume.BLOCK, block, 0, GoldenVolume.BLOCK);
            assertEquals(7, block.get(ValueLayout.JAVA_BYTE, 4000), name + ", written and opened again");
        }
    }

    private static byte[] unpacked(final String name) throws IOException {
        try (InputStream in = new GZIPInputStream(resource(name))) {
            return in.readAllBytes();
        }
    }

    private static InputStream resource(final String name) {
        return java.util.Objects.requireNonNull(GoldenImagesTest.class.getResourceAsStream("/golden/" + name), name);
    }
}
