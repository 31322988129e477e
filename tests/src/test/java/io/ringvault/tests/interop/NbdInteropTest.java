package io.ringvault.tests.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.torture.Stamp;
import io.ringvault.tests.nbd.NbdClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** qemu-io, nbdinfo, nbdcopy and several connections of our own client. */
class NbdInteropTest {
    private static final long SIZE_BYTES = 32L << 20;
    private static final int SHUTTING_DOWN = 108;

    @TempDir
    private Path folder;
    private InteropFixture fixture;

    @BeforeEach
    void serve() throws Exception {
        fixture = new InteropFixture(folder, "32M");
    }

    @AfterEach
    void end() {
        fixture.close();
    }

    @Test
    void shouldServeQemuIoWithOddSizesAndOffsetsDiscardAndWriteZeroes() throws Exception {
        Tools.require("qemu-io");
        final List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "raw", fixture.uri()));
        final String[] steps = {
            "write -P 0x11 0 1M", "write -P 0x22 513 1025", "read -P 0x22 513 1025", "read -P 0x11 0 513",
                "read -P 0x11 1538 2557",
            "write -P 0x33 4095 2", "read -P 0x33 4095 2", "read -P 0x11 4097 100", "write -P 0x44 131071 70001",
            "read -P 0x44 131071 70001", "write -P 0x55 1234567 3333333", "read -P 0x55 1234567 3333333",
            "discard 65536 65536", "read -P 0 65536 65535", "write -z 200000 12345", "read -P 0 201072 1",
                "read -P 0 200000 12345",
            "read -P 0x44 199999 1", "write -z 8M 4M", "read -P 0 8M 4M", "discard 1M 7M", "flush", "read -P 0 2M 6M",
            "aio_write -P 0x66 20M 1M", "aio_write -P 0x77 21M 64k", "aio_flush", "read -P 0x66 20M 1M",
                "read -P 0x77 21M 64k",
            "write -f -P 0x88 33553920 512", "read -P 0x88 33553920 512"};
        for (final String step : steps) {
            command.add("-c");
            command.add(step);
        }
        check(Processes.run(120, command), steps.length);
        fixture.restart();
        check(Processes.run(60, "qemu-io", "-f", "raw", fixture.uri(), "-c", "read -P 0x66 20M 1M", "-c",
            "read -P 0x88 33553920 512", "-c", "read -P 0 200000 12345", "-c", "read -P 0x11 4097 4096"), 4);
        fixture.stop();
        fixture.verify();
    }

    private static void check(final Processes.Result result, final int steps) {
        result.expect(0);
        final String out = result.out() + result.err();
        assertTrue(!out.contains("Pattern verification failed")
            && !out.toLowerCase(java.util.Locale.ROOT).contains("error"), out);
        assertTrue(out.lines().filter(line -> line.contains("wrote") || line.contains("read ")
            || line.contains("discard")).count()
            >= steps / 2, "few steps ran: " + out);
    }

    @Test
    void shouldDescribeItselfToNbdinfoAndCopyWithNbdcopyBothWays() throws Exception {
        Tools.require("nbdinfo", "nbdcopy");
        final String info = Processes.run(30, "nbdinfo", "--json", fixture.uri()).expect(0).out();
        assertTrue(info.contains("\"export-size\": " + SIZE_BYTES), info);
        assertTrue(info.contains("\"can_fua\": true") && info.contains("\"can_flush\": true")
            && info.contains("\"can_trim\": true")
            && info.contains("\"can_zero\": true"), info);
        final byte[] content = new byte[(int) SIZE_BYTES];
        new Random(5).nextBytes(content);
        java.util.Arrays.fill(content, 5 << 20, 9 << 20, (byte) 0);
        Files.write(folder.resolve("in.raw"), content);
        Processes.run(60, "nbdcopy", "--flush", folder.resolve("in.raw").toString(), fixture.uri()).expect(0);
        fixture.restart();
        Processes.run(60, "nbdcopy", fixture.uri(), folder.resolve("out.raw").toString()).expect(0);
        assertEquals(-1, Files.mismatch(folder.resolve("in.raw"), folder.resolve("out.raw")));
        fixture.stop();
        fixture.verify();
    }

    @Test
    void shouldKeepEachOfEightConcurrentSectorWritersInOneBlock() throws Exception {
        final int rounds = 300;
        final long offset = 7L << 20;
        final CyclicBarrier start = new CyclicBarrier(8);
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            final List<Future<?>> writers = new ArrayList<>();
            for (int w = 0; w < 8; w++) {
                final int sector = w;
                writers.add(threads.submit(() -> {
                    final byte[] bytes = new byte[512];
                    try (NbdClient client = fixture.server().connect()) {
                        for (int round = 1; round <= rounds; round++) {
                            start.await();
                            Stamp.write(bytes, 0, 512, sector, round, 99);
                            client.write(offset + sector * 512L, bytes, 0, 512, round % 50 == 0);
                            final byte[] back = new byte[512];
                            client.read(offset + sector * 512L, back, 0, 512);
                            assertArrayEquals(bytes, back, "sector " + sector + " round " + round);
                        }
                    }
                    return null;
                }));
            }
            for (final Future<?> writer : writers) {
                writer.get();
            }
        }
        fixture.restart();
        final byte[] block = new byte[4096];
        try (NbdClient client = fixture.server().connect()) {
            client.read(offset, block, 0, 4096);
        }
        for (int sector = 0; sector < 8; sector++) {
            assertEquals(rounds, Stamp.read(block, sector * 512, 512, sector, 99), "sector " + sector);
        }
    }

    @Test
    void shouldKeepEveryAnsweredWriteWhenAskedToEndWhileRequestsAreInFlight() throws Exception {
        final int requests = 64;
        final int length = 16 << 10;
        final BitSet answered = new BitSet();
        final byte[] bytes = new byte[length];
        try (NbdClient client = fixture.server().connect()) {
            for (int i = 0; i < requests; i++) {
                Stamp.write(bytes, 0, length, i, i + 1, 7);
                client.send(NbdClient.WRITE, 0, (long) i * length, length, bytes, 0);
            }
            final FutureTask<Void> stop = new FutureTask<>(() -> {
                fixture.stop();
                return null;
            });
            Thread.ofPlatform().daemon().start(stop);
            try {
                while (answered.cardinality() < requests) {
                    final NbdClient.Reply reply = client.receive(null, 0, 0, 0);
                    if (reply.error() == 0) {
                        answered.set((int) reply.handle() - 1);
                    } else {
                        assertEquals(SHUTTING_DOWN, reply.error(), "the answer to a request that comes too late");
                    }
                }
            } catch (final IOException ended) {
                // What is not answered by now may be there or not.
            }
            stop.get();
        }
        fixture.start();
        try (NbdClient client = fixture.server().connect()) {
            for (int i = 0; i < requests; i++) {
                client.read((long) i * length, bytes, 0, length);
                final long found = Stamp.read(bytes, 0, length, i, 7);
                assertTrue(found == i + 1 || found == 0 && !answered.get(i), "write " + i + " holds "
                    + Stamp.describe(bytes, 0, length) + " and was " + (answered.get(i) ? "" : "not ") + "answered");
            }
        }
    }

    @Test
    void shouldRefuseASecondServerOnTheSameVolumeWithCodeOne() throws Exception {
        final Processes.Result second = Processes.ringvault("info", "nvme+model:" + folder.resolve("volume.img"),
            "--key-file",
            folder.resolve("key").toString());
        assertEquals(1, second.exit(), second.err());
        assertTrue(second.err().strip().lines().count() == 1, "one clear line, not: " + second.err());
    }

    @Test
    void shouldRefuseWritesOnAReadOnlyExport() throws Exception {
        try (NbdClient client = fixture.server().connect()) {
            client.write(0, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, 8, false);
        } catch (final NbdClient.NbdError belowMinimumBlockSize) {
            assertEquals(22, belowMinimumBlockSize.error);
        }
        fixture.stop();
        fixture.start("--read-only");
        try (NbdClient client = fixture.server().connect()) {
            assertTrue((client.transmissionFlags() & 2) != 0, "read-only flag");
            final NbdClient.NbdError refused = org.junit.jupiter.api.Assertions.assertThrows(NbdClient.NbdError.class,
                () -> client.write(0, new byte[512], 0, 512, false));
            assertEquals(1, refused.error, "EPERM");
        }
    }
}
