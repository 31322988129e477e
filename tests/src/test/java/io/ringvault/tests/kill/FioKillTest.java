package io.ringvault.tests.kill;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.interop.Processes;
import io.ringvault.tests.interop.Server;
import io.ringvault.tests.interop.Tools;
import io.ringvault.tests.nbd.NbdClient;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code serve} is killed while fio writes to it over NBD.
 *
 * <p>What fio can prove by itself: a write it was told is complete reads back right ({@code --verify_state_save}, then
 * {@code --verify_only --verify_state_load}). It keeps no account of its fsyncs, and a completed write is durable only
 * with FUA, which its nbd engine never sets. So in every third round a relay sets FUA on each write, and fio verifies
 * everything it was told is complete. In the other rounds fio sends flushes, and the relay's own account decides: the
 * disk holds the first n writes of the wire for one n, and none that was durable is missing.
 *
 * <p>{@code -Dringvault.fio.kills=} for more than five.
 */
class FioKillTest {
    private static final int BLOCK = 4096;
    private static final int DEPTH = 8;
    private static final String STATE = "local-kill-0-verify.state";
    private static final long USER_BYTES = 32L << 20;

    private final long seed = Long.getLong("seed", 2026);
    private final Random random = new Random(seed);
    private final WriteTrace trace = new WriteTrace((int) (USER_BYTES / BLOCK));
    private final String[] anchor = new String[2];
    @TempDir
    private Path folder;
    private String device;
    private long writes;
    private long durable;
    private long held;
    private long verifiedKib;
    private int stateless;

    @Test
    @Timeout(900)
    void shouldHoldWhateverFioWasToldIsDurableAfterEveryKill() throws Exception {
        Tools.require("fio");
        if (!Processes.run(20, "fio", "--enghelp").out().contains("nbd")) {
            Tools.skip("this fio has no nbd engine");
        }
        device = "nvme+model:" + folder.resolve("volume.img");
        anchor[0] = "--anchor";
        anchor[1] = "file:" + folder.resolve("anchor");
        final String key = Files.write(folder.resolve("key"), new byte[32]).toString();
        Processes.ringvault("format", device, "--size", String.valueOf(USER_BYTES), "--key-file", key, anchor[0],
            anchor[1]).expect(0);
        final int kills = Integer.getInteger("ringvault.fio.kills", 5);
        Server server = Server.serve(folder, device, anchor);
        try {
            for (int kill = 0; kill < kills; kill++) {
                final boolean fua = kill % 3 == 2;
                final List<String> job = job(fua, kill);
                writeUntilKilled(server, job, fua);
                server = Server.serve(folder, device, anchor);
                held += trace.check(image(server));
                if (fua) {
                    verify(server, job);
                }
            }
            server.stop();
        } catch (final AssertionError | IOException failed) {
            throw new AssertionError("seed " + seed + ": " + failed.getMessage(), failed);
        } finally {
            server.close();
        }
        Processes.ringvault("verify", device, "--key-file", key, anchor[0], anchor[1]).expect(0);
        System.out.printf("fio kill test: seed %d, %d kills, %d writes sent, %d of them durable, %d found; %d flushes "
            + "answered; fio itself verified %d KiB, %d times it could not begin%n", seed, kills, writes, durable, held,
            trace.flushes(), verifiedKib, stateless);
        assertTrue(durable > 10L * kills && held >= durable && trace.flushes() > kills, "too little happened");
        assertTrue(stateless > 0 || kills < 3 || verifiedKib > 100, "fio verified nothing");
    }

    private List<String> job(final boolean fua, final int number) {
        final List<String> job = new ArrayList<>(List.of("fio", "--name=kill", "--ioengine=nbd", "--rw=randwrite",
            "--size=" + USER_BYTES, "--verify=crc32c", "--verify_interval=4k", "--randrepeat=0",
            "--randseed=" + (seed + number), "--thread", "--minimal"));
        // Everything that fio was told is complete is to be read back, so no block is written twice.
        job.addAll(fua ? List.of("--bs=4k", "--iodepth=" + DEPTH, "--verify_state_save=1")
            : List.of("--bssplit=4k/70:16k/20:64k/10", "--iodepth=16", "--fsync=" + (8 + random.nextInt(40)),
                "--time_based", "--runtime=60", "--do_verify=0", "--verify_state_save=0"));
        return job;
    }

    private Process fio(final List<String> job, final Path log, final String... more) throws IOException {
        final List<String> command = new ArrayList<>(job);
        command.addAll(List.of(more));
        return new ProcessBuilder(command).directory(folder.toFile()).redirectInput(new File("/dev/null"))
            .redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    private void writeUntilKilled(final Server server, final List<String> job, final boolean fua) throws Exception {
        Files.deleteIfExists(folder.resolve(STATE));
        final Path log = folder.resolve("fio.log");
        final Path socket = folder.resolve("tap.socket");
        Files.deleteIfExists(socket);
        try (NbdTap tap = new NbdTap(socket, server.socket(), fua, trace)) {
            final Process fio = fio(job, log, "--uri=" + tap.uri());
            try {
                final int atLeast = 20 + random.nextInt(100);
                while (trace.durable() < atLeast && fio.isAlive()) {
                    Thread.sleep(5);
                }
                Thread.sleep(random.nextInt(fua ? 100 : 400)); // With FUA fio writes the region once, then it is done.
                assertTrue(fio.isAlive(), () -> "fio ended before the kill: " + read(log));
                server.kill();
                assertTrue(fio.waitFor(60, TimeUnit.SECONDS), () -> "fio does not end: " + read(log));
                assertTrue(fio.exitValue() != 0, "fio ended well although its server was killed");
            } finally {
                fio.destroyForcibly();
            }
            assertNull(tap.broken());
        }
        assertNull(trace.refused(), () -> read(folder.resolve("serve.log")));
        writes += trace.sent();
        durable += trace.durable();
    }

    /** fio replays what it wrote as far as its state says and compares. */
    private void verify(final Server server, final List<String> job) throws Exception {
        if (!Files.exists(folder.resolve(STATE))) {
            stateless++; // fio ended without saving its state: it can prove nothing about this round
            return;
        }
        final Path log = folder.resolve("verify.log");
        final Process fio = fio(job, log, "--uri=" + server.uri(), "--verify_only", "--verify_state_load=1",
            "--verify_state_save=0");
        try {
            assertTrue(fio.waitFor(60, TimeUnit.SECONDS), () -> "fio does not end: " + read(log));
        } finally {
            fio.destroyForcibly();
        }
        final String said = read(log);
        // Writes that were in flight when the server died are in fio's account too; no answer came to them.
        final long missing = said.lines().filter(line -> line.startsWith("verify:")).count();
        assertTrue(missing <= DEPTH, said);
        final String terse = said.lines().filter(line -> line.startsWith("3;")).findFirst().orElseThrow(() ->
            new AssertionError("no terse report: " + said));
        verifiedKib += Long.parseLong(terse.split(";")[5]);
    }

    private static byte[] image(final Server server) throws IOException {
        final byte[] image = new byte[(int) USER_BYTES];
        try (NbdClient client = server.connect()) {
            final int piece = 1 << 20;
            for (int at = 0; at < image.length; at += piece) {
                client.read(at, image, at, piece);
            }
        }
        return image;
    }

    private static String read(final Path file) {
        try {
            return Files.readString(file);
        } catch (final IOException gone) {
            return gone.toString();
        }
    }
}
