package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringvault.crypto.Oracle;
import io.ringvault.crypto.Seeds;
import io.ringvault.crypto.VolumeKey;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SlotCodecTest {
    private final VolumeKey key = Fixtures.key();
    private final byte[] volumeId = Fixtures.VOLUME_ID;

    private byte[] encode(final Superblock superblock) {
        return SlotCodec.encode(superblock, key, volumeId, Fixtures.RANDOM);
    }

    private Superblock decode(final byte[] block, final int which) {
        return SlotCodec.decode(block, which, key, volumeId);
    }

    @Test
    void shouldRoundTripEveryField() {
        for (final long serial : new long[] {0, 1, 12, Long.MAX_VALUE}) {
            final Superblock superblock = Fixtures.superblock(serial);
            assertEquals(superblock, decode(encode(superblock), superblock.which()));
            assertEquals(superblock, superblock.toBuilder().build());
        }
        final Superblock extremes = Fixtures.superblock(3).toBuilder().closedCleanly(false)
            .replayFrom(1, 2, 3, Collections.nCopies(8, new Place(4, 9, 15)))
            .anchor(0, new byte[32], "x".repeat(1024)).build();
        assertEquals(extremes, decode(encode(extremes), 1));
        assertEquals(extremes, SlotCodec.decode(SlotCodec.encode(extremes, key, volumeId), 1, key, volumeId));
    }

    /** Decrypts by Bouncy Castle and reads at the offsets of docs/format.md, section 4. */
    @Test
    void shouldLayFieldsWhereTheFormatPageSays() {
        final byte[] block = encode(Fixtures.superblock(0x0A0B));
        assertEquals(4096, block.length);
        final byte[] plain = plain(block);
        assertEquals(4024, plain.length);
        assertEquals(1, Le.getInt(block, 32));
        assertEquals(0, Le.getInt(block, 36));
        assertArrayEquals(volumeId, Arrays.copyOfRange(block, 40, 56));
        final ByteBuffer at = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0x0A0B, at.getLong(0));
        assertEquals(5, at.getInt(8));
        assertEquals(1, at.getInt(12));
        assertEquals(0x1020304050607080L, at.getLong(16));
        assertArrayEquals(Seeds.source(6).bytes(32), Arrays.copyOfRange(plain, 24, 56));
        assertEquals(0x1111111111111111L, at.getLong(56));
        assertEquals(0x2222222222222222L, at.getLong(64));
        assertEquals(0x3333333333333333L, at.getLong(72));
        assertEquals(0x4444444444444444L, at.getLong(80));
        assertEquals(0x5555555555L, at.getLong(88));
        assertEquals(9, at.getInt(96));
        assertEquals(7, at.getInt(100));
        assertEquals(0x6666666666666666L, at.getLong(104));
        assertEquals(0x7777777777777777L, at.getLong(112));
        assertEquals(0x8888888888888888L, at.getLong(120));
        assertEquals(3, at.getInt(128));
        assertEquals(0xAAAAL, at.getLong(136 + 16));
        assertEquals(3, at.getInt(136 + 16 + 8));
        assertEquals(4, at.getInt(136 + 16 + 12));
        assertEquals(1, at.getInt(264));
        assertArrayEquals(Seeds.source(7).bytes(32), Arrays.copyOfRange(plain, 272, 304));
        assertEquals(0xC1, at.getLong(304));
        assertEquals(0xC2, at.getLong(312));
        assertEquals(0xC3, at.getLong(320));
        assertEquals(0xC4, at.getLong(328));
        assertEquals(16, at.getInt(336));
        assertEquals(10, at.getInt(340));
        assertEquals(200, at.getLong(344));
        assertEquals(111, at.getLong(352));
        assertEquals(0xD1D2D3D4D5L, at.getLong(360));
        final byte[] spec = Fixtures.superblock(0).anchorSpec().getBytes(StandardCharsets.UTF_8);
        assertEquals(spec.length, at.getInt(368));
        assertArrayEquals(spec, Arrays.copyOfRange(plain, 376, 376 + spec.length));
    }

    private byte[] slotKey(final byte[] block) {
        return key.slotKey(Arrays.copyOf(block, 32), volumeId);
    }

    private byte[] plain(final byte[] block) {
        return Oracle.open(slotKey(block), new byte[12], Arrays.copyOf(block, 56), Arrays.copyOfRange(block, 56, 4096));
    }

    @Test
    void shouldDrawAFreshKeyForEveryWrite() {
        final Superblock superblock = Fixtures.superblock(4);
        final byte[] first = SlotCodec.encode(superblock, key, volumeId);
        final byte[] second = SlotCodec.encode(superblock, key, volumeId);
        assertFalse(Arrays.equals(Arrays.copyOf(first, 32), Arrays.copyOf(second, 32)));
        assertFalse(Arrays.equals(Arrays.copyOfRange(first, 56, 4096), Arrays.copyOfRange(second, 56, 4096)));
    }

    @Test
    void shouldNoticeAFlippedBitInEveryByte() {
        Seeds.run(random -> {
            final byte[] block = encode(Fixtures.superblock(8));
            for (int i = 0; i < block.length; i++) {
                final byte bit = (byte) (1 << random.nextInt(8));
                block[i] ^= bit;
                assertNull(decode(block, 0), "flip at byte " + i);
                block[i] ^= bit;
            }
            assertNotNull(decode(block, 0));
        });
    }

    @Test
    void shouldRefuseTheOtherSlotAnotherVolumeAndAnotherKey() {
        final byte[] block = encode(Fixtures.superblock(8));
        assertNull(decode(block, 1), "slot A's content read at slot B");
        assertNull(SlotCodec.decode(block, 0, key, Seeds.source(60).bytes(16)), "another volume");
        try (VolumeKey other = new VolumeKey(5, Seeds.source(61).bytes(32))) {
            assertNull(SlotCodec.decode(block, 0, other, volumeId), "another volume key");
        }
        assertNull(decode(new byte[4096], 0));
        assertNull(decode(new byte[100], 0));
        // The id is in the clear part: moving the block to another volume by editing it must not help either.
        final byte[] otherId = Seeds.source(62).bytes(16);
        System.arraycopy(otherId, 0, block, 40, 16);
        assertNull(SlotCodec.decode(block, 0, key, otherId));
    }

    @Test
    void shouldRefuseImpossibleValuesEvenWhenAuthentic() {
        refuse(plain -> Le.putLong(plain, 0, -8), "negative serial");
        refuse(plain -> Le.putInt(plain, 12, 2), "unknown flag");
        refuse(plain -> Le.putInt(plain, 96, 16), "root slot outside");
        refuse(plain -> Le.putInt(plain, 100, 10), "root segment outside");
        refuse(plain -> Le.putInt(plain, 128, 0), "no candidate");
        refuse(plain -> Le.putInt(plain, 128, 9), "nine candidates");
        refuse(plain -> Le.putInt(plain, 128, 2), "a candidate beyond the count");
        refuse(plain -> Le.putInt(plain, 132, 1), "reserved");
        refuse(plain -> Le.putInt(plain, 136 + 8, 10), "candidate segment outside");
        refuse(plain -> Le.putInt(plain, 136 + 12, -1), "candidate slot outside");
        refuse(plain -> Le.putInt(plain, 264, -1), "anchor kind");
        refuse(plain -> Le.putInt(plain, 268, 1), "reserved");
        refuse(plain -> Le.putInt(plain, 340, 11), "geometry");
        refuse(plain -> Le.putInt(plain, 368, 1025), "hint too long");
        refuse(plain -> Le.putInt(plain, 368, -1), "hint of negative length");
        refuse(plain -> Le.putInt(plain, 368, 3), "bytes after the hint");
        refuse(plain -> Le.putByte(plain, 376, 0xFF), "hint that is no UTF-8");
        refuse(plain -> Le.putInt(plain, 372, 1), "reserved");
        refuse(plain -> Le.putByte(plain, 4023, 1), "reserved");
    }

    private void refuse(final Consumer<byte[]> edit, final String what) {
        final byte[] block = encode(Fixtures.superblock(8));
        final byte[] plain = plain(block);
        edit.accept(plain);
        System.arraycopy(Oracle.seal(slotKey(block), new byte[12], Arrays.copyOf(block, 56), plain), 0, block, 56,
            4040);
        assertNull(decode(block, 0), what);
    }

    @Test
    void shouldRefuseToBuildWhatDoesNotFit() {
        final Superblock.Builder builder = Fixtures.superblock(1).toBuilder();
        assertThrows(IllegalArgumentException.class, () -> builder.replayFrom(0, 0, 0, List.of()).build());
        assertThrows(IllegalArgumentException.class,
            () -> builder.replayFrom(0, 0, 0, Collections.nCopies(9, Place.NONE)).build());
        assertThrows(IllegalArgumentException.class,
            () -> builder.replayFrom(0, 0, 0, List.of(Place.NONE)).anchor(1, new byte[32], "\u00e4".repeat(513))
            .build());
        assertThrows(IllegalArgumentException.class, () -> builder.anchor(1, new byte[31], "").build());
    }

    /** The ring: volume key v lies sealed under v + 1 in every slot that still needs it. */
    @Test
    void shouldHoldTheKeyBeforeWhenTheSuperblockNamesIt() {
        final VolumeKey next = new VolumeKey(6, Seeds.source(61).bytes(32));
        final VolumeKey before = Fixtures.key();
        next.previous(before);
        final Superblock plain = Fixtures.superblock(12).toBuilder().volumeKeyNumber(6).build();
        final Superblock holding = plain.toBuilder().previousKeyNumber(5).build();
        final byte[] block = SlotCodec.encode(holding, next, Fixtures.VOLUME_ID);
        assertEquals(holding, SlotCodec.decode(block, 0, next, Fixtures.VOLUME_ID));
        try (VolumeKey found = SlotCodec.previousKey(block, 0, next, Fixtures.VOLUME_ID)) {
            assertArrayEquals(before.copy(), found.copy());
            assertEquals(5, found.number());
        }
        assertNull(SlotCodec.previousKey(SlotCodec.encode(plain, next, Fixtures.VOLUME_ID), 0, next,
            Fixtures.VOLUME_ID));
        assertNull(SlotCodec.decode(block, 0, before, Fixtures.VOLUME_ID), "the key before opens no newer slot");
        next.previous(null);
        assertThrows(IllegalStateException.class, () -> SlotCodec.encode(holding, next, Fixtures.VOLUME_ID));
        assertThrows(IllegalArgumentException.class, () -> plain.toBuilder().previousKeyNumber(4).build());
    }
}
