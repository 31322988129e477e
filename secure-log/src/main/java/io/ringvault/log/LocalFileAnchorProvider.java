package io.ringvault.log;

import io.ringvault.block.StorageException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** The scheme {@code file:PATH}. Any thread. */
public final class LocalFileAnchorProvider implements AnchorProvider {

    @Override
    public String scheme() {
        return "file";
    }

    @Override
    public String form() {
        return "file:PATH";
    }

    @Override
    public int kind() {
        return Anchor.KIND_LOCAL_FILE;
    }

    @Override
    public Anchor create(final AnchorTarget target) {
        return LocalFileAnchor.create(path(target), target.key(), target.volumeId(), target.random());
    }

    @Override
    public Anchor open(final AnchorTarget target, final byte[] requiredId) {
        return LocalFileAnchor.open(path(target), target.key(), target.volumeId(), requiredId);
    }

    private Path path(final AnchorTarget target) {
        if (target.place().isEmpty()) {
            throw StorageException.configuration("anchor '" + target.spec() + "' names no file; write " + form());
        }
        try {
            return Path.of(target.place());
        } catch (final InvalidPathException bad) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "anchor '" + target.spec()
                + "' is no path: " + bad.getReason(), bad);
        }
    }
}
