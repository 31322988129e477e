package io.ringvault.sys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder that looks like {@code /proc}, {@code /sys} and {@code /dev}. */
final class FakeTree {
    private final Path root;

    FakeTree(final Path root) {
        this.root = root;
    }

    FakeTree file(final String path, final String text) throws IOException {
        final Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text + "\n");
        return this;
    }

    FakeTree link(final String path, final String target) throws IOException {
        final Path link = root.resolve(path);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, Path.of(target));
        return this;
    }

    SystemTree tree() {
        return SystemTree.below(root);
    }
}
