package io.ringvault.anchor.quorum;

import io.ringvault.block.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The secret that the peers of a group and their users share. Any thread. */
public final class QuorumSecret {
    private static final int SECRET_BYTES_MIN = 16;
    private static final int SECRET_BYTES_MAX = 4096;

    private QuorumSecret() {
    }

    /**
     * The secret in a file; the caller zeroes it.
     *
     * @throws StorageException CONFIGURATION when it cannot be read or has an impossible length
     */
    public static byte[] read(final Path file) {
        final byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (final IOException unreadable) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "cannot read the quorum's secret: "
                + unreadable, unreadable);
        }
        if (bytes.length < SECRET_BYTES_MIN || bytes.length > SECRET_BYTES_MAX) {
            Arrays.fill(bytes, (byte) 0);
            throw StorageException.configuration("the quorum's secret in " + file + " has " + bytes.length
                + " bytes; it must have 16 to 4096, for example from 'head -c 32 /dev/urandom'");
        }
        return bytes;
    }
}
