package io.ringvault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SunJceAeadTest {
    private static final HexFormat HEX = HexFormat.of();

    private final Aead aead = new SunJceProvider().create();

    /** McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, cases 13, 14 and 16 (256-bit keys). */
    @Test
    void shouldMatchPublishedVectors() {
        vector("00".repeat(32), "00".repeat(12), "", "", "530f8afbc74536b9a963b4f1c4cb738b");
        vector("00".repeat(32), "00".repeat(12), "", "00".repeat(16),
            "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919");
        vector("feffe9928665731c6d6a8f9467308308".repeat(2), "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b");
    }

    private void vector(final String key, final String nonce, final String aad, final String plain,
        final String sealed) {
        // Two vectors share key and nonce, which one instance refuses in a row.
        final Aead fresh = new SunJceProvider().create();
        final AeadKey imported = fresh.importKey(HEX.parseHex(key));
        final ByteBuffer place = ByteBuffer.wrap(HEX.parseHex(nonce)).order(ByteOrder.LITTLE_ENDIAN);
        final long generation = place.getLong();
        final int slot = place.getInt();
        final byte[] data = HEX.parseHex(aad);
        final byte[] in = HEX.parseHex(plain);
        final byte[] out = new byte[in.length + 16];
        fresh.seal(imported, generation, slot, data, data.length, in, in.length, out);
        assertEquals(sealed, HEX.formatHex(out));
        final byte[] back = new byte[in.length];
        assertTrue(fresh.open(imported, generation, slot, data, data.length, out, in.length, back));
        assertArrayEquals(in, back);
    }

    @Test
    void shouldAgreeWithBouncyCastleOnRandomInputs() {
        Seeds.run(random -> {
            for (int i = 0; i < 200; i++) {
                final byte[] key = new byte[32];
                random.nextBytes(key);
                final byte[] plain = new byte[i < 20 ? 4096 : random.nextInt(1, 600)];
                random.nextBytes(plain);
                final byte[] aad = new byte[random.nextInt(20)];
                random.nextBytes(aad);
                final long generation = random.nextLong();
                final int slot = random.nextInt();
                final byte[] out = new byte[plain.length + 16 + random.nextInt(3)];
                final AeadKey imported = aead.importKey(key);
                aead.seal(imported, generation, slot, aad, aad.length, plain, plain.length, out);
                final byte[] expected = Oracle.seal(key, Oracle.nonce(generation, slot), aad, plain);
                assertArrayEquals(expected, Arrays.copyOf(out, plain.length + 16));
                final byte[] back = new byte[plain.length];
                assertTrue(aead.open(imported, generation, slot, aad, aad.length, expected, plain.length, back));
                assertArrayEquals(plain, back);
            }
        });
    }

    @Test
    void shouldRefuseAndWipeWhenAnyByteIsFlipped() {
        Seeds.run(random -> {
            final byte[] key = new byte[32];
            random.nextBytes(key);
            final byte[] plain = new byte[300];
            random.nextBytes(plain);
            final byte[] aad = new byte[13];
            random.nextBytes(aad);
            final byte[] sealed = new byte[316];
            final AeadKey imported = aead.importKey(key);
            aead.seal(imported, 77, 5, aad, 13, plain, 300, sealed);
            final byte[] back = new byte[302];
            for (int i = 0; i < sealed.length; i++) {
                final byte bit = (byte) (1 << random.nextInt(8));
                sealed[i] ^= bit;
                Arrays.fill(back, (byte) 0x55);
                assertFalse(aead.open(imported, 77, 5, aad, 13, sealed, 300, back), "flip at byte " + i);
                assertArrayEquals(new byte[300], Arrays.copyOf(back, 300), "plaintext left after a flip at byte " + i);
                assertEquals(0x55, back[300], "more than the output was wiped");
                sealed[i] ^= bit;
            }
            for (int i = 0; i < 13; i++) {
                aad[i] ^= 1;
                assertFalse(aead.open(imported, 77, 5, aad, 13, sealed, 300, back), "associated data at " + i);
                aad[i] ^= 1;
            }
            assertFalse(aead.open(imported, 78, 5, aad, 13, sealed, 300, back));
            assertFalse(aead.open(imported, 77, 6, aad, 13, sealed, 300, back));
            assertFalse(aead.open(imported, 77, 5, aad, 12, sealed, 300, back));
            assertTrue(aead.open(imported, 77, 5, aad, 13, sealed, 300, back), "the undamaged block still opens");
        });
    }

    @Test
    void shouldRefuseToSealTwiceInARowAtOnePlace() {
        final AeadKey key = aead.importKey(new byte[32]);
        aead.seal(key, 3, 4, new byte[1], 1, new byte[8], 8, new byte[24]);
        final IllegalStateException refused = assertThrows(IllegalStateException.class,
            () -> aead.seal(key, 3, 4, new byte[1], 1, new byte[8], 8, new byte[24]));
        assertTrue(refused.getMessage().contains("generation 3 slot 4"), refused.getMessage());
        aead.seal(key, 3, 5, new byte[1], 1, new byte[8], 8, new byte[24]);
    }

    @Test
    void shouldFailWithADestroyedOrForeignKeyAndBadLengths() {
        final byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) 7);
        final AeadKey key = aead.importKey(bytes);
        Arrays.fill(bytes, (byte) 0);
        final byte[] sealed = new byte[24];
        aead.seal(key, 1, 1, new byte[0], 0, new byte[8], 8, sealed);
        final byte[] seven = new byte[32];
        Arrays.fill(seven, (byte) 7);
        assertArrayEquals(Oracle.seal(seven, Oracle.nonce(1, 1), new byte[0], new byte[8]), sealed,
            "the key was copied");
        key.destroy();
        key.destroy();
        assertThrows(IllegalStateException.class, () -> aead.seal(key, 1, 2, new byte[0], 0, new byte[8], 8, sealed));
        assertThrows(IllegalStateException.class, () -> aead.open(key, 1, 1, new byte[0], 0, sealed, 8, new byte[8]));
        assertThrows(IllegalArgumentException.class, () -> aead.importKey(new byte[16]));
        final AeadKey good = aead.importKey(seven);
        final AeadKey foreign = () -> { };
        assertThrows(IllegalArgumentException.class,
            () -> aead.seal(foreign, 1, 3, new byte[0], 0, new byte[8], 8, sealed));
        assertThrows(IllegalArgumentException.class,
            () -> aead.seal(good, 1, 3, new byte[0], 0, new byte[8], 8, new byte[23]));
        assertThrows(IllegalArgumentException.class,
            () -> aead.seal(good, 1, 3, new byte[0], 1, new byte[8], 8, sealed));
        assertThrows(IllegalArgumentException.class,
            () -> aead.open(good, 1, 3, new byte[0], 0, new byte[23], 8, new byte[8]));
        assertThrows(IllegalArgumentException.class, () -> aead.open(good, 1, 3, new byte[0], 0, sealed, 8, sealed));
    }

    @Test
    void shouldNotShowOrSerialiseKeys() {
        final byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) 0xAB);
        final AeadKey key = aead.importKey(bytes);
        assertEquals("AeadKey", key.toString());
        assertThrows(NotSerializableException.class,
            () -> new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(key));
    }
}
