package io.ringvault.tests.anchor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringvault.anchor.server.AnchorPeer;
import io.ringvault.anchor.server.AnchorServer;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.Anchors;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three peers as processes: one is killed without warning, the others go on, it comes back; then all are killed. */
class PeerProcessTest {
    private static final String NAME = "killed";
    private static final long PATIENCE_NS = 60_000_000_000L;

    @TempDir
    private Path folder;
    private final Process[] processes = new Process[Peers.COUNT];
    private List<AnchorPeer.Member> members;

    private void start(final int peer) throws IOException {
        final List<String> command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--sun-misc-unsafe-memory-access=allow",
            "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            AnchorServer.class.getName(), "--id", members.get(peer).id(), "--peers", members.stream().map(each ->
                each.id() + "@" + each.host() + ":" + each.peerPort() + ":" + each.anchorPort())
                .collect(Collectors.joining(",")),
            "--dir", folder.resolve("peer" + peer).toString(), "--secret", folder.resolve("secret").toString());
        final File errors = folder.resolve("errors" + peer).toFile();
        processes[peer] = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(errors)).start();
        final BufferedReader out = new BufferedReader(new InputStreamReader(processes[peer].getInputStream(),
            StandardCharsets.UTF_8));
        assertEquals("ready", out.readLine(), () -> "peer " + peer + ": " + text(errors.toPath()));
    }

    private static String text(final Path file) {
        try {
            return Files.readString(file);
        } catch (final IOException unreadable) {
            return unreadable.toString();
        }
    }

    private void kill(final int peer) throws InterruptedException {
        processes[peer].destroyForcibly().waitFor();
    }

    @AfterEach
    void end() throws InterruptedException {
        for (final Process each : processes) {
            if (each != null) {
                each.destroyForcibly().waitFor();
            }
        }
    }

    @Test
    void shouldKeepTheValueWhenPeersAreKilled() throws Exception {
        members = Peers.members();
        Files.write(folder.resolve("secret"), new byte[32]);
        for (int i = 0; i < Peers.COUNT; i++) {
            start(i);
        }
        final String spec = "quorum:" + members.stream().map(each -> each.host() + ":" + each.anchorPort())
            .collect(Collectors.joining(",")) + "/" + NAME + "?secret=" + folder.resolve("secret");
        try (VolumeKey key = new VolumeKey(1, new byte[32]);
             Anchor anchor = Anchors.create(spec, key, new byte[16])) {
            AnchorValue now = anchor.read();
            for (final AnchorPeer.Member each : members) {
                Peers.awaitFirstEntry(each, new byte[32], NAME);
            }
            for (int down = 0; down < Peers.COUNT; down++) {
                kill(down);
                for (int i = 0; i < 3; i++) {
                    final AnchorValue next = new AnchorValue(1, now.epoch() + 1, down, i);
                    advance(anchor, now, next);
                    now = next;
                }
                start(down);
            }
            for (int i = 0; i < Peers.COUNT; i++) {
                kill(i);
            }
            for (int i = 0; i < Peers.COUNT; i++) {
                start(i);
            }
            final AnchorValue last = now;
            patiently(() -> assertEquals(last, anchor.read(), "all were killed"));
            advance(anchor, now, new AnchorValue(2, now.epoch() + 1, 0, 0));
        }
        for (int i = 0; i < Peers.COUNT; i++) {
            assertEquals("", text(folder.resolve("errors" + i)), "what the JDK or a library complains of");
        }
    }

    /** As the disk does it: without a majority an advance fails with IO, may have landed, and is tried again. */
    private static void advance(final Anchor anchor, final AnchorValue from, final AnchorValue to) {
        patiently(() -> {
            if (!anchor.advance(from, to)) {
                assertEquals(to, anchor.read(), "somebody else advanced it");
            }
        });
    }

    private static void patiently(final Runnable call) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (true) {
            try {
                call.run();
                return;
            } catch (final StorageException unreachable) {
                if (unreachable.category() != StorageException.Category.IO || System.nanoTime() - deadline > 0) {
                    throw unreachable;
                }
            }
        }
    }
}
