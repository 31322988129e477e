package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.tests.fuzz.FuzzRun;
import io.ringvault.tests.fuzz.Mutations;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/**
 * Header, superblock slot, preface, summary, session and manifest pages, anchor file: the fields of valid ones are
 * changed and checksums, tags and MACs made right again by the key. Each parser answers with its typed error or a value
 * that encodes to the same bytes.
 */
class LogParserFuzzTest {
    private static final long BOUND = 1 << 20;
    private static final Geometry GEOMETRY = new Geometry(16, 10, 200, 111);
    private static final double SHARE = 0.2;
    private final Random fixed = new Random(4);
    private final RandomSource source = fixed::nextBytes;
    private final byte[] volumeId = source.bytes(16);
    private final VolumeKey key = new VolumeKey(5, source.bytes(32));
    private final byte[] donor = source.bytes(4096);

    @Test
    void shouldReadAHeaderOrSayWhatIsWrongWithIt() {
        final List<KeySlot> slots = new ArrayList<>(Collections.nCopies(Header.KEY_SLOTS, KeySlot.NOTHING));
        slots.set(2, KeySlots.create("a key of some bytes".getBytes(), key, volumeId, source));
        final byte[] valid = HeaderCodec.encode(new Header(VolumeKey.CIPHER_AES_256_GCM, volumeId, GEOMETRY,
            key.number(), 7, key.checkValue(volumeId), slots));
        new FuzzRun("header", BOUND).run(SHARE, random -> {
            final byte[] block = valid.clone();
            final boolean honest = random.nextInt(10) > 0;
            Mutations.change(random, block, 0, honest ? 4064 : 4096, donor);
            if (honest) {
                System.arraycopy(MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(block, 4064)), 0, block,
                    4064, 32);
            }
            try {
                assertArrayEquals(block, HeaderCodec.encode(HeaderCodec.decode(block)));
                return "read";
            } catch (final StorageException refused) {
                assertTrue(refused.category() == StorageException.Category.INTEGRITY
                    || refused.category() == StorageException.Category.CONFIGURATION, refused.toString());
                return refused.category().toString();
            }
        }).met("read", "INTEGRITY", "CONFIGURATION");
    }

    @Test
    void shouldReadASuperblockSlotOrRefuseIt() {
        final Superblock valid = new Superblock.Builder(GEOMETRY).serial(11).volumeKeyNumber(5).closedCleanly(true)
            .session(0x1020304050607080L, source.bytes(32)).base(new CommitId(1, 2, 3, 4))
            .checkpointRoot(new Place(55, 7, 9)).replayFrom(66, 77, 88, List.of(new Place(99, 1, 2)))
            .anchor(Anchor.KIND_LOCAL_FILE, source.bytes(32), "file:/var/lib/anker-\u00e4")
            .lastAnchored(new AnchorValue(1, 2, 3, 4)).engineCommits(5).build();
        final byte[] block = SlotCodec.encode(valid, key, volumeId, source);
        final byte[] plain = openSlot(block);
        new FuzzRun("superblock slot", BOUND).run(SHARE, random -> {
            final byte[] changed = plain.clone();
            Mutations.change(random, changed, 0, random.nextBoolean() ? 480 : changed.length, donor);
            final byte[] sealed = sealSlot(block, changed);
            final Superblock read = SlotCodec.decode(sealed, 1, key, volumeId);
            assertNull(SlotCodec.decode(sealed, 0, key, volumeId) == null ? null
                : read == null ? null : "one slot is valid at both ends");
            if (read == null) {
                return "refused";
            }
            if (read.previousKeyNumber() == 0) {
                assertArrayEquals(changed, openSlot(SlotCodec.encode(read, key, volumeId, source)));
            }
            return "read";
        }).met("read", "refused");
    }

    @Test
    void shouldAcceptOnlySummariesThatCanBe() {
        final byte[] valid = summary();
        assertNull(SummaryCheck.problem(valid, 3, GEOMETRY));
        new FuzzRun("summary", BOUND).run(SHARE, random -> {
            final byte[] changed = valid.clone();
            Mutations.change(random, changed, 0, random.nextBoolean() ? 300 : changed.length, donor);
            final int slot = 1 + random.nextInt(GEOMETRY.segmentBlocks() - 1);
            if (SummaryCheck.problem(changed, slot, GEOMETRY) != null) {
                return "refused";
            }
            int data = 0;
            for (int i = 0; i < SummaryCodec.cellCount(changed); i++) {
                final long low = SummaryCodec.cellLow(changed, i);
                final int type = SummaryCodec.cellType(changed, i);
                data += SummaryCodec.hasData(type) ? 1 : 0;
                if (type == SummaryCodec.TRIM || type == SummaryCodec.LOST) {
                    assertTrue(low + SummaryCodec.cellA(changed, i) <= GEOMETRY.userBlocks(), "beyond the volume");
                }
                assertTrue(type >= SummaryCodec.SEGMENT_OPEN || low < GEOMETRY.userBlocks(), "beyond the volume");
            }
            assertEquals(data, SummaryCodec.dataCount(changed));
            assertTrue(slot + data < GEOMETRY.segmentBlocks(), "beyond the segment");
            for (int i = 0; i < SummaryCodec.nextCount(changed); i++) {
                assertTrue(GEOMETRY.contains(SummaryCodec.nextSegment(changed, i), SummaryCodec.nextSlot(changed, i)));
            }
            return "read";
        }).met("read", "refused");
    }

    @Test
    void shouldReadPagesOfACheckpointOrRefuseThem() {
        SessionTable sessions = SessionTable.EMPTY;
        final List<ManifestEntry> tables = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            sessions = sessions.with(3 + 2L * i, 1 + i / 7, source.bytes(32));
            tables.add(new ManifestEntry(1 + i, i % 4, 100 + i, 1 + i % 15));
        }
        final byte[] sessionPage = new byte[Geometry.SEALED_BYTES];
        SessionPageCodec.encode(sessions, 0, sessionPage);
        final byte[] manifestPage = ManifestPageCodec.encode(tables, 0);
        new FuzzRun("session page", BOUND).run(SHARE / 2, random -> {
            final byte[] changed = sessionPage.clone();
            Mutations.change(random, changed, 0, changed.length, donor);
            final SessionTable read = SessionPageCodec.decode(changed, random.nextBoolean(), SessionTable.EMPTY);
            if (read == null) {
                return "refused";
            }
            final byte[] again = new byte[changed.length];
            SessionPageCodec.encode(read, 0, again);
            assertArrayEquals(Arrays.copyOf(changed, 16 + 48 * read.size()), Arrays.copyOf(again, 16 + 48
                * read.size()));
            return "read";
        }).met("read", "refused");
        new FuzzRun("manifest page", BOUND).run(SHARE / 2, random -> {
            final byte[] changed = manifestPage.clone();
            Mutations.change(random, changed, 0, changed.length, donor);
            final List<ManifestEntry> read = new ArrayList<>();
            if (!ManifestPageCodec.decode(changed, random.nextBoolean(), GEOMETRY, read)) {
                return "refused";
            }
            assertArrayEquals(Arrays.copyOf(changed, 16 + 32 * read.size()),
                Arrays.copyOf(ManifestPageCodec.encode(read, 0), 16 + 32 * read.size()));
            return "read";
        }).met("read", "refused");
    }

    @Test
    void shouldReadAnAnchorFileAndAPrefaceOrRefuseThem() {
        final LocalFileAnchorCodec codec = new LocalFileAnchorCodec(key, volumeId);
        final byte[] slot = codec.encode(source.bytes(32), 8, new AnchorValue(1, 2, 3, 4));
        final byte[] macKey = key.anchorMacKey(volumeId);
        new FuzzRun("anchor file", BOUND).run(SHARE, random -> {
            final byte[] image = Arrays.copyOf(slot, LocalFileAnchorCodec.FILE_BYTES);
            Mutations.change(random, image, 0, random.nextInt(4) > 0 ? 136 : image.length, donor);
            if (random.nextInt(5) > 0) {
                final Mac mac = Mac.getInstance("HmacSHA256");
                mac.init(new SecretKeySpec(macKey, "HmacSHA256"));
                mac.update(image, 0, 104);
                mac.doFinal(image, 104);
            }
            final AnchorRecords.Entry a = codec.decode(image, 0);
            codec.decode(image, 1);
            codec.claimsOtherVolume(image);
            if (a != null) {
                assertArrayEquals(Arrays.copyOf(image, 4096), codec.encode(a.id(), a.serial(), a.value()));
            }
            return a == null ? "refused" : "read";
        }).met("read", "refused");
        final PrefaceCodec prefaces = new PrefaceCodec();
        final byte[] preface = new byte[4096];
        prefaces.encode(7, 8, source.bytes(32), volumeId, 1, preface, 0);
        new FuzzRun("preface", BOUND).run(SHARE / 4, random -> {
            final byte[] changed = preface.clone();
            Mutations.change(random, changed, 0, changed.length, donor);
            return prefaces.isValid(changed, 0, volumeId) ? "read" : "refused";
        }).met("refused");
    }

    private byte[] summary() {
        final SummaryBuilder builder = new SummaryBuilder();
        builder.begin(0);
        for (int i = 0; i < 8; i++) {
            builder.addWrite(3 + i, 5, 6);
        }
        builder.addTrim(50, 9);
        builder.addSegmentOpen(4, 17, SegmentPurpose.OBJECT);
        builder.addTableAdd(1, 44, 12, 3);
        builder.addTableDrop(43);
        builder.addNext(21, 2, 5);
        builder.addNext(22, 3, 1);
        builder.finish(9, 4, 1, 2, 7, SummaryCodec.FLAG_COMMIT);
        return builder.bytes().clone();
    }

    // ---- the slot's sealing, by docs/format.md section 4 and not by the codec

    private byte[] openSlot(final byte[] block) {
        final byte[] plain = new byte[4024];
        final Aead aead = new SunJceProvider().create();
        final AeadKey slotKey = aead.importKey(key.slotKey(Arrays.copyOf(block, 32), volumeId));
        assertTrue(aead.open(slotKey, 0, 0, block, 56, Arrays.copyOfRange(block, 56, 4096), 4024, plain));
        slotKey.destroy();
        return plain;
    }

    private byte[] sealSlot(final byte[] block, final byte[] plain) {
        final byte[] sealed = new byte[4040];
        final Aead aead = new SunJceProvider().create();
        final AeadKey slotKey = aead.importKey(key.slotKey(Arrays.copyOf(block, 32), volumeId));
        aead.seal(slotKey, 0, 0, block, 56, plain, 4024, sealed);
        slotKey.destroy();
        return ByteBuffer.allocate(4096).put(block, 0, 56).put(sealed).array();
    }
}
