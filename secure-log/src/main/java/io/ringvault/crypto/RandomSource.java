package io.ringvault.crypto;

import io.ringvault.block.StorageException;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/**
 * Where keys, salts and ids come from. Control plane only.
 *
 * <p>A port, so that simulations can seed it and a module with native access can plug in {@code getrandom}. An
 * implementation must not keep state in this process: a resumed virtual-machine snapshot would repeat it.
 */
@FunctionalInterface
public interface RandomSource {

    /** Fills the whole array with unpredictable bytes. */
    void fill(byte[] target);

    /** A new array of unpredictable bytes. */
    default byte[] bytes(final int length) {
        final byte[] result = new byte[length];
        fill(result);
        return result;
    }

    /**
     * The kernel's generator, read without a buffer in between; the platform's {@link SecureRandom} where there is
     * none.
     */
    static RandomSource kernel() {
        final Path urandom = Path.of("/dev/urandom");
        if (!Files.exists(urandom)) {
            return new SecureRandom()::nextBytes;
        }
        return target -> {
            try (FileInputStream in = new FileInputStream(urandom.toFile())) {
                if (in.readNBytes(target, 0, target.length) != target.length) {
                    throw new IOException("short read");
                }
            } catch (final IOException failed) {
                throw new StorageException(StorageException.Category.IO, "cannot read random bytes from " + urandom
                    + ": " + failed, failed);
            }
        };
    }
}
