package io.ringvault.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real clients against the server over an array. A tool that is not installed is skipped by name. */
@Timeout(120)
class NbdToolsTest {
    private static final int SIZE = 32 << 20;

    @TempDir
    Path folder;
    private FakeExport export;
    private NbdServer server;

    @BeforeEach
    void start() {
        export = new FakeExport(SIZE, false, 1);
        server = NbdServer.start(folder.resolve("s"), export, NbdServer.Limits.DEFAULT, line -> { });
    }

    @AfterEach
    void stop() {
        server.close();
        assertEquals(0, export.openClients.get());
    }

    private String run(final String tool, final String... arguments) throws IOException, InterruptedException {
        final boolean installed = Arrays.stream(System.getenv("PATH").split(":"))
            .anyMatch(entry -> Files.isExecutable(Path.of(entry, tool)));
        if (!installed) {
            System.out.println("SKIPPED: " + tool + " is not installed");
        }
        assumeTrue(installed, tool + " is not installed");
        final String[] command = new String[arguments.length + 1];
        command[0] = tool;
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        final Path output = folder.resolve("output");
        final Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
            .redirectOutput(output.toFile()).start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        final String text = Files.readString(output);
        assertEquals(0, process.waitFor(), () -> String.join(" ", command) + "\n" + text);
        return text;
    }

    @Test
    void shouldDescribeItselfWhenNbdinfoAsks() throws Exception {
        final String text = run("nbdinfo", server.uri());
        for (final String line : new String[] {"export-size: " + SIZE, "structured", "can_multi_conn: true",
            "can_trim: true", "can_zero: true", "can_fua: true", "can_fast_zero: false", "is_read_only: false",
            "block_size_minimum: 1", "block_size_preferred: 4096", "block_size_maximum: 33554432"}) {
            assertTrue(text.contains(line), () -> line + " not in\n" + text);
        }
        assertTrue(run("nbdinfo", "--list", server.uri()).contains("export-size: " + SIZE));
    }

    @Test
    void shouldCopyBothWaysWhenNbdcopyRuns() throws Exception {
        final byte[] data = new byte[SIZE];
        new Random(5).nextBytes(data);
        Arrays.fill(data, 3 << 20, 9 << 20, (byte) 0);
        final Path image = Files.write(folder.resolve("image"), data);
        run("nbdcopy", "--flush", image.toString(), server.uri());
        assertArrayEquals(data, export.bytes);
        assertTrue(export.flushes.get() > 0);
        final Path back = folder.resolve("back");
        run("nbdcopy", server.uri(), back.toString());
        assertEquals(-1, Files.mismatch(image, back));
    }

    @Test
    void shouldVerifyWhenQemuIoUsesOddSizes() throws Exception {
        final String uri = server.uri();
        final String text = run("qemu-io", "-f", "raw", uri,
            "-c", "write -P 17 513 7001", "-c", "read -P 17 513 7001", "-c", "write -f -P 3 8192 3M",
            "-c", "read -P 3 8192 3M", "-c", "discard 16384 65536", "-c", "write -z 1M 1M", "-c", "read -P 0 1M 1M",
            "-c", "write -zu 3M 20M", "-c", "read -P 0 3M 20M", "-c", "aio_write -P 9 0 2M", "-c",
            "aio_write -P 8 4M 2M",
            "-c", "aio_flush", "-c", "flush", "-c", "read -P 9 0 2M", "-c", "read -P 8 4M 2M");
        assertTrue(!text.contains("failed") && !text.contains("error"), text);
    }

    @Test
    void shouldVerifyWhenFioWritesAtRandom() throws Exception {
        for (final String depth : new String[] {"1", "32"}) {
            final String text = run("fio", "--name=t", "--ioengine=nbd", "--uri=" + server.uri(), "--rw=randwrite",
                "--bsrange=4k-64k", "--size=24m", "--iodepth=" + depth, "--verify=crc32c", "--fsync=64",
                "--verify_fatal=1");
            assertTrue(text.contains("err= 0"), text);
        }
    }
}
