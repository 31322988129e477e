package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.ringvault.crypto.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyFileTest {
    @TempDir
    private Path directory;

    @Test
    void shouldReadEveryAllowedLengthAsItIs() throws IOException {
        for (final int length : new int[] {16, 17, 32, 4095, 4096}) {
            final byte[] content = Seeds.source(length).bytes(length);
            assertArrayEquals(content, KeyFile.read(Files.write(directory.resolve("key"), content)));
        }
    }

    @Test
    void shouldSayWhatIsWrongWithOtherFiles() throws IOException {
        final Path path = directory.resolve("key");
        Failures.expect(CONFIGURATION, () -> KeyFile.read(path), path.toString(), "does not exist");
        Files.write(path, new byte[15]);
        Failures.expect(CONFIGURATION, () -> KeyFile.read(path), "has 15 bytes", "16 to 4096");
        Files.write(path, new byte[4097]);
        Failures.expect(CONFIGURATION, () -> KeyFile.read(path), "more than 4096 bytes");
        Failures.expect(CONFIGURATION, () -> KeyFile.read(directory), "cannot be read");
    }

    @Test
    void shouldZeroASecret() {
        final byte[] secret = Seeds.source(1).bytes(32);
        KeyFile.zero(secret);
        assertArrayEquals(new byte[32], secret);
    }
}
