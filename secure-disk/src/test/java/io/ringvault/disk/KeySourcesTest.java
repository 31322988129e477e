package io.ringvault.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeySourcesTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private static void refused(final String text, final KeySource source) {
        final StorageException refused = assertThrows(StorageException.class, source::obtain);
        assertEquals(StorageException.Category.CONFIGURATION, refused.category());
        assertTrue(refused.getMessage().contains(text), refused.getMessage());
        assertFalse(refused.getMessage().contains("sesame"), "a secret in a message");
    }

    private static byte[] bytes(final KeySource source) {
        try (KeySecret secret = source.obtain()) {
            return secret.copy();
        }
    }

    @Test
    void shouldTakeTheOutputOfACommandAsItIs() {
        assertArrayEquals("sesame sesame open\n".getBytes(), bytes(KeySources.command("echo 'sesame sesame open'",
            LONG)));
        assertArrayEquals("sesame sesame!".repeat(2).getBytes(),
            bytes(KeySources.command("printf '%s' sesame\\ sesame!sesame\\ sesame! | cat", LONG)));
    }

    @Test
    void shouldRefuseACommandThatFailsOrPrintsTooLittleOrTooMuch() {
        refused("status 3", KeySources.command("sh -c 'echo sesame sesame sesame; exit 3'", LONG));
        refused("key of 7 bytes", KeySources.command("echo sesame", LONG));
        refused("key of 4097 bytes", KeySources.command("head -c 100000 /dev/zero", LONG));
        refused("cannot be run", KeySources.command("/no/such/program", LONG));
        refused("empty", KeySources.command("  ", LONG));
        refused("open quote", KeySources.command("echo 'sesame", LONG));
    }

    @Test
    void shouldStopACommandThatDoesNotEnd() {
        refused("did not end within", KeySources.command("sleep 60", Duration.ofMillis(50)));
        refused("did not end within", KeySources.command("sh -c 'echo sesame sesame; sleep 60'",
            Duration.ofMillis(200)));
    }

    @Test
    void shouldUseAShellOnlyWhereTheCommandNeedsOne() {
        assertEquals(List.of("tpm2", "unseal", "-c", "a b", "x'y", ""), KeyCommand.words(
            " tpm2 unseal -c 'a b'  \"x'y\" '' "));
        assertEquals(List.of("a b", "c"), KeyCommand.words("a\\ b c"));
        for (final String command : new String[] {"a | b", "echo $X", "echo \"$X\"", "a > b", "`a`"}) {
            assertEquals(List.of("/bin/sh", "-c", command), KeyCommand.words(command));
        }
        assertEquals(List.of("echo", "$X | y"), KeyCommand.words("echo '$X | y'"));
    }

    @Test
    void shouldTakeAVariableOrSayThatItIsMissing() {
        refused("no variable RINGVAULT_NOT_THERE", KeySources.environment("RINGVAULT_NOT_THERE"));
        final String path = System.getenv("PATH");
        assertArrayEquals(path.getBytes(), bytes(KeySources.environment("PATH")));
    }

    @Test
    void shouldTakeAFileAsItIs() throws Exception {
        final Path file = Files.writeString(folder.resolve("key"), "0123456789abcdef\n");
        assertArrayEquals("0123456789abcdef\n".getBytes(), bytes(KeySources.file(file)));
    }

    @Test
    void shouldSayWhenADescriptorIsNotOpen() {
        refused("no passphrase from descriptor 987", KeySources.passphraseDescriptor(987));
    }
}
