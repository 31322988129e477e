package io.ringvault.tests.golden;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.crypto.KeySecret;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.tests.harness.EngineKind;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** How a golden image is opened and what is taken from it. One thread. */
final class GoldenVolume {
    static final byte[] KEY = "the key of every golden image".getBytes(StandardCharsets.US_ASCII);
    static final String PASSPHRASE = "a passphrase with an \u00e4";
    static final int BLOCK = 4096;

    private GoldenVolume() {
    }

    static SimulatedDevice device(final byte[] image) {
        final SimulatedDevice device = new SimulatedDevice(SimulatedDevice.Settings.of(image.length), 1);
        device.edit(0, image);
        return device;
    }

    static SecureDiskContext context(final BlockDevice device, final Path anchor, final boolean passphrase) {
        return new SecureDiskContext().blockDevice(device).keySource(() -> passphrase
                ? KeySecret.passphrase(PASSPHRASE.toCharArray()) : KeySecret.key(KEY))
            .anchor(anchor == null ? "none" : "file:" + anchor).threadingMode(ThreadingMode.INVOKER)
            .configure(EngineKind::tinyCapacities);
    }

    /** SHA-256 of everything that the user sees. */
    static String digest(final SecureDisk disk) {
        try {
            final MessageDigest digest = MessageDigest.getInstance("SHA-256");
            final byte[] block = new byte[BLOCK];
            final MemorySegment target = MemorySegment.ofArray(new long[BLOCK / 8]);
            for (long at = 0; at < disk.sizeBytes(); at += BLOCK) {
                disk.read(at, target, 0, BLOCK);
                MemorySegment.copy(target, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, block, 0, BLOCK);
                digest.update(block);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (final NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing);
        }
    }
}
