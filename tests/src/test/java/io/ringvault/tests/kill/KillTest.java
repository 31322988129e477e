package io.ringvault.tests.kill;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.Stamp;
import io.ringvault.tests.interop.Processes;
import io.ringvault.tests.interop.Server;
import io.ringvault.tests.nbd.NbdClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client writes self-describing granules with flushes, trims and FUA writes; {@code serve} is killed at a random
 * moment. After reopening, the whole volume equals one state no older than what was acknowledged; after SIGTERM, the
 * newest. The engine's commits cannot be seen from outside, so any state between the acknowledged one and the last
 * request sent is allowed, but it is one state.
 */
class KillTest {
    private static final int GRANULE = 512;
    private static final int BLOCK_GRANULES = 8;
    private static final long USER_BYTES = 24L << 20;
    private static final int MAX_IN_FLIGHT = 8;

    private final long seed = Long.getLong("seed", 2026);
    private final Random random = new Random(seed);
    @TempDir
    private Path folder;
    private History history = new History((int) (USER_BYTES / GRANULE), seed | 1);
    private int acknowledged;
    private int kills;
    private int idleReopens;
    private int drains;
    private int startupKills;
    private int unacknowledgedStates;
    private long operations;

    @Test
    @Timeout(600)
    void shouldHoldOneStateNoOlderThanTheLastAcknowledgedFlushAfterEveryKill() throws Exception {
        final int wanted = Integer.getInteger("ringvault.kills", 30);
        final String[] anchor = {"--anchor", "file:" + folder.resolve("anchor")};
        Files.write(folder.resolve("key"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17});
        final String device = "nvme+model:" + folder.resolve("volume.img");
        final String key = folder.resolve("key").toString();
        Processes.ringvault("format", device, "--size", String.valueOf(USER_BYTES), "--key-file", key, anchor[0],
            anchor[1]).expect(0);
        try {
            while (kills < wanted) {
                round(device, anchor);
            }
            final Server server = Server.serve(folder, device, anchor);
            try (server) {
                verify(server);
                writeSome(server);
                server.stop();
                acknowledged = history.submitted();
            }
            Processes.ringvault("verify", device, "--key-file", key, anchor[0], anchor[1]).expect(0);
            try (Server again = Server.serve(folder, device, anchor)) {
                verify(again);
                again.stop();
            }
        } catch (final AssertionError | IOException failed) {
            throw new AssertionError("seed " + seed + ", after " + kills + " kills: " + failed.getMessage(), failed);
        }
        System.out.printf("kill test: seed %d, %d kills (%d while starting), %d reopens without writes, %d drained by "
            + "SIGTERM, %d operations, %d times more than acknowledged was found%n", seed, kills, startupKills,
            idleReopens, drains, operations, unacknowledgedStates);
        assertTrue(operations > wanted, "nothing was written");
    }

    /** Up to three openings, some with writes, some without, some killed while they start. */
    private void round(final String device, final String... anchor) throws Exception {
        for (int opens = random.nextInt(3); opens > 0; opens--) {
            final Server server = Server.start(folder, device, anchor);
            try (server) {
                if (random.nextInt(3) == 0) {
                    Thread.sleep(random.nextInt(900));
                    server.kill();
                    startupKills++;
                    kills++;
                    continue;
                }
                server.awaitReady();
                verify(server);
                if (random.nextBoolean()) {
                    writeSome(server);
                } else {
                    idleReopens++;
                }
                if (random.nextBoolean()) {
                    server.stop();
                    acknowledged = history.submitted();
                    drains++;
                } else {
                    server.kill();
                    kills++;
                }
            }
        }
        try (Server server = Server.serve(folder, device, anchor)) {
            verify(server);
            writeUntilKilled(server);
            kills++;
        }
    }

    private void writeUntilKilled(final Server server) throws Exception {
        final long killAfterMs = random.nextInt(700);
        final FutureTask<Void> kill = new FutureTask<>(() -> {
            Thread.sleep(killAfterMs);
            server.kill();
            return null;
        });
        Thread.ofPlatform().daemon().start(kill);
        try (NbdClient client = server.connect()) {
            assertEquals(USER_BYTES, client.sizeBytes());
            final int depth = random.nextInt(2) == 0 ? 1 : MAX_IN_FLIGHT;
            while (true) {
                step(client, depth);
            }
        } catch (final NbdClient.NbdError refused) {
            throw new AssertionError("a request was refused: " + refused.getMessage() + "\n" + server.output(),
                refused);
        } catch (final IOException broken) {
            if (!server.killing()) {
                throw new AssertionError("the connection broke before the kill: " + server.output(), broken);
            }
            kill.get();
        }
    }

