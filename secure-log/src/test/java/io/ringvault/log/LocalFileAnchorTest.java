package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static io.ringvault.block.StorageException.Category.FRESHNESS;
import static io.ringvault.block.StorageException.Category.IO;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.Oracle;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.Seeds;
import io.ringvault.crypto.VolumeKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.macs.HMac;
import org.bouncycastle.crypto.params.KeyParameter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalFileAnchorTest {
    private static final AnchorValue ZERO = new AnchorValue(0, 0, 0, 0);
    private static final AnchorValue ONE = new AnchorValue(0x11, 0x12, 0x1314151617L, 0x18191A1B1CL);
    private static final AnchorValue TWO = new AnchorValue(0x21, 0x22, 0x2324252627L, 0x28292A2B2CL);

    @TempDir
    private Path directory;
    private final VolumeKey key = Fixtures.key();
    private final byte[] volumeId = Fixtures.VOLUME_ID;
    private Path path;
    private LocalFileAnchor anchor;

    @BeforeEach
    void create() {
        path = directory.resolve("anchor");
        anchor = LocalFileAnchor.create(path, key, volumeId, RandomSource.kernel());
    }

    private LocalFileAnchor open() {
        return LocalFileAnchor.open(path, key, volumeId, anchor.id());
    }

    @Test
    void shouldAdvanceByCompareAndSwapAndLastAcrossOpens() throws IOException {
        assertEquals(8192, Files.size(path));
        assertEquals(ZERO, anchor.read());
        assertTrue(anchor.advance(ZERO, ONE));
        assertEquals(ONE, open().read());
        assertFalse(anchor.advance(ZERO, TWO), "expected an older value");
        assertEquals(ONE, anchor.read());
        try (LocalFileAnchor second = open()) {
            assertTrue(second.advance(ONE, TWO));
        }
        assertFalse(anchor.advance(ONE, ZERO), "somebody else advanced it");
        assertEquals(TWO, anchor.read());
        for (int i = 0; i < 5; i++) {
            assertTrue(anchor.advance(i == 0 ? TWO : new AnchorValue(1, i, 1, 1), new AnchorValue(1, i + 1, 1, 1)));
        }
        assertEquals(new AnchorValue(1, 5, 1, 1), open().read());
        assertEquals(8192, Files.size(path));
        assertEquals(Anchor.KIND_LOCAL_FILE, anchor.kind());
        assertEquals("file:" + path, anchor.spec());
    }

    @Test
    void shouldLayFieldsWhereTheFormatPageSays() throws IOException {
        assertTrue(anchor.advance(ZERO, ONE));
        assertTrue(anchor.advance(ONE, TWO));
        final byte[] file = Files.readAllBytes(path);
        final ByteBuffer at = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        final byte[] macKey = Oracle.hkdf(key.copy(), volumeId, "ringvault anchor".getBytes(StandardCharsets.US_ASCII),
            32);
        for (int slot = 0; slot < 2; slot++) {
            final int base = slot * 4096;
            final AnchorValue value = slot == 0 ? ONE : TWO;
            assertEquals("RVANCHOR", new String(file, base, 8, StandardCharsets.US_ASCII));
            assertEquals(1, at.getInt(base + 8));
            assertEquals(0, at.getInt(base + 12));
            assertArrayEquals(volumeId, Arrays.copyOfRange(file, base + 16, base + 32));
            assertArrayEquals(anchor.id(), Arrays.copyOfRange(file, base + 32, base + 64));
            assertEquals(slot == 0 ? 2 : 3, at.getLong(base + 64));
            assertEquals(value.session(), at.getLong(base + 72));
            assertEquals(value.epoch(), at.getLong(base + 80));
            assertEquals(value.tag0(), at.getLong(base + 88));
            assertEquals(value.tag1(), at.getLong(base + 96));
            final HMac mac = new HMac(new SHA256Digest());
            mac.init(new KeyParameter(macKey));
            mac.update(file, base, 104);
            final byte[] expected = new byte[32];
            mac.doFinal(expected, 0);
            assertArrayEquals(expected, Arrays.copyOfRange(file, base + 104, base + 136));
        }
    }

    /** A flip in the newer slot shows the value before, in the older one nothing; never another value. */
    @Test
    void shouldNoticeAFlippedBitInEveryByte() throws IOException {
        assertTrue(anchor.advance(ZERO, ONE));
        final byte[] good = Files.readAllBytes(path);
        assertTrue(anchor.advance(ONE, TWO));
        final byte[] file = Files.readAllBytes(path);
        int newer = 0;
        while (Arrays.equals(good, newer, newer + 4096, file, newer, newer + 4096)) {
            newer += 4096;
        }
        for (int i = 0; i < 8192; i += i % 4096 < 140 ? 1 : 61) {
            final byte[] flipped = file.clone();
            flipped[i] ^= (byte) (1 << i % 8);
            Files.write(path, flipped);
            final boolean inNewer = i >= newer && i < newer + 4096;
            assertEquals(inNewer ? ONE : TWO, anchor.read(), "flip at byte " + i);
        }
    }

    @Test
    void shouldRecoverFromATornSlotAndGoOn() throws IOException {
        assertTrue(anchor.advance(ZERO, ONE));
        final byte[] before = Files.readAllBytes(path);
        assertTrue(anchor.advance(ONE, TWO));
        final byte[] after = Files.readAllBytes(path);
        for (int torn = 0; torn <= 8192; torn += 8) {
            final byte[] mixed = after.clone();
            System.arraycopy(before, torn, mixed, torn, 8192 - torn);
            Files.write(path, mixed);
            final AnchorValue value = open().read();
            assertTrue(value.equals(ONE) || value.equals(TWO), "torn at " + torn + ": " + value);
        }
        final byte[] wiped = after.clone();
        Arrays.fill(wiped, 0, 4096, (byte) 0);
        Files.write(path, wiped);
        final AnchorValue value = anchor.read();
        assertTrue(anchor.advance(value, new AnchorValue(9, 9, 9, 9)));
        Arrays.fill(wiped, (byte) 0);
        final byte[] repaired = Files.readAllBytes(path);
        System.arraycopy(wiped, 4096, repaired, 4096, 4096);
        Files.write(path, repaired);
        assertEquals(new AnchorValue(9, 9, 9, 9), anchor.read(), "the damaged slot was the one overwritten");
    }

    @Test
    void shouldRefuseADamagedFile() throws IOException {
        final byte[] good = Files.readAllBytes(path);
        final byte[] both = good.clone();
        both[70] ^= 1;
        both[4096 + 70] ^= 1;
        for (final byte[] bad : new byte[][] {both, new byte[8192], new byte[0], Arrays.copyOf(good, 8191),
            Arrays.copyOf(good, 8193), Arrays.copyOf(good, 4096)}) {
            Files.write(path, bad);
            Failures.expect(FRESHNESS, this::open, "damaged anchor", path.toString());
            Failures.expect(FRESHNESS, () -> anchor.advance(ZERO, ONE), "damaged anchor");
            assertArrayEquals(bad, Files.readAllBytes(path), "a refused anchor was written to");
        }
    }

    @Test
    void shouldNotTakeASlotCopiedOverTheOther() throws IOException {
        assertTrue(anchor.advance(ZERO, ONE));
        final byte[] file = Files.readAllBytes(path);
        final byte[] swapped = new byte[8192];
        System.arraycopy(file, 0, swapped, 4096, 4096);
        System.arraycopy(file, 4096, swapped, 0, 4096);
        Files.write(path, swapped);
        Failures.expect(FRESHNESS, this::open, "damaged anchor");
    }

    @Test
    void shouldRefuseAnotherVolumesAndAnotherAnchorsFile() {
        final byte[] otherId = Seeds.source(80).bytes(16);
        Failures.expect(FRESHNESS, () -> LocalFileAnchor.open(path, key, otherId, anchor.id()), "another volume");
        Failures.expect(FRESHNESS, () -> LocalFileAnchor.open(path, key, volumeId, Seeds.source(81).bytes(32)),
            "not the one that the volume requires");
        try (VolumeKey other = new VolumeKey(5, Seeds.source(82).bytes(32))) {
            Failures.expect(FRESHNESS, () -> LocalFileAnchor.open(path, other, volumeId, anchor.id()),
                "damaged anchor");
        }
    }

    @Test
    void shouldNoticeThatTheFileIsGoneAtOpenAndAtEveryAdvance() throws IOException {
        final byte[] id = anchor.id();
        Files.delete(path);
        Failures.expect(FRESHNESS, () -> LocalFileAnchor.open(path, key, volumeId, id), "missing anchor");
        Failures.expect(FRESHNESS, () -> anchor.advance(ZERO, ONE), "missing anchor", path.toString());
        assertFalse(Files.exists(path), "an advance must not create the file anew");
    }

    @Test
    void shouldNeverOverwriteAnExistingFileOnCreation() throws IOException {
        final byte[] before = Files.readAllBytes(path);
        Failures.expect(CONFIGURATION, () -> LocalFileAnchor.create(path, key, volumeId, RandomSource.kernel()),
            "exists");
        assertArrayEquals(before, Files.readAllBytes(path));
        final Path nowhere = directory.resolve("missing/anchor");
        Failures.expect(IO, () -> LocalFileAnchor.create(nowhere, key, volumeId, RandomSource.kernel()),
            nowhere.toString());
    }

    @Test
    void shouldFailCleanlyWhenInterruptedAndWorkAfterwards() {
        Thread.currentThread().interrupt();
        try {
            assertTrue(anchor.advance(ZERO, ONE));
        } catch (final StorageException failed) {
            assertEquals(IO, failed.category());
        }
        assertTrue(Thread.interrupted(), "the interrupt must not be swallowed");
        final AnchorValue now = anchor.read();
        assertTrue(anchor.advance(now, TWO));
        assertEquals(TWO, anchor.read());
    }

    @Test
    void shouldNotOpenWhatIsNoRegularFile() throws IOException {
        final byte[] id = anchor.id();
        Files.delete(path);
        Files.createDirectory(path);
        Failures.expect(FRESHNESS, () -> LocalFileAnchor.open(path, key, volumeId, id), "no regular file");
        Failures.expect(FRESHNESS, () -> anchor.advance(ZERO, ONE), "no regular file");
    }

    @Test
    void shouldFollowTheNameWhenTheFileIsReplaced() throws IOException {
        assertTrue(anchor.advance(ZERO, ONE));
        final byte[] older = Files.readAllBytes(path);
        assertTrue(anchor.advance(ONE, TWO));
        final Path beside = Files.write(directory.resolve("older"), older);
        Files.move(beside, path, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertFalse(anchor.advance(TWO, new AnchorValue(1, 1, 1, 1)), "an older file was put in place of this one");
        assertEquals(ONE, anchor.read());
        Files.createLink(directory.resolve("link"), path);
        try (LocalFileAnchor linked = LocalFileAnchor.open(directory.resolve("link"), key, volumeId, anchor.id())) {
            assertTrue(linked.advance(ONE, TWO), "a hard link is the same anchor");
        }
        assertEquals(TWO, anchor.read());
    }

    @Test
    void shouldFailAfterClose() {
        anchor.close();
        anchor.close();
        assertThrows(IllegalStateException.class, anchor::read);
    }

    @Test
    void shouldBindTheAnchorToTheNewVolumeKeyWhenItWasRotated() {
        final VolumeKey next = new VolumeKey(key.number() + 1, new byte[32]);
        anchor.advance(ZERO, ONE);
        anchor.rekey(next);
        assertEquals(ONE, anchor.read(), "what the key before authenticated counts until it is overwritten");
        Failures.expect(StorageException.Category.FRESHNESS, () -> LocalFileAnchor.open(path, next, volumeId,
            anchor.id()), "damaged anchor");
        next.previous(key);
        try (LocalFileAnchor both = LocalFileAnchor.open(path, next, volumeId, anchor.id())) {
            assertEquals(ONE, both.read());
            assertTrue(anchor.advance(ONE, TWO));
            assertEquals(TWO, both.read());
        }
        next.previous(null);
        try (LocalFileAnchor newest = LocalFileAnchor.open(path, next, volumeId, anchor.id())) {
            assertEquals(TWO, newest.read());
        }
        // Whoever has only the key before cannot go on as if nothing had happened: he sees the value before at most.
        assertEquals(ONE, open().read());
    }
}
