package io.ringvault.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ringvault rescue}: what it exports, what it warns of, what it refuses, and that it writes nothing. */
@Timeout(120)
class RescueCommandTest {
    private static final int BLOCK = 4096;
    private static final int VOLUME_BLOCKS_AT = 40;

    @TempDir
    private Path folder;
    private final byte[] data = new byte[3 << 20];
    private Path volume;
    private String device;
    private String key;
    private String out;
    private String err;

    @BeforeEach
    void write() throws IOException {
        volume = folder.resolve("disk.img");
        device = "file:" + volume;
        key = Files.write(folder.resolve("key"), new byte[32]).toString();
        assertEquals(0, run("format", device, "--size", "16M", "--key-file", key), () -> err);
        new Random(5).nextBytes(data);
        try (SecureDisk disk = SecureDisk.open(new SecureDiskContext().device(device).keyFile(Path.of(key)))) {
            disk.write(1 << 20, MemorySegment.ofArray(data), 0, data.length);
            disk.sync();
        }
    }

    private int run(final String... arguments) {
        final StringWriter outText = new StringWriter();
        final StringWriter errText = new StringWriter();
        final int code = Main.run(arguments, new PrintWriter(outText, true), new PrintWriter(errText, true));
        out = outText.toString();
        err = errText.toString();
        return code;
    }

    private void fails(final int code, final String text, final String... arguments) {
        assertEquals(code, run(arguments), () -> err);
        assertTrue(err.contains(text), err);
    }

    private void destroySlots() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(volume.toFile(), "rw")) {
            final byte[] header = new byte[BLOCK];
            file.readFully(header);
            final long blocks = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getLong(VOLUME_BLOCKS_AT);
            for (final long block : new long[] {1, blocks - 2}) {
                file.seek(block * BLOCK);
                file.write(new byte[BLOCK]);
            }
        }
    }

    @Test
    void shouldExportWhatIsThereWhenBothSlotsAreLost() throws IOException {
        destroySlots();
        fails(3, "superblock", "info", device, "--key-file", key);
        final byte[] before = Files.readAllBytes(volume);
        final Path image = folder.resolve("image");
        assertEquals(0, run("rescue", device, "--key-file", key, "--output", image.toString()), () -> err);
        assertTrue(err.contains("FRESHNESS IS NOT PROVEN"), err);
        assertTrue(out.contains(data.length / BLOCK + " of " + (16 << 20) / BLOCK + " blocks exported to " + image),
            out);
        assertTrue(out.contains(" 0 lost"), out);
        final byte[] rescued = Files.readAllBytes(image);
        assertEquals(16 << 20, rescued.length);
        assertArrayEquals(data, Arrays.copyOfRange(rescued, 1 << 20, (1 << 20) + data.length));
        assertArrayEquals(before, Files.readAllBytes(volume), "a rescue writes nothing to the volume");
        fails(1, "exist", "rescue", device, "--key-file", key, "--output", image.toString());
        assertArrayEquals(rescued, Files.readAllBytes(image));
    }

    @Test
    void shouldRefuseAHealthyVolumeUnlessForced() throws IOException {
        final Path image = folder.resolve("image");
        fails(1, "--force", "rescue", device, "--key-file", key, "--output", image.toString());
        assertFalse(Files.exists(image));
        assertEquals(0, run("rescue", device, "--key-file", key, "--output", image.toString(), "--force"), () -> err);
        assertArrayEquals(data, Arrays.copyOfRange(Files.readAllBytes(image), 1 << 20, (1 << 20) + data.length));
    }

    @Test
    void shouldSayWhatIsMissing() throws IOException {
        destroySlots();
        final String wrong = Files.write(folder.resolve("wrong"), new byte[40]).toString();
        final Path image = folder.resolve("image");
        fails(5, "wrong key", "rescue", device, "--key-file", wrong, "--output", image.toString());
        assertFalse(Files.exists(image), "an export of nothing");
        fails(1, "--output", "rescue", device, "--key-file", key);
        try (RandomAccessFile file = new RandomAccessFile(volume.toFile(), "rw")) {
            file.write(new byte[BLOCK]);
            file.seek(file.length() - BLOCK);
            file.write(new byte[BLOCK]);
        }
        fails(3, "header", "rescue", device, "--key-file", key, "--output", image.toString());
        assertFalse(Files.exists(image));
    }
}
