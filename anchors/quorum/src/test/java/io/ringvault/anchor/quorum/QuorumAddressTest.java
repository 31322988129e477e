package io.ringvault.anchor.quorum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringvault.block.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuorumAddressTest {
    @TempDir
    private Path folder;

    private static QuorumAddress parse(final String place) {
        return QuorumAddress.parse("quorum:" + place, place, "abcd");
    }

    @Test
    void shouldReadPeersNameAndSecret() {
        final QuorumAddress address = parse("a:1,b.example:22,[::1]:333/my-volume?secret=/etc/secret");
        assertEquals(3, address.peers().size());
        assertEquals("b.example", address.peers().get(1).getHostString());
        assertEquals(333, address.peers().get(2).getPort());
        assertEquals("my-volume", address.name());
        assertEquals(Path.of("/etc/secret"), address.secretFile());
        assertEquals("abcd", parse("a:1?secret=s").name(), "the volume's own name");
    }

    @Test
    void shouldRefuseWhatNamesNoPeerOrNoSecret() {
        for (final String bad : new String[] {"", "a:1", "a?secret=s", "a:b?secret=s", "a:1,?secret=s",
            "a:1/?secret=s", "a:1/x y?secret=s", "a:70000?secret=s"}) {
            assertEquals(StorageException.Category.CONFIGURATION,
                assertThrows(StorageException.class, () -> parse(bad), bad).category());
        }
    }

    @Test
    void shouldReadASecretOfASensibleLength() throws IOException {
        final Path file = Files.write(folder.resolve("secret"), new byte[16]);
        assertArrayEquals(new byte[16], parse("a:1?secret=" + file).secret());
        Files.write(file, new byte[15]);
        assertThrows(StorageException.class, () -> QuorumSecret.read(file));
        assertThrows(StorageException.class, () -> QuorumSecret.read(folder.resolve("none")));
    }
}
