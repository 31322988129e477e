package io.ringvault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    @TempDir
    Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(final String... arguments) {
        return Main.run(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private void assertOneClearLine(final String... parts) {
        final String text = err.toString();
        assertTrue(text.startsWith("ringvault: "), text);
        assertEquals(1, text.lines().count(), text);
        assertFalse(text.contains("\tat "), text);
        for (final String part : parts) {
            assertTrue(text.contains(part), () -> "'" + part + "' not in: " + text);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "format", "info", "verify", "serve", "bench", "nvme", "doctor"})
    void shouldHelpWhenAskedAtEveryLevel(final String command) {
        assertEquals(0, command.isEmpty() ? run("--help") : run(command, "--help"));
        assertTrue(out.toString().contains("Usage: ringvault " + command), out.toString());
        assertEquals("", err.toString());
    }

    @Test
    void shouldNameItsVersionWhenAsked() {
        assertEquals(0, run("--version"));
        assertTrue(out.toString().matches("(?s)ringvault .*\\RJava 2\\d.*"), out.toString());
    }

    @Test
    void shouldSayWhatIsMissingWhenUsedWrongly() {
        assertEquals(1, run());
        assertOneClearLine("a command is missing", "'ringvault --help'");
    }

    @Test
    void shouldSayWhichCommandsHelpToReadWhenAnOptionIsMissing() {
        assertEquals(1, run("format", "nvme+model:x", "--size", "1G"));
        assertOneClearLine("--key-file", "'ringvault format --help'");
    }

    @Test
    void shouldSayWhatASizeIsWhenGivenSomethingElse() {
        assertEquals(1, run("format", "nvme+model:x", "--key-file", "k", "--size", "big"));
        assertOneClearLine("--size", "'big' is not a size");
    }

    @Test
    void shouldRefuseWhenACommandOrOptionIsUnknown() {
        assertEquals(1, run("formt", "x"));
        assertOneClearLine("formt");
        err.getBuffer().setLength(0);
        assertEquals(1, run("info", "nvme+model:x", "--key-file", "k", "--frobnicate"));
        assertOneClearLine("--frobnicate");
    }

    @Test
    void shouldAskForASocketWhenNeitherSocketNorCommandIsGiven() {
        assertEquals(1, run("serve", "nvme+model:x", "--key-file", "k"));
        assertOneClearLine("--socket");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--size 5M", "--size 17000000", "--depth 0", "--depth 257", "--runtime 0", "--key-file k",
        "--device nvme+model:x", "--device nvme+model:x --key-file k", "--device nvme+model:x --overwrite",
        "--key-env K", "--seed x"})
    void shouldRefuseToMeasureWhenArgumentsDoNotFit(final String arguments) {
        assertEquals(1, run(("bench " + arguments).split(" ")));
        assertOneClearLine("--");
    }

    @ParameterizedTest
    @EnumSource(StorageException.Category.class)
    void shouldExitWithTheCategorysCodeWhenAStorageErrorArises(final StorageException.Category category) {
        final int code = new Failures(false).report(new PrintWriter(err), new StorageException(category, "a\n  b"));
        assertEquals(category.ordinal() + 1, code);
        assertOneClearLine("a; b");
    }

    @Test
    void shouldNameTheClassOnlyWhenTheFailureIsUnexpected() {
        assertEquals(1, new Failures(false).report(new PrintWriter(err), new IllegalStateException("odd")));
        assertOneClearLine("IllegalStateException", "odd", "RINGVAULT_DEBUG");
        err.getBuffer().setLength(0);
        new Failures(true).report(new PrintWriter(err), new IllegalStateException("odd"));
        assertTrue(err.toString().contains("\tat "));
    }

    @Test
    void shouldTellWhatADeviceIsWhenGivenAPlainPath() throws Exception {
        final Path key = Files.write(folder.resolve("key"), new byte[32]);
        assertEquals(1, run("info", folder.resolve("disk.img").toString(), "--key-file", key.toString()));
        assertOneClearLine("has no scheme", "nvme+model:");
    }
}
