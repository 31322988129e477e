package io.ringvault.tests.secrets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.KeySources;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.VolumeKeys;
import io.ringvault.disk.Volumes;
import io.ringvault.log.Header;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.KeySlots;
import io.ringvault.log.PrefaceCodec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * After close and a full collection nothing secret is in a heap dump: not the key file's bytes, the passphrase, any
 * volume key, or a session key. What is there while the volume is open is printed: SunJCE's copies.
 */
@Timeout(300)
class HeapDumpTest {
    private static final int BLOCK = 4096;
    private static final String PASSPHRASE = "correct horse battery staple";

    @TempDir
    private Path folder;
    private final byte[] keyFile = new byte[40];
    private final Map<String, byte[]> secrets = new LinkedHashMap<>();
    private final List<VolumeKey> volumeKeys = new ArrayList<>();
    private Path image;

    @Test
    void shouldHoldNothingSecretWhenTheVolumeIsClosed() throws IOException, InterruptedException {
        new Random(11).nextBytes(keyFile);
        final Path key = Files.write(folder.resolve("key"), keyFile);
        image = folder.resolve("disk.img");
        final String device = "file:" + image;
        Volumes.format(new FormatContext().device(device).keyFile(key).sizeBytes(64 << 20));
        VolumeKeys.add(new SecureDiskContext().device(device).keyFile(key),
            KeySources.passphrase(PASSPHRASE.toCharArray()), new KdfParameters(1024, 3, 1));
        secrets.put("key file", keyFile);
        secrets.put("passphrase, UTF-8", PASSPHRASE.getBytes(StandardCharsets.UTF_8));
        secrets.put("passphrase, UTF-16", PASSPHRASE.getBytes(StandardCharsets.UTF_16BE));
        keysOfTheImage();
        final Path dumps = folder.resolve("dump");
        final Path phrase = Files.writeString(folder.resolve("phrase"), PASSPHRASE + "\n");
        final Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED", "-Xmx512m", "-cp", System.getProperty("java.class.path"),
            HeapDumpChild.class.getName(), device, key.toString(), dumps.toString())
            .redirectInput(phrase.toFile()).redirectErrorStream(true).start();
        final String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, child.waitFor(), said);
        keysOfTheImage();
        final Map<String, Integer> open = scan(Path.of(dumps + ".open.hprof"));
        final Map<String, Integer> closed = scan(Path.of(dumps + ".closed.hprof"));
        System.out.println("key memory: " + said.strip());
        System.out.println("heap dump while open: " + open);
        System.out.println("heap dump after close and GC: " + closed);
        assertTrue(secrets.size() >= 3 + 2 + 2 * 5, secrets.keySet()::toString);
        final String keep = System.getProperty("ringvault.dump");
        if (keep != null) {
            Files.copy(Path.of(dumps + ".closed.hprof"), Path.of(keep));
            secrets.forEach((name, secret) -> System.out.println(name + " " + HexFormat.of().formatHex(secret)));
        }
        closed.forEach((name, count) -> assertEquals(0, count, name + " is in the heap: " + closed));
        assertEquals(0, open.get("volume key 1"), "our own copies lie outside the heap: " + open);
        // The scan can fail: what the dump surely holds is found.
        secrets.clear();
        secrets.put("a class name", "io/ringvault/disk/SecureDisk".getBytes(StandardCharsets.US_ASCII));
        assertTrue(scan(Path.of(dumps + ".closed.hprof")).get("a class name") > 0);
    }

    /** The volume key of the image, and the keys of all sessions whose segments are there, under every volume key. */
    private void keysOfTheImage() throws IOException {
        final byte[] bytes = Files.readAllBytes(image);
        final Header header = HeaderCodec.decode(Arrays.copyOf(bytes, BLOCK));
        volumeKeys.add(KeySlots.unlock(header, keyFile));
        final PrefaceCodec prefaces = new PrefaceCodec();
        for (final VolumeKey each : volumeKeys) {
            final String name = "volume key " + each.number();
            secrets.put(name, each.copy());
            for (int segment = 0; segment < header.geometry().segmentCount(); segment++) {
                final int at = Math.toIntExact(header.geometry().blockOf(segment, 0) * BLOCK);
                if (prefaces.isValid(bytes, at, header.volumeId())) {
                    final long session = PrefaceCodec.session(bytes, at);
                    secrets.put("session key " + session + " under " + name,
                        each.sessionKey(header.volumeId(), session, PrefaceCodec.salt(bytes, at)));
                }
            }
        }
    }

    /** How often each secret occurs. */
    private Map<String, Integer> scan(final Path dump) throws IOException {
        final byte[] bytes = Files.readAllBytes(dump);
        final Map<String, Integer> found = new LinkedHashMap<>();
        secrets.forEach((name, secret) -> found.put(name, occurrences(bytes, secret)
            + occurrences(bytes, inWords(secret))));
        return found;
    }

    /**
     * The gaps that collected objects leave are dumped as arrays of int, each of them with its bytes the other way
     * round; so whatever was not zeroed before it was collected shows in words.
     */
    private static byte[] inWords(final byte[] secret) {
        final byte[] turned = new byte[secret.length & -Integer.BYTES];
        for (int i = 0; i < turned.length; i++) {
            turned[i] = secret[i ^ 3];
        }
        return turned;
    }

    private static int occurrences(final byte[] bytes, final byte[] secret) {
        int count = 0;
        for (int at = 0; at <= bytes.length - secret.length; at++) {
            if (bytes[at] == secret[0] && bytes[at + 1] == secret[1]
                && Arrays.equals(bytes, at, at + secret.length, secret, 0, secret.length)) {
                count++;
            }
        }
        return count;
    }
}
