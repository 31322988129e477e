package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.INTEGRITY;
import static io.ringvault.block.StorageException.Category.IO;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.crypto.Seeds;
import io.ringvault.crypto.VolumeKey;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SuperblocksTest {
    private final VolumeKey key = Fixtures.key();
    private final Header header = Fixtures.header(key);
    private final MemoryBlocks blocks = Fixtures.volume(key);
    private final List<String> warnings = new ArrayList<>();

    private Superblocks load() {
        return Superblocks.load(blocks, Fixtures.GEOMETRY, header, key, warnings);
    }

    @Test
    void shouldTakeTheHigherSerialAndKeepTheRawBytes() {
        final long writes = blocks.writes();
        final Superblocks slots = load();
        assertEquals(1, slots.currentIndex());
        assertEquals(Fixtures.superblock(11), slots.current());
        assertEquals(Fixtures.superblock(10), slots.other());
        assertEquals(slots.other(), slots.slot(0));
        assertArrayEquals(blocks.block(1), slots.raw(0));
        assertArrayEquals(blocks.block(198), slots.raw(1));
        assertEquals(List.of(), warnings);
        assertEquals(writes, blocks.writes());
        blocks.write(1, 1, SlotCodec.encode(Fixtures.superblock(12), key, Fixtures.VOLUME_ID), 0, true);
        assertEquals(0, load().currentIndex());
    }

    @Test
    void shouldOpenAndWarnWhenOneSlotIsDamagedOrUnreadable() {
        for (int which = 0; which < 2; which++) {
            for (final boolean unreadable : new boolean[] {false, true}) {
                final MemoryBlocks image = blocks.copy();
                final long block = Fixtures.GEOMETRY.slotBlock(which);
                if (unreadable) {
                    image.unreadable(block);
                } else {
                    image.flip(block, 2000, 5);
                }
                warnings.clear();
                final Superblocks slots = Superblocks.load(image, Fixtures.GEOMETRY, header, key, warnings);
                assertEquals(1 - which, slots.currentIndex());
                assertEquals(Fixtures.superblock(which == 0 ? 11 : 10), slots.current());
                assertNull(slots.other());
                assertEquals(1, warnings.size());
                assertTrue(warnings.getFirst().contains("superblock slot "
                    + (which == 0 ? "A (block 1)" : "B (block 198)")),
                    warnings.getFirst());
            }
        }
    }

    @Test
    void shouldRefuseNamingBothWhenBothAreDamaged() {
        blocks.flip(1, 0, 0);
        blocks.flip(198, 4095, 7);
        Failures.expect(INTEGRITY, this::load, "slot A (block 1) does not verify",
            "slot B (block 198) does not verify");
    }

    @Test
    void shouldReportIoOnlyWhenNeitherCanBeRead() {
        blocks.unreadable(1);
        blocks.unreadable(198);
        Failures.expect(IO, this::load, "unreadable block 1", "unreadable block 198");
    }

    @Test
    void shouldReportDamageWhenOneIsUnreadableAndTheOtherDoesNotVerify() {
        blocks.unreadable(1);
        blocks.flip(198, 60, 1);
        Failures.expect(INTEGRITY, this::load, "cannot be read", "does not verify");
    }

    @Test
    void shouldRefuseSwappedSlotsAndNotCountACopiedOne() {
        final byte[] a = blocks.block(1);
        final byte[] b = blocks.block(198);
        blocks.write(198, 1, a, 0, true);
        assertEquals(Fixtures.superblock(10), load().current());
        assertTrue(warnings.getFirst().contains("slot B"), warnings.getFirst());
        blocks.write(1, 1, b, 0, true);
        Failures.expect(INTEGRITY, this::load, "slot A", "slot B");
    }

    @Test
    void shouldRefuseSlotsOfAnotherVolume() {
        final byte[] otherId = Seeds.source(70).bytes(16);
        for (int which = 0; which < 2; which++) {
            blocks.write(Fixtures.GEOMETRY.slotBlock(which), 1,
                SlotCodec.encode(Fixtures.superblock(20 + which), key, otherId), 0, true);
        }
        Failures.expect(INTEGRITY, this::load, "does not verify");
    }

    @Test
    void shouldNoticeAHeaderWhoseGeometryOrKeyNumberWasAltered() {
        final Header altered = new Header(1, Fixtures.VOLUME_ID, new Geometry(16, 10, 200, 112), 5, 1,
            header.keyCheck(),
            header.keySlots());
        Failures.expect(INTEGRITY, () -> Superblocks.load(blocks, Fixtures.GEOMETRY, altered, key, warnings),
            "header was altered", "112", "111");
        try (VolumeKey renumbered = new VolumeKey(6, key.copy())) {
            Failures.expect(INTEGRITY, () -> Superblocks.load(blocks, Fixtures.GEOMETRY, header, renumbered, warnings),
                "header was altered", "volume key 6");
        }
    }

    // ---- a rotation that was interrupted: the header gives key 6 and, under it, key 5

    private Header rotating(final VolumeKey next) {
        return header.withVolumeKey(next, header.keySlots(), KeySlots.wrapPrevious(next, key, Fixtures.VOLUME_ID));
    }

    private static VolumeKey next(final VolumeKey before) {
        final VolumeKey next = new VolumeKey(6, Seeds.source(61).bytes(32));
        next.previous(before);
        return next;
    }

    @Test
    void shouldTakeSlotsUnderTheKeyBeforeWhenTheSwitchHadNotBegun() {
        final VolumeKey next = next(key);
        assertEquals(Fixtures.superblock(11), Superblocks.load(blocks, Fixtures.GEOMETRY, rotating(next), next,
            warnings).current());
        assertEquals(List.of(), warnings);
        final Header settled = header.withVolumeKey(next, header.keySlots(), null);
        Failures.expect(INTEGRITY, () -> Superblocks.load(blocks, Fixtures.GEOMETRY, settled, next, warnings),
            "does not verify");
    }

    /** Serial game: a slot under the older key, which may be known to others, never comes before a newer one's. */
    @Test
    void shouldNotTakeAHigherSerialUnderTheKeyBeforeWhenOneUnderTheNewerKeyIsThere() {
        final VolumeKey next = next(key);
        final Superblock switched = Fixtures.superblock(12).toBuilder().volumeKeyNumber(6).previousKeyNumber(5).build();
        blocks.write(1, 1, SlotCodec.encode(switched, next, Fixtures.VOLUME_ID), 0, true);
        blocks.write(198, 1, SlotCodec.encode(Fixtures.superblock(9999), key, Fixtures.VOLUME_ID), 0, true);
        final Superblocks slots = Superblocks.load(blocks, Fixtures.GEOMETRY, rotating(next), next, warnings);
        assertEquals(switched, slots.current());
        assertNull(slots.other());
        try (VolumeKey held = slots.previousKey(next, Fixtures.VOLUME_ID)) {
            assertArrayEquals(key.copy(), held.copy());
        }
    }

    /** Mixed copies: an old header (old key slots) over new superblock slots opens nothing. */
    @Test
    void shouldNotOpenNewSlotsWithAnOldHeader() {
        final VolumeKey next = next(key);
        for (final long serial : new long[] {12, 13}) {
            final Superblock slot = Fixtures.superblock(serial).toBuilder().volumeKeyNumber(6).build();
            blocks.write(Fixtures.GEOMETRY.slotBlock(slot.which()), 1, SlotCodec.encode(slot, next,
                Fixtures.VOLUME_ID), 0, true);
        }
        Failures.expect(INTEGRITY, this::load, "does not verify");
    }
}
