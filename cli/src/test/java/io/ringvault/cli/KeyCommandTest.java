package io.ringvault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Keys by the command: every form of giving one, and what each failure exits with. */
@Timeout(120)
class KeyCommandTest {
    private static final String CHEAP = "--kdf-memory=64K";

    @TempDir
    private Path folder;
    private String device;
    private String key;
    private String other;
    private String out;
    private String err;

    @BeforeEach
    void format() throws IOException {
        device = "nvme+model:" + folder.resolve("disk.img");
        key = Files.writeString(folder.resolve("key"), "the first key of all").toString();
        other = Files.writeString(folder.resolve("other"), "quite another key is this").toString();
        assertEquals(0, run("format", device, "--size", "64M", "--key-file", key), () -> err);
    }

    private int run(final String... arguments) {
        final StringWriter outText = new StringWriter();
        final StringWriter errText = new StringWriter();
        final int code = Main.run(arguments, new PrintWriter(outText, true), new PrintWriter(errText, true));
        out = outText.toString();
        err = errText.toString();
        return code;
    }

    private void fails(final int code, final String text, final String... arguments) {
        assertEquals(code, run(arguments), () -> err);
        assertTrue(err.contains(text), err);
        assertFalse(err.contains("the first key") || err.contains("quite another"), "a secret in a message: " + err);
    }

    private void works(final String... arguments) {
        assertEquals(0, run(arguments), () -> err);
    }

    @Test
    void shouldOpenWithACommandOrAFileAndSayWhatIsWrongOtherwise() {
        works("info", device, "--key-command", "cat " + key);
        fails(5, "wrong key", "info", device, "--key-command", "cat " + other);
        fails(1, "status 1", "info", device, "--key-command", "cat /no/such/file");
        fails(1, "no variable", "info", device, "--key-env", "RINGVAULT_NO_SUCH");
        fails(1, "no key", "info", device);
        fails(1, "give one of", "info", device, "--key-file", key, "--key-command", "cat " + key);
        fails(1, "descriptor 987", "info", device, "--passphrase-fd", "987");
    }

    @Test
    void shouldAddListChangeAndRemoveSlots() {
        works("key", "add", device, "--key-file", key, "--new-key-file", other);
        assertEquals("key slot 1 added\n", out);
        works("key", "list", device);
        assertEquals("0  key\n1  key\n", out);
        fails(1, "already", "key", "add", device, "--key-file", key, "--new-key-file", other);
        fails(1, "no new key", "key", "add", device, "--key-file", key);
        fails(1, "the one that", "key", "remove", device, "0", "--key-file", key);
        works("key", "remove", device, "0", "--key-file", other);
        fails(5, "wrong key", "info", device, "--key-file", key);
        works("key", "change", device, "--key-file", other, "--new-key-file", key);
        works("verify", device, "--key-file", key);
        fails(1, "the last one", "key", "remove", device, "1", "--key-file", key);
        works("key", "remove", device, "1", "--key-file", key, "--force");
        fails(3, "no key slot in use", "info", device, "--key-file", key);
    }

    @Test
    void shouldBackUpAndRestoreTheHeader() throws IOException {
        final String backup = folder.resolve("header").toString();
        works("header", "backup", device, backup);
        fails(1, "exists", "header", "backup", device, backup);
        works("key", "change", device, "--key-file", key, "--new-key-file", other);
        fails(5, "wrong key", "header", "restore", device, backup, "--key-file", other);
        works("header", "restore", device, backup, "--key-file", key);
        assertTrue(err.contains("removed or changed since"), err);
        works("info", device, "--key-file", key);
        final String second = "nvme+model:" + folder.resolve("second.img");
        works("format", second, "--size", "64M", "--key-file", key);
        fails(1, "the backup is of volume", "header", "restore", second, backup, "--key-file", key);
    }

    @Test
    void shouldRotateTheVolumeKeyAndKeepTheSlotsWhoseSecretsAreGiven() {
        works("key", "add", device, "--key-file", key, "--new-key-file", other);
        fails(1, "[1] would be lost", "key", "rotate", device, "--key-file", key);
        works("key", "rotate", device, "--key-file", key, "--also-key-file", other);
        assertTrue(out.contains("volume key 2 is in use, the one before it is forgotten"), out);
        works("verify", device, "--key-file", other);
        works("key", "rotate", device, "--key-file", key, "--force");
        fails(5, "wrong key", "info", device, "--key-file", other);
        works("verify", device, "--key-file", key);
    }

    @Test
    void shouldCloneUnderANewIdentity() throws IOException {
        final String copy = "nvme+model:" + folder.resolve("copy.img");
        works("clone", device, copy, "--key-file", key, "--new-key-file", other);
        works("verify", copy, "--key-file", other);
        fails(5, "wrong key", "info", copy, "--key-file", key);
        fails(1, "already holds", "clone", device, copy, "--key-file", key, "--new-key-file", other);
        final String backup = folder.resolve("header").toString();
        works("header", "backup", device, backup);
        fails(1, "the backup is of volume", "header", "restore", copy, backup, "--key-file", key);
    }

    /** Through the shell, as a user would: a passphrase on a descriptor, never in the arguments. */
    @Test
    void shouldReadPassphrasesFromDescriptors() throws IOException, InterruptedException {
        final Path phrase = Files.writeString(folder.resolve("phrase"), "gr\u00fcne wiese\n");
        final Path wrong = Files.writeString(folder.resolve("wrong"), "gr\u00fcne wiesen\n");
        assertEquals(0, shell("key add '" + device + "' --key-file '" + key + "' --new-passphrase-fd 4 " + CHEAP
            + " 4<'" + phrase + "'"), () -> out);
        assertEquals(0, shell("info '" + device + "' --passphrase-fd 4 4<'" + phrase + "'"), () -> out);
        assertEquals(5, shell("info '" + device + "' --passphrase-fd 4 4<'" + wrong + "'"), () -> out);
        works("key", "list", device);
        assertTrue(out.contains("1  passphrase  Argon2id 64.0 KiB") || out.contains("1  passphrase  Argon2id 64"), out);
    }

    private int shell(final String arguments) throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "exec \"$JAVA\" "
            + "--enable-native-access=io.ringvault.sys -p \"$MODULES\" -m io.ringvault.cli/io.ringvault.cli.Main "
            + arguments));
        final ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
        builder.environment().put("MODULES", System.getProperty("jdk.module.path"));
        final Process process = builder.start();
        out = new String(process.getInputStream().readAllBytes());
        return process.waitFor();
    }
}