    /** Some changes without a flush, all of them answered. */
    private void writeSome(final Server server) throws IOException {
        try (NbdClient client = server.connect()) {
            final int depth = random.nextInt(2) == 0 ? 1 : MAX_IN_FLIGHT;
            for (int batches = random.nextInt(40); batches > 0; batches--) {
                step(client, depth);
            }
        }
    }

    /** A batch of pipelined requests (one at depth 1), then sometimes a flush. */
    private void step(final NbdClient client, final int depth) throws IOException {
        final ArrayDeque<long[]> inFlight = new ArrayDeque<>();
        final int batch = 1 + random.nextInt(depth);
        for (int i = 0; i < batch; i++) {
            inFlight.add(submit(client, depth == 1));
        }
        while (!inFlight.isEmpty()) {
            final NbdClient.Reply reply = client.receive(null, 0, 0, 0);
            final long[] request = inFlight.stream().filter(each ->
                each[0] == reply.handle()).findFirst().orElseThrow();
            inFlight.remove(request);
            assertEquals(0, reply.error(), "error of request " + reply.handle());
            history.end((int) request[1]);
            if (request[2] != 0) {
                acknowledged = Math.max(acknowledged, (int) request[1] + 1);
            }
        }
        if (random.nextInt(6) == 0) {
            final int covered = history.syncBegin();
            client.flush();
            acknowledged = Math.max(acknowledged, covered);
        }
    }

    /** Sends one change; handle, operation, whether its completion means durable. */
    private long[] submit(final NbdClient client, final boolean partialAllowed) throws IOException {
        operations++;
        final int dice = random.nextInt(20);
        if (dice < 2) {
            final int first = random.nextInt(history.granules() / BLOCK_GRANULES - 64) * BLOCK_GRANULES;
            final int count = BLOCK_GRANULES * (1 + random.nextInt(dice == 0 ? 64 : 4));
            final int op = history.begin(History.Kind.ZERO, first, count);
            final int type = random.nextBoolean() ? NbdClient.TRIM : NbdClient.WRITE_ZEROES;
            return new long[] {client.send(type, 0, (long) first * GRANULE, count * GRANULE, null, 0), op, 0};
        }
        final boolean partial = dice < 5 && partialAllowed;
        final int count = partial ? 1 + random.nextInt(11) : BLOCK_GRANULES * (1 + random.nextInt(dice < 8 ? 60 : 4));
        final int first = partial ? random.nextInt(history.granules() - count)
            : random.nextInt((history.granules() - count) / BLOCK_GRANULES) * BLOCK_GRANULES;
        final int op = history.begin(History.Kind.WRITE, first, count);
        final byte[] bytes = new byte[count * GRANULE];
        for (int i = 0; i < count; i++) {
            Stamp.write(bytes, i * GRANULE, GRANULE, first + i, history.versionOf(op), history.run());
        }
        final boolean fua = random.nextInt(30) == 0;
        return new long[] {client.send(NbdClient.WRITE, fua ? NbdClient.FLAG_FUA : 0, (long) first * GRANULE,
            bytes.length, bytes, 0),
            op, fua ? 1 : 0};
    }

    /** Reads the whole volume and goes on from the state that was found. */
    private void verify(final Server server) throws IOException {
        final byte[] image = new byte[(int) USER_BYTES];
        try (NbdClient client = server.connect()) {
            final int piece = 1 << 20;
            for (int at = 0; at < image.length; at += piece) {
                client.read(at, image, at, Math.min(piece, image.length - at));
            }
        }
        final BitSet admissible = history.admissibleWithoutCommits(acknowledged);
        final int state = HistoryChecker.check(history, image, GRANULE, admissible);
        if (state > acknowledged) {
            unacknowledgedStates++;
        }
        history = history.continueFrom(state);
        acknowledged = 0;
    }
}
