package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Finds anchors by their text: {@code none} or {@code file:PATH}. Control plane. */
public final class Anchors {
    /** No anchor. */
    public static final String NONE = "none";
    /** Begins the text of a local-file anchor. */
    public static final String FILE_PREFIX = "file:";

    private Anchors() {
    }

    /**
     * Opens the anchor that a volume requires.
     *
     * @param spec       what the user gave, or the superblock's hint; empty counts as none
     * @param requiredId the superblock's anchor id: all zero when the volume requires none
     * @throws StorageException FRESHNESS when one is required and none, a damaged one or another one is there;
     *         CONFIGURATION when one is given to a volume that has none
     */
    public static Anchor open(final String spec, final VolumeKey key, final byte[] volumeId, final byte[] requiredId) {
        final Path path = path(spec);
        final boolean required = !Le.isZero(requiredId, 0, requiredId.length);
        if (path == null && required) {
            throw StorageException.freshness(
                "missing anchor: the volume requires its freshness anchor, and none was given. "
                + "Give it with --anchor " + FILE_PREFIX + "PATH");
        }
        if (path != null && !required) {
            throw StorageException.configuration("the volume was formatted without an anchor, and '" + spec
                + "' was given; leave it out or say '" + NONE + "'");
        }
        return path == null ? new NoAnchor() : LocalFileAnchor.open(path, key, volumeId, requiredId);
    }

    /**
     * Creates a new anchor for a new volume.
     *
     * @throws StorageException CONFIGURATION for an unknown text or a file that exists, IO when it cannot be written
     */
    public static Anchor create(final String spec, final VolumeKey key, final byte[] volumeId) {
        final Path path = path(spec);
        return path == null ? new NoAnchor() : LocalFileAnchor.create(path, key, volumeId, RandomSource.kernel());
    }

    private static Path path(final String spec) {
        if (spec.isEmpty() || spec.equals(NONE)) {
            return null;
        }
        try {
            if (spec.startsWith(FILE_PREFIX) && spec.length() > FILE_PREFIX.length()) {
                return Path.of(spec.substring(FILE_PREFIX.length()));
            }
        } catch (final InvalidPathException bad) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "anchor '" + spec + "' is no path: "
                + bad.getReason(),
                bad);
        }
        throw StorageException.configuration("anchor '" + spec + "' is unknown; write " + FILE_PREFIX + "PATH or "
            + NONE);
    }
}
