package io.ringvault.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.KeySource;
import io.ringvault.disk.KeySources;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.VolumeKeys;
import io.ringvault.disk.Volumes;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.KeySlots;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.tests.harness.EngineKind;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole volumes whose public parts were edited: the header with its key slots (both copies, one, or different ones), a
 * backup of it that is put back, the anchor's file. Checksums, and the anchor's MAC, are mostly made right again. The
 * volume gives what was written or says what is wrong, and a refusal writes nothing.
 */
@Timeout(900)
class VolumeOutsideFuzzTest {
    private static final int BLOCK = 4096;
    private static final int CHECKED_BYTES = 4064;
    private static final int MAC_AT = 104;
    private static final long BOUND = 64 << 20;
    private static final double SHARE = 0.4;
    private static final KeySource KEY = KeySources.key("the key of the outside fuzzer".getBytes());
    private static final KeySource SECOND = KeySources.key("another key of that fuzzer".getBytes());

    private final EngineKind shape = EngineKind.tiny(1);
    private final byte[] content = new byte[(int) shape.userBytes()];
    @TempDir
    private Path folder;
    private SimulatedDevice volume;
    private byte[] header;
    private byte[] donor;
    private String anchor = "none";

    private SecureDiskContext context(final SimulatedDevice device) {
        return new SecureDiskContext().blockDevice(device).keySource(KEY).anchor(anchor)
            .threadingMode(ThreadingMode.INVOKER).configure(EngineKind::tinyCapacities);
    }

    private SimulatedDevice made(final long seed) {
        final SimulatedDevice device = new SimulatedDevice(SimulatedDevice.Settings.of(shape.deviceBytes()), seed);
        Volumes.format(new FormatContext().blockDevice(device).keySource(KEY).sizeBytes(shape.userBytes())
            .segmentBlocks(shape.segmentBlocks()).anchor(anchor).random(new Random(seed)::nextBytes)
            .configure(EngineKind::tinyCapacities));
        VolumeKeys.add(context(device), SECOND, null);
        VolumeKeys.add(context(device), KeySources.passphrase("a passphrase".toCharArray()),
            new KdfParameters(64, 3, 1));
        try (SecureDisk disk = SecureDisk.open(context(device))) {
            new Random(seed).nextBytes(content);
            disk.write(0, MemorySegment.ofArray(content), 0, content.length);
            disk.sync();
        }
        return device;
    }

    @BeforeEach
    void make() {
        donor = made(2).content(0, BLOCK);
        volume = made(1);
        header = volume.content(0, BLOCK);
    }

    private SimulatedDevice copy() {
        return volume.crash(CrashPolicy.ALL, 1);
    }

    private byte[] edited(final Random random, final byte[] valid) throws Exception {
        final byte[] bytes = valid.clone();
        final boolean honest = random.nextInt(10) > 0;
        Mutations.change(random, bytes, 0, honest ? CHECKED_BYTES : BLOCK, donor);
        if (honest) {
            System.arraycopy(MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(bytes, CHECKED_BYTES)), 0,
                bytes, CHECKED_BYTES, 32);
        }
        return bytes;
    }

    /** Opens; what was written is there, or the refusal left everything as it was. */
    private String open(final SimulatedDevice device, final Random random) {
        final byte[] before = device.content(0, (int) device.sizeBytes());
        final SecureDisk disk;
        try {
            disk = SecureDisk.open(context(device).readOnly(random.nextInt(3) == 0));
        } catch (final StorageException refused) {
            typed(refused);
            assertArrayEquals(before, device.content(0, before.length), "a volume that was refused was written to");
            return refused.category().toString();
        }
        try {
            require(disk.sizeBytes() == content.length, "the volume has " + disk.sizeBytes() + " bytes now");
            final byte[] found = new byte[content.length];
            disk.read(0, MemorySegment.ofArray(found), 0, found.length);
            assertArrayEquals(content, found);
            return "served";
        } catch (final StorageException refused) {
            typed(refused);
            return refused.category() + " in use";
        } finally {
            disk.abandon();
        }
    }

    private static void typed(final StorageException refused) {
        require(refused.category() != Category.IO && (refused.getCause() == null
            || refused.getCause() instanceof StorageException), "not a refusal but an accident: " + refused + ", "
            + refused.getCause());
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    @Test
    void shouldServeOrRefuseAVolumeWhoseHeadersWereEdited() {
        new FuzzRun("volume, headers edited", BOUND).run(SHARE, random -> {
            final SimulatedDevice device = copy();
            final byte[] first = edited(random, header);
            final int which = random.nextInt(4);
            if (which != 1) {
                device.edit(0, first);
            }
            if (which != 0) {
                device.edit(device.sizeBytes() - BLOCK, which == 3 ? edited(random, header) : first);
            }
            return open(device, random);
        }).met("served", "INTEGRITY", "WRONG_KEY");
    }

    @Test
    void shouldTakeABackupThatBelongsToTheVolumeAndNoOther() throws Exception {
        final Path file = folder.resolve("backup");
        new FuzzRun("volume, header restored", BOUND).run(SHARE, random -> {
            final SimulatedDevice device = copy();
            final byte[] backup = random.nextInt(12) == 0 ? header.clone() : edited(random, header);
            Files.write(file, random.nextInt(20) == 0 ? Arrays.copyOf(backup, random.nextInt(9000)) : backup);
            if (random.nextBoolean()) {
                device.edit(0, new byte[BLOCK]);
                device.edit(device.sizeBytes() - BLOCK, new byte[BLOCK]);
            }
            final byte[] before = device.content(0, (int) device.sizeBytes());
            try {
                VolumeKeys.restoreHeader(context(device), file, new ArrayList<>());
            } catch (final StorageException refused) {
                typed(refused);
                assertArrayEquals(before, device.content(0, before.length), "a refused backup was written");
                return refused.category().toString();
            }
            final String outcome = open(device, random);
            require(outcome.equals("served"), "a backup was put back that makes the volume useless: " + outcome);
            return "restored";
        }).met("restored", "INTEGRITY", "WRONG_KEY");
    }

    @Test
    void shouldServeOrRefuseAVolumeWhoseAnchorFileWasEdited() throws Exception {
        final Path file = folder.resolve("anchor");
        anchor = "file:" + file;
        volume = made(3);
        final byte[] kept = Files.readAllBytes(file);
        final byte[] macKey = macKey();
        new FuzzRun("volume, anchor file edited", BOUND).run(SHARE, random -> {
            final byte[] bytes = kept.clone();
            final int slot = random.nextInt(2) * BLOCK;
            Mutations.change(random, bytes, slot, random.nextInt(4) > 0 ? slot + MAC_AT + 32 : bytes.length, kept);
            if (random.nextInt(3) > 0) {
                final Mac mac = Mac.getInstance("HmacSHA256");
                mac.init(new SecretKeySpec(macKey, "HmacSHA256"));
                mac.update(bytes, slot, MAC_AT);
                mac.doFinal(bytes, slot + MAC_AT);
            }
            Files.write(file, random.nextInt(20) == 0 ? Arrays.copyOf(bytes, random.nextInt(9000)) : bytes);
            return open(copy(), random);
        }).met("served", "FRESHNESS");
    }

    private byte[] macKey() {
        final var decoded = HeaderCodec.decode(volume.content(0, BLOCK));
        try (var secret = KEY.obtain(); VolumeKey key = KeySlots.unlock(decoded, secret).key()) {
            return key.anchorMacKey(decoded.volumeId());
        }
    }
}
