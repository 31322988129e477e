package io.ringvault.disk;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static io.ringvault.block.StorageException.Category.INTEGRITY;
import static io.ringvault.block.StorageException.Category.WRONG_KEY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.log.Le;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeKeysTest {
    private static final KdfParameters CHEAP = new KdfParameters(64, 2, 1);
    private static final KeySource KEY = KeySources.key(TestDisk.KEY);
    private static final KeySource PASS = KeySources.passphrase("correct horse".toCharArray());
    private static final KeySource OTHER = KeySources.passphrase("battery staple".toCharArray());

    @TempDir
    private Path folder;
    private final SimulatedDevice device = TestDisk.format(256, 8 << 20, null);

    private SecureDiskContext with(final KeySource source) {
        return TestDisk.context(device, null).keySource(source);
    }

    private static boolean opens(final SimulatedDevice on, final KeySource source) {
        try {
            Volumes.info(TestDisk.context(on, null).keySource(source).readOnly(true));
            return true;
        } catch (final StorageException refused) {
            assertEquals(WRONG_KEY, refused.category(), refused.getMessage());
            return false;
        }
    }

    private static void refused(final StorageException.Category category, final String text, final Runnable action) {
        final StorageException refused = assertThrows(StorageException.class, action::run);
        assertEquals(category, refused.category(), refused.getMessage());
        assertTrue(refused.getMessage().contains(text), refused.getMessage());
    }

    @Test
    void shouldAddChangeAndRemoveSecrets() {
        assertEquals(List.of(new KeySlotInfo(0, "key", 0, 0, 0)), VolumeKeys.list(with(null)));
        assertEquals(1, VolumeKeys.add(with(KEY), PASS, CHEAP));
        assertEquals(new KeySlotInfo(1, "passphrase", 64, 2, 1), VolumeKeys.list(with(null)).get(1));
        assertTrue(opens(device, KEY) && opens(device, PASS) && !opens(device, OTHER));
        refused(CONFIGURATION, "opens key slot 1 already", () -> VolumeKeys.add(with(KEY), PASS, CHEAP));
        assertEquals(1, VolumeKeys.change(with(PASS), OTHER, CHEAP));
        assertTrue(opens(device, KEY) && !opens(device, PASS) && opens(device, OTHER));
        refused(CONFIGURATION, "the one that the given secret opens", () -> VolumeKeys.remove(with(KEY), 0, false));
        refused(CONFIGURATION, "not in use", () -> VolumeKeys.remove(with(KEY), 5, false));
        refused(WRONG_KEY, "wrong key", () -> VolumeKeys.remove(with(PASS), 0, false));
        VolumeKeys.remove(with(OTHER), 0, false);
        assertTrue(!opens(device, KEY) && opens(device, OTHER));
        refused(CONFIGURATION, "the last one in use", () -> VolumeKeys.remove(with(OTHER), 1, false));
        VolumeKeys.remove(with(OTHER), 1, true);
        refused(INTEGRITY, "no key slot in use", () -> VolumeKeys.add(with(OTHER), PASS, CHEAP));
    }

    @Test
    void shouldRefuseANinthSlot() {
        for (int i = 1; i < 8; i++) {
            assertEquals(i, VolumeKeys.add(with(KEY), KeySources.key(("key number " + i + "......").getBytes()),
                CHEAP));
        }
        refused(CONFIGURATION, "all 8 key slots", () -> VolumeKeys.add(with(KEY), PASS, CHEAP));
    }

    /** A crash at every device operation of an edit: the header is the one before or the new one, never neither. */
    @Test
    void shouldSurviveACrashAtEveryStepOfAnEdit() {
        final List<SimulatedDevice> images = new ArrayList<>();
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void beforeOperation(final SimulatedDevice on, final SimulatedDevice.Operation operation) {
                keep();
            }

            @Override
            public void afterSubmission(final SimulatedDevice on, final SimulatedDevice.Operation operation) {
                keep();
            }

            private void keep() {
                images.add(device.crash(CrashPolicy.NONE, 1));
                images.add(device.crash(CrashPolicy.ALL, 1));
                images.add(device.crash(CrashPolicy.RANDOM_TORN, images.size()));
            }
        });
        VolumeKeys.change(with(KEY), PASS, CHEAP);
        device.observe(new SimulatedDevice.Observer() { });
        int before = 0;
        int after = 0;
        for (final SimulatedDevice image : images) {
            final boolean old = opens(image, KEY);
            final boolean now = opens(image, PASS);
            assertTrue(old != now, "exactly one of the two opens");
            before += old ? 1 : 0;
            after += now ? 1 : 0;
            VolumeKeys.add(TestDisk.context(image, null).keySource(now ? PASS : KEY), OTHER, CHEAP);
            assertTrue(opens(image, OTHER));
        }
        assertTrue(before > 0 && after > 0, before + " before, " + after + " after");
    }

    /** Serial game: the highest serial there is cannot make an edit brick the volume. */
    @Test
    void shouldRefuseToEditAHeaderWithTheHighestSerial() throws Exception {
        for (final long block : new long[] {0, device.sizeBytes() / 4096 - 1}) {
            final byte[] header = device.content(block * 4096, 4096);
            Le.putLong(header, 64, Long.MAX_VALUE);
            System.arraycopy(MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(header, 4064)), 0, header, 4064,
                32);
            device.edit(block * 4096, header);
        }
        refused(INTEGRITY, "highest serial", () -> VolumeKeys.add(with(KEY), PASS, CHEAP));
        assertTrue(opens(device, KEY));
    }

    @Test
    void shouldRestoreAHeaderAndItsRevokedSlots() throws Exception {
        final Path backup = folder.resolve("header");
        VolumeKeys.backupHeader(with(null), backup);
        refused(CONFIGURATION, "exists", () -> VolumeKeys.backupHeader(with(null), backup));
        assertEquals(4096, Files.size(backup));
        VolumeKeys.change(with(KEY), PASS, CHEAP);
        assertTrue(!opens(device, KEY));
        final byte[] garbage = new byte[4096];
        device.edit(0, garbage);
        device.edit(device.sizeBytes() - 4096, garbage);
        final List<String> warned = new ArrayList<>();
        refused(WRONG_KEY, "wrong key", () -> VolumeKeys.restoreHeader(with(PASS), backup, warned));
        VolumeKeys.restoreHeader(with(KEY), backup, warned);
        assertTrue(warned.getLast().contains("removed or changed since"), warned::toString);
        assertTrue(opens(device, KEY) && !opens(device, PASS));
    }

    @Test
    void shouldRefuseTheHeaderOfAnotherVolume() {
        final Path backup = folder.resolve("header");
        VolumeKeys.backupHeader(with(null), backup);
        final SimulatedDevice other = TestDisk.format(256, 8 << 20, null);
        final byte[] before = other.content(0, (int) other.sizeBytes());
        final SecureDiskContext context = TestDisk.context(other, null);
        refused(CONFIGURATION, "the backup is of volume", () -> VolumeKeys.restoreHeader(context, backup,
            new ArrayList<>()));
        assertArrayEquals(before, other.content(0, (int) other.sizeBytes()));
        final byte[] garbage = new byte[4096];
        other.edit(0, garbage);
        other.edit(other.sizeBytes() - 4096, garbage);
        refused(INTEGRITY, "does not belong to this volume", () -> VolumeKeys.restoreHeader(
            TestDisk.context(other, null), backup, new ArrayList<>()));
    }
}
