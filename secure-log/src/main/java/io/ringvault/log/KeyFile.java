package io.ringvault.log;

import io.ringvault.block.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;

/** Reads key files: any content of 16 to 4096 bytes, taken as it is (a trailing newline counts). Control plane. */
public final class KeyFile {
    /** Shortest key file in bytes. */
    public static final int MIN_BYTES = 16;
    /** Longest key file in bytes. */
    public static final int MAX_BYTES = 4096;

    private KeyFile() {
    }

    /**
     * Reads the whole file; pipes and descriptors ({@code /dev/fd/3}) work too.
     *
     * @return its bytes, which the caller zeroes as soon as the key is unlocked
     * @throws StorageException CONFIGURATION when it is missing, unreadable, too short or too long
     */
    public static byte[] read(final Path path) {
        final byte[] buffer = new byte[MAX_BYTES + 1];
        try (InputStream in = Files.newInputStream(path)) {
            final int length = in.readNBytes(buffer, 0, buffer.length);
            if (length < MIN_BYTES || length > MAX_BYTES) {
                final String size = length > MAX_BYTES ? "more than " + MAX_BYTES : String.valueOf(length);
                throw StorageException.configuration("key file " + path + " has " + size + " bytes; allowed are "
                    + MIN_BYTES + " to " + MAX_BYTES + ". A good one: head -c 32 /dev/urandom > " + path.getFileName());
            }
            return Arrays.copyOf(buffer, length);
        } catch (final NoSuchFileException missing) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "key file " + path + " does not exist",
                missing);
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "key file " + path + " cannot be read: "
                + failed.getMessage(), failed);
        } finally {
            zero(buffer);
        }
    }

    /** Overwrites a secret. */
    public static void zero(final byte[] secret) {
        Arrays.fill(secret, (byte) 0);
    }
}
