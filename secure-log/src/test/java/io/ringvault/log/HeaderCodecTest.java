package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static io.ringvault.block.StorageException.Category.INTEGRITY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeaderCodecTest {

    private static Header header() {
        final List<KeySlot> slots = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            final int on = i % 2;
            slots.add(i % 3 == 2 ? KeySlot.NOTHING : new KeySlot(1, 1 + on, on * (100 + i), on * (20 + i), on * (3 + i),
                Seeds.source(20 + i).bytes(32), Seeds.source(30 + i).bytes(48)));
        }
        return new Header(1, Fixtures.VOLUME_ID, Fixtures.GEOMETRY, 0x01020304, 0x0504030201L, Seeds.source(40)
            .bytes(32),
            slots, Seeds.source(41).bytes(48));
    }

    @Test
    void shouldRoundTripEveryField() {
        assertEquals(header(), HeaderCodec.decode(HeaderCodec.encode(header())));
    }

    @Test
    void shouldLayFieldsWhereTheFormatPageSays() throws NoSuchAlgorithmException {
        final Header header = header();
        final byte[] bytes = HeaderCodec.encode(header);
        final ByteBuffer block = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(4096, bytes.length);
        assertEquals("RINGVALT", new String(bytes, 0, 8, StandardCharsets.US_ASCII));
        assertEquals(1, block.getInt(8));
        assertEquals(1, block.getInt(12));
        assertArrayEquals(Fixtures.VOLUME_ID, Arrays.copyOfRange(bytes, 16, 32));
        assertEquals(4096, block.getInt(32));
        assertEquals(16, block.getInt(36));
        assertEquals(200, block.getLong(40));
        assertEquals(111, block.getLong(48));
        assertEquals(10, block.getInt(56));
        assertEquals(0x01020304, block.getInt(60));
        assertEquals(0x0504030201L, block.getLong(64));
        assertArrayEquals(header.keyCheck(), Arrays.copyOfRange(bytes, 72, 104));
        assertEquals(0x01020303, block.getInt(104));
        assertArrayEquals(header.previousKey(), Arrays.copyOfRange(bytes, 112, 160));
        final int slot = 512 + 3 * 384;
        assertEquals(1, block.getInt(slot));
        assertEquals(2, block.getInt(slot + 4));
        assertEquals(103, block.getInt(slot + 8));
        assertEquals(23, block.getInt(slot + 12));
        assertEquals(6, block.getInt(slot + 16));
        assertArrayEquals(header.keySlots().get(3).salt(), Arrays.copyOfRange(bytes, slot + 24, slot + 56));
        assertArrayEquals(header.keySlots().get(3).wrapped(), Arrays.copyOfRange(bytes, slot + 56, slot + 104));
        assertArrayEquals(MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(bytes, 4064)),
            Arrays.copyOfRange(bytes, 4064, 4096));
    }

    @Test
    void shouldNoticeAFlippedBitInEveryByte() {
        Seeds.run(random -> {
            final byte[] block = HeaderCodec.encode(header());
            for (int i = 0; i < block.length; i++) {
                final byte bit = (byte) (1 << random.nextInt(8));
                block[i] ^= bit;
                final int at = i;
                final StorageException bad = assertThrows(StorageException.class, () -> HeaderCodec.decode(block),
                    () -> "flip at byte " + at);
                assertEquals(INTEGRITY, bad.category());
                block[i] ^= bit;
            }
            assertEquals(header(), HeaderCodec.decode(block));
        });
    }

    /** Whoever alters the header can repair its checksum; impossible values must still be refused. */
    @Test
    void shouldRefuseImpossibleFieldsUnderAGoodChecksum() {
        reject(CONFIGURATION, 8, 2, "format 2");
        reject(CONFIGURATION, 12, 9, "cipher 9");
        reject(INTEGRITY, 32, 512, "out of range");
        reject(INTEGRITY, 36, 17, "geometry");
        reject(INTEGRITY, 56, 11, "geometry");
        reject(INTEGRITY, 52, -1, "geometry");
        reject(INTEGRITY, 60, 0, "out of range");
        reject(INTEGRITY, 68, -1, "out of range");
        reject(INTEGRITY, 104, 1, "before number");
        reject(INTEGRITY, 104, 0, "before number");
        reject(INTEGRITY, 108, 1, "before number");
        reject(INTEGRITY, 160, 1, "reserved");
        reject(INTEGRITY, 512 + 8, 1, "key slot 0 asks for derivation parameters");
        reject(INTEGRITY, 508, 1, "reserved");
        reject(INTEGRITY, 512, 2, "key slot 0");
        reject(INTEGRITY, 516, 3, "key slot 0");
        reject(INTEGRITY, 512 + 20, 1, "key slot 0");
        reject(INTEGRITY, 512 + 104, 1, "key slot 0");
        reject(INTEGRITY, 512 + 2 * 384 + 60, 1, "key slot 2");
        reject(INTEGRITY, 512 + 8 * 384, 1, "reserved");
        reject(INTEGRITY, 4060, 1, "reserved");
    }

    /** What Argon2id takes is said by whoever can write to the device: it must not take the machine with it. */
    @Test
    void shouldRefuseKeyDerivationWithoutBoundsWhenTheHeaderAsksForIt() {
        final int slot = 512 + 3 * 384;
        reject(INTEGRITY, slot + 8, 1 << 30, "key slot 3 asks for 1073741824 KiB");
        reject(INTEGRITY, slot + 8, -1, "KiB of memory");
        reject(INTEGRITY, slot + 8, 1, "KiB of memory");
        reject(INTEGRITY, slot + 12, Integer.MAX_VALUE, "passes over 103 KiB");
        reject(INTEGRITY, slot + 12, 0, "passes over 103 KiB");
        reject(INTEGRITY, slot + 16, 17, "17 lanes");
        reject(INTEGRITY, slot + 16, 0, "0 lanes");
        reject(INTEGRITY, slot + 4, 1, "key slot 3 asks for derivation parameters for a key");
    }

    private static void reject(final StorageException.Category category, final int offset, final int value,
        final String text) {
        final byte[] block = HeaderCodec.encode(header());
        Le.putInt(block, offset, value);
        try {
            System.arraycopy(MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(block, 4064)), 0, block, 4064,
                32);
        } catch (final NoSuchAlgorithmException missing) {
            throw new AssertionError(missing);
        }
        Failures.expect(category, () -> HeaderCodec.decode(block), text);
    }
}
