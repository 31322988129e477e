package io.ringvault.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command over a real volume on the controller model: exit codes, one line per error, signals. */
@Timeout(120)
class CommandEndToEndTest {
    @TempDir
    Path folder;
    private String key;
    private String device;
    private String out;
    private String err;

    @BeforeEach
    void makeKey() throws IOException {
        key = Files.write(folder.resolve("key"), new byte[32]).toString();
        device = "nvme+model:" + folder.resolve("disk.img");
    }

    private int run(final String... arguments) {
        final StringWriter outText = new StringWriter();
        final StringWriter errText = new StringWriter();
        final int code = Main.run(arguments, new PrintWriter(outText, true), new PrintWriter(errText, true));
        out = outText.toString();
        err = errText.toString();
        return code;
    }

    private void format(final String... more) {
        final List<String> arguments = new ArrayList<>(List.of("format", device, "--size", "64M", "--key-file", key));
        arguments.addAll(List.of(more));
        assertEquals(0, run(arguments.toArray(String[]::new)), () -> err);
    }

    private void assertFails(final int code, final String... arguments) {
        assertEquals(code, run(arguments), () -> err);
        assertTrue(err.startsWith("ringvault: "), err);
        assertEquals(1, err.lines().filter(line -> !line.contains("warning")).count(), err);
    }

    @Test
    void shouldDescribeAndVerifyWhenAVolumeIsNew() {
        format();
        assertEquals(0, run("info", device, "--key-file", key), () -> err);
        assertTrue(out.lines().count() > 4, out);
        assertEquals(0, run("info", device, "--key-file", key, "--json"), () -> err);
        assertTrue(out.startsWith("{\n") && out.endsWith("}\n"), out);
        assertEquals(0, run("verify", device, "--key-file", key), () -> err);
        assertTrue(out.contains(" 0 damaged"), out);
    }

    @Test
    void shouldExitWithTheKindOfFailureWhenAVolumeDoesNotOpen() throws IOException {
        assertFails(1, "info", device, "--key-file", key);
        format();
        assertFails(1, "format", device, "--size", "64M", "--key-file", key);
        format("--force");
        final Path wrong = Files.writeString(folder.resolve("wrong"), "0123456789abcdef0123456789abcdef");
        assertFails(5, "info", device, "--key-file", wrong.toString());
        assertFails(1, "info", device, "--key-file", folder.resolve("missing").toString());
        final Path image = folder.resolve("disk.img");
        final byte[] zeros = new byte[(int) Files.size(image)];
        Files.write(image, zeros);
        assertFails(3, "info", device, "--key-file", key);
        assertArrayEquals(zeros, Files.readAllBytes(image), "nothing is written to what does not open");
    }

    @Test
    void shouldRefuseWhenTheAnchorIsGone() throws IOException {
        final Path anchor = folder.resolve("anchor");
        format("--anchor", "file:" + anchor);
        assertEquals(0, run("info", device, "--key-file", key, "--anchor", "file:" + anchor), () -> err);
        Files.delete(anchor);
        assertFails(4, "info", device, "--key-file", key, "--anchor", "file:" + anchor);
    }

    @Test
    void shouldExitWithTheCommandsStatusWhenServingForOne() {
        format();
        final String command = "test -S \"$unixsocket\" && echo \"$uri\" | grep -q nbd+unix && exit 42";
        assertEquals(42, run("serve", device, "--key-file", key, "--run", command), () -> err);
        assertEquals(0, run("verify", device, "--key-file", key), () -> err);
    }

    @Test
    void shouldKeepWhatWasWrittenWhenTerminatedBySignal() throws Exception {
        format();
        final Path socket = folder.resolve("s");
        final byte[] data = "written before the signal".getBytes(StandardCharsets.US_ASCII);
        final Process first = serve(socket);
        try {
            try (SocketChannel channel = enter(socket)) {
                final ByteBuffer request = ByteBuffer.allocate(28 + data.length);
                request.putInt(0x25609513).putShort((short) 0).putShort((short) 1).putLong(7).putLong(12_345)
                    .putInt(data.length).put(data).flip();
                channel.write(request);
                assertEquals(0, receive(channel, 16).getInt(4));
            }
            first.destroy();
            assertTrue(first.waitFor(60, TimeUnit.SECONDS));
            assertEquals(0, first.exitValue());
            assertFalse(Files.exists(socket));
        } finally {
            first.destroyForcibly();
        }
        final Process second = serve(socket);
        try (SocketChannel channel = enter(socket)) {
            final ByteBuffer request = ByteBuffer.allocate(28);
            request.putInt(0x25609513).putShort((short) 0).putShort((short) 0).putLong(8).putLong(12_345)
                .putInt(data.length).flip();
            channel.write(request);
            assertEquals(0, receive(channel, 16).getInt(4));
            assertArrayEquals(data, receive(channel, data.length).array());
            assertFails(1, "info", device, "--key-file", key);
        } finally {
            second.destroy();
            assertTrue(second.waitFor(60, TimeUnit.SECONDS));
        }
    }

    private Process serve(final Path socket) throws IOException {
        final Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-p", System.getProperty("jdk.module.path"), "--enable-native-access=io.ringvault.sys", "-Xmx512m",
            "-m", "io.ringvault.cli/io.ringvault.cli.Main", "serve", device, "--key-file", key,
            "--socket", socket.toString()).redirectError(folder.resolve("stderr").toFile()).start();
        final BufferedReader reader = new BufferedReader(new InputStreamReader(process.getInputStream(),
            StandardCharsets.UTF_8));
        assertEquals("nbd+unix:///?socket=" + socket, reader.readLine(),
            () -> "stderr: " + folder.resolve("stderr").toFile());
        return process;
    }

    /** Connects by the oldest way in: NBD_OPT_EXPORT_NAME without zeroes, simple replies. */
    private static SocketChannel enter(final Path socket) throws IOException {
        final SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        receive(channel, 18);
        final ByteBuffer answer = ByteBuffer.allocate(20);
        answer.putInt(3).putLong(0x49484156454F5054L).putInt(1).putInt(0).flip();
        channel.write(answer);
        assertEquals(64L << 20, receive(channel, 10).getLong(0));
        return channel;
    }

    private static ByteBuffer receive(final SocketChannel channel, final int length) throws IOException {
        final ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            Thread.onSpinWait();
        }
        assertEquals(length, buffer.position(), "the server hung up");
        return buffer.flip();
    }
}
