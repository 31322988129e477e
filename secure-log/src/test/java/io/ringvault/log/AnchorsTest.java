package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static io.ringvault.block.StorageException.Category.FRESHNESS;
import static io.ringvault.block.StorageException.Category.IO;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.crypto.Seeds;
import io.ringvault.crypto.VolumeKey;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnchorsTest {
    private static final byte[] NO_ID = new byte[32];

    @TempDir
    private Path directory;
    private final VolumeKey key = Fixtures.key();
    private final byte[] volumeId = Fixtures.VOLUME_ID;

    @Test
    void shouldCreateAndOpenAFileByItsText() {
        final String spec = "file:" + directory.resolve("a");
        final byte[] id;
        try (Anchor created = Anchors.create(spec, key, volumeId)) {
            id = created.id();
            assertFalse(Le.isZero(id, 0, 32));
        }
        try (Anchor opened = Anchors.open(spec, key, volumeId, id)) {
            assertEquals(Anchor.KIND_LOCAL_FILE, opened.kind());
            assertArrayEquals(id, opened.id());
            assertEquals(spec, opened.spec());
        }
    }

    @Test
    void shouldNotOpenWithoutTheRequiredAnchor() {
        final byte[] id = Seeds.source(90).bytes(32);
        Failures.expect(FRESHNESS, () -> Anchors.open("none", key, volumeId, id), "missing anchor", "--anchor");
        Failures.expect(FRESHNESS, () -> Anchors.open("", key, volumeId, id), "missing anchor");
        Failures.expect(FRESHNESS, () -> Anchors.open("file:" + directory.resolve("gone"), key, volumeId, id),
            "missing anchor");
        Failures.expect(CONFIGURATION, () -> Anchors.open("file:" + directory.resolve("gone"), key, volumeId, NO_ID),
            "without an anchor");
    }

    @Test
    void shouldSayWhichTextsAreKnown() {
        for (final String bad : new String[] {"tpm", "file", "file:", "/path", "file:a\u0000b", ":a", "smoke:x"}) {
            Failures.expect(CONFIGURATION, () -> Anchors.create(bad, key, volumeId), "anchor '" + bad + "'");
        }
    }

    @Test
    void shouldNameEveryAnchorThatIsHere() {
        assertEquals("file:PATH, memory:NAME, or none", Anchors.forms());
        assertEquals("file", Anchors.kindText(Anchor.KIND_LOCAL_FILE));
        assertEquals("kind 77", Anchors.kindText(77));
    }

    @Test
    void shouldKeepNamedAnchorsInTheProcess() {
        final byte[] id;
        try (Anchor created = Anchors.create("memory:here", key, volumeId)) {
            id = created.id();
            assertTrue(created.advance(created.read(), new AnchorValue(1, 2, 3, 4)));
        }
        try (Anchor opened = Anchors.open("memory:here", key, volumeId, id)) {
            assertEquals(new AnchorValue(1, 2, 3, 4), opened.read());
            assertEquals("memory:here", opened.spec());
        }
        Failures.expect(CONFIGURATION, () -> Anchors.create("memory:here", key, volumeId), "already");
        Failures.expect(FRESHNESS, () -> Anchors.open("memory:here", key, volumeId, Seeds.source(92).bytes(32)),
            "not the one");
        MemoryAnchorProvider.forget("here");
        Failures.expect(FRESHNESS, () -> Anchors.open("memory:here", key, volumeId, id), "missing anchor");
    }

    @Test
    void shouldProtectNothingWithoutAnAnchor() {
        for (final String spec : new String[] {"none", ""}) {
            try (Anchor none = Anchors.open(spec, key, volumeId, NO_ID)) {
                assertEquals(Anchor.KIND_NONE, none.kind());
                assertArrayEquals(NO_ID, none.id());
                assertNull(none.read());
                assertTrue(none.advance(null, new AnchorValue(1, 2, 3, 4)));
                assertEquals("none", none.spec());
            }
        }
        assertEquals(Anchor.KIND_NONE, Anchors.create("none", key, volumeId).kind());
    }

    @Test
    void shouldKeepAValueInMemoryByCompareAndSwap() {
        final byte[] id = Seeds.source(91).bytes(32);
        final AnchorValue first = new AnchorValue(1, 2, 3, 4);
        final MemoryAnchor anchor = new MemoryAnchor(id);
        final AnchorValue zero = anchor.read();
        assertTrue(anchor.advance(zero, first));
        assertFalse(anchor.advance(zero, new AnchorValue(5, 6, 7, 8)));
        anchor.close();
        assertEquals(first, anchor.read());
        assertEquals(1, anchor.advances());
        assertEquals(Anchor.KIND_MEMORY, anchor.kind());
        assertArrayEquals(id, anchor.id());
        anchor.force(zero);
        assertEquals(zero, anchor.read());
        anchor.unreachable(true);
        Failures.expect(IO, anchor::read);
        Failures.expect(IO, () -> anchor.advance(zero, first));
        anchor.unreachable(false);
        assertEquals(zero, anchor.read());
        assertThrows(IllegalArgumentException.class, () -> new MemoryAnchor(NO_ID));
    }

    @Test
    void shouldShowTagsInTheOrderOfTheirBytes() {
        assertEquals("session 1 epoch 2 tag 010203040506",
            new AnchorValue(1, 2, 0x0807060504030201L, 0x09).toString());
        final CommitId commit = new CommitId(2, 9, 3, 4);
        assertTrue(commit.matches(2, 3, 4));
        assertFalse(commit.matches(3, 3, 4));
        assertFalse(commit.matches(2, 4, 4));
        assertFalse(commit.matches(2, 3, 5));
    }
}
