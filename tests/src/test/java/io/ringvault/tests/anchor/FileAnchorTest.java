package io.ringvault.tests.anchor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The anchor in a local file under the contract. */
class FileAnchorTest extends AnchorContract {
    @TempDir
    static Path folder;

    /** A folder of anchor files. */
    static final class Place implements AnchorPlace {
        private final Path folder;
        private int number;

        Place(final Path folder) {
            this.folder = folder;
        }

        @Override
        public String vacant() {
            return "file:" + folder.resolve("anchor-" + ++number + "-" + System.nanoTime());
        }

        /** For root every file can be read, so nothing can be cut off. */
        @Override
        public boolean reachable(final boolean now) {
            return false;
        }

        @Override
        public boolean damage(final String spec) throws IOException {
            final Path file = Path.of(spec.substring("file:".length()));
            Files.write(file, new byte[(int) Files.size(file)]);
            return true;
        }

        @Override
        public void close() {
            // The folder is the test's.
        }
    }

    @Override
    AnchorPlace place() {
        return new Place(folder);
    }
}
