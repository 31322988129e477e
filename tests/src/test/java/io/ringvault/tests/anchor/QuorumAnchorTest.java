package io.ringvault.tests.anchor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.Anchors;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The anchor of three peers on Apache Ratis under the contract, with peers that stop. */
class QuorumAnchorTest extends AnchorContract {
    @TempDir
    static Path folder;
    private static Peers peers;

    private final VolumeKey key = new VolumeKey(1, new byte[32]);
    private final byte[] volumeId = new byte[16];

    @BeforeAll
    static void start() throws Exception {
        peers = new Peers(folder);
    }

    @AfterAll
    static void stop() throws Exception {
        if (peers != null) {
            peers.close();
        }
    }

    @Override
    AnchorPlace place() {
        return peers;
    }

    private static AnchorValue value(final long epoch) {
        return new AnchorValue(1, epoch, epoch * 3, epoch * 5);
    }

    @Test
    void shouldGoOnWhileAnyOneOfThreePeersIsDown() throws Exception {
        try (Anchor anchor = Anchors.create(peers.vacant(), key, volumeId)) {
            assertTrue(anchor.advance(anchor.read(), value(1)));
            for (int down = 0; down < Peers.COUNT; down++) {
                peers.stop(down);
                assertTrue(anchor.advance(value(2 * down + 1), value(2 * down + 2)), "peer " + down + " is down");
                assertEquals(value(2 * down + 2), anchor.read());
                peers.start(down);
                assertTrue(anchor.advance(value(2 * down + 2), value(2 * down + 3)), "peer " + down + " is back");
            }
            try (Anchor reopened = Anchors.open(anchor.spec(), key, volumeId, anchor.id())) {
                assertEquals(value(7), reopened.read());
            }
        }
    }

    @Test
    void shouldFailWithIoWithoutAMajorityAndGoOnWhenItIsBack() throws Exception {
        try (Anchor anchor = Anchors.create(peers.vacant(), key, volumeId)) {
            assertTrue(anchor.advance(anchor.read(), value(1)));
            peers.stop(0);
            peers.stop(2);
            try {
                assertEquals(StorageException.Category.IO, assertThrows(StorageException.class,
                    () -> anchor.advance(value(1), value(2))).category());
            } finally {
                peers.start(0);
                peers.start(2);
            }
            final AnchorValue now = anchor.read();
            assertTrue(now.equals(value(1)) || now.equals(value(2)), "it may have arrived: " + now);
            assertTrue(anchor.advance(now, value(3)));
        }
    }

    @Test
    void shouldNotListenToWhoDoesNotHaveTheSecret() throws Exception {
        final Path other = Files.write(folder.resolve("other-secret"), new byte[32]);
        final String spec = peers.vacant().replaceFirst("secret=.*", "secret=" + other);
        assertEquals(StorageException.Category.IO, assertThrows(StorageException.class,
            () -> Anchors.create(spec, key, volumeId)).category());
    }
}
