package io.ringvault.tests.golden;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.RandomSource;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.Volumes;
import io.ringvault.log.Geometry;
import io.ringvault.tests.harness.EngineKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;

/**
 * Makes the golden images of the present format version, with a fixed seed, into the folder that is its argument. Run
 * by hand, once for a format version; {@link GoldenImagesTest} reads the result for ever.
 *
 * <p>Blocks of segments that opening and reading do without are zeroed, so that the images stay small: free segments
 * hold the leavings of earlier lives, which do not compress.
 */
public final class GoldenImages {
    private static final int BLOCK = GoldenVolume.BLOCK;
    private static final int VERSION = 1;
    private static final KdfParameters CHEAP = new KdfParameters(64, 3, 1);

    private final Path folder;
    private final Random random = new Random(20_251);
    private final Properties expected = new Properties();
    private final EngineKind kind = EngineKind.tiny(1);

    private GoldenImages(final Path folder) {
        this.folder = folder;
    }

    /** Writes the images into the folder. */
    public static void main(final String[] arguments) throws IOException {
        new GoldenImages(Path.of(arguments[0])).make();
    }

    private void make() throws IOException {
        image("crash", false, true, disk -> {
            fill(disk, 3, 0, 2);
            disk.trim(0, BLOCK);
            disk.sync();
            fill(disk, 4, 40, 1);
        });
        image("two-sessions", false, false, disk -> {
            fill(disk, 7, 10, 2);
            disk.trim(11L * BLOCK, 80L * BLOCK);
        }, disk -> {
            fill(disk, 8, 12, 1);
            disk.writeZeroes(10L * BLOCK + 512, 1024);
        });
        image("passphrase", true, false, disk -> fill(disk, 9, 1, 1));
        final StringBuilder text = new StringBuilder("# What each image holds: SHA-256 of the volume's content\n");
        new TreeMap<>(expected).forEach((name, value) -> text.append(name).append('=').append(value).append('\n'));
        Files.writeString(folder.resolve("v" + VERSION + ".properties"), text.toString());
    }

    @SafeVarargs
    private void image(final String name, final boolean passphrase, final boolean crash,
        final Consumer<SecureDisk>... sessions) throws IOException {
        final String file = "v" + VERSION + "-" + name;
        final Path anchor = folder.resolve(file + ".anchor");
        Files.deleteIfExists(anchor);
        final RandomSource source = random::nextBytes;
        SimulatedDevice device = GoldenVolume.device(new byte[(int) kind.deviceBytes()]);
        Volumes.format(new FormatContext().blockDevice(device).keySource(() -> passphrase
                ? KeySecret.passphrase(GoldenVolume.PASSPHRASE.toCharArray())
                : KeySecret.key(GoldenVolume.KEY)).kdf(CHEAP).sizeBytes(kind.userBytes())
            .segmentBlocks(kind.segmentBlocks()).anchor("file:" + anchor).random(source)
            .configure(EngineKind::tinyCapacities));
        for (int i = 0; i < sessions.length; i++) {
            final SecureDisk disk = SecureDisk.open(GoldenVolume.context(device, anchor, passphrase).random(source));
            sessions[i].accept(disk);
            if (crash && i == sessions.length - 1) {
                disk.abandon();
            } else {
                disk.close();
            }
            device = device.crash(CrashPolicy.NONE, 1);
        }
        final byte[] image = device.durableContent(0, (int) kind.deviceBytes());
        final byte[] anchored = Files.readAllBytes(anchor);
        final String digest = contentOf(image, anchor, passphrase);
        Files.write(anchor, anchored);
        shrink(image, anchor, anchored, passphrase, digest);
        expected.setProperty(name, digest);
        compress(file + ".img.gz", image);
        compress(file + ".anchor.gz", anchored);
        Files.delete(anchor);
        System.out.println(file + ": " + Files.size(folder.resolve(file + ".img.gz")) + " bytes");
    }

    private void shrink(final byte[] image, final Path anchor, final byte[] anchored, final boolean passphrase,
        final String digest) throws IOException {
        final int first = Geometry.FIRST_SEGMENT_BLOCK;
        for (int block = first; block < image.length / BLOCK - 2; block++) {
            final byte[] kept = Arrays.copyOfRange(image, block * BLOCK, (block + 1) * BLOCK);
            if (Arrays.equals(kept, new byte[BLOCK])) {
                continue;
            }
            Arrays.fill(image, block * BLOCK, (block + 1) * BLOCK, (byte) 0);
            if (!digest.equals(contentOf(image, anchor, passphrase))) {
                System.arraycopy(kept, 0, image, block * BLOCK, BLOCK);
            }
            Files.write(anchor, anchored);
        }
    }

    /** The content, read-only and then for writing; a text that is no digest when it is not sound. */
    private static String contentOf(final byte[] image, final Path anchor, final boolean passphrase) {
        try (SecureDisk readOnly = SecureDisk.open(GoldenVolume.context(GoldenVolume.device(image), anchor, passphrase)
                .readOnly(true))) {
            final String digest = GoldenVolume.digest(readOnly);
            if (!readOnly.warnings().isEmpty() || Volumes.verify(GoldenVolume.context(GoldenVolume.device(image),
                anchor, passphrase).readOnly(true), blocks -> { }).damages() > 0) {
                return "unsound";
            }
            final SecureDisk disk = SecureDisk.open(GoldenVolume.context(GoldenVolume.device(image), anchor,
                passphrase));
            final String again = GoldenVolume.digest(disk);
            disk.close();
            return digest.equals(again) ? digest : "unsound";
        } catch (final StorageException refused) {
            return refused.getMessage();
        }
    }

    private static void fill(final SecureDisk disk, final int seed, final int firstBlock, final int blocks) {
        final byte[] bytes = new byte[BLOCK];
        final Random content = new Random(seed);
        for (int i = 0; i < blocks; i++) {
            content.nextBytes(bytes);
            final MemorySegment source = MemorySegment.ofArray(new long[BLOCK / 8]);
            MemorySegment.copy(bytes, 0, source, ValueLayout.JAVA_BYTE, 0, BLOCK);
            disk.write((long) (firstBlock + i) * BLOCK, source, 0, BLOCK);
        }
    }

    private void compress(final String name, final byte[] bytes) throws IOException {
        final ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        }
        Files.write(folder.resolve(name), packed.toByteArray());
    }
}
