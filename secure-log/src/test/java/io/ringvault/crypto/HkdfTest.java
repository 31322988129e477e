package io.ringvault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class HkdfTest {
    private static final HexFormat HEX = HexFormat.of();

    /** RFC 5869, appendix A.1 and A.3. */
    @Test
    void shouldMatchTheVectorsOfRfc5869() {
        assertEquals("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            HEX.formatHex(Hkdf.derive(HEX.parseHex("0b".repeat(22)), HEX.parseHex("000102030405060708090a0b0c"),
                HEX.parseHex("f0f1f2f3f4f5f6f7f8f9"), 42)));
        assertEquals("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
            HEX.formatHex(Hkdf.derive(HEX.parseHex("0b".repeat(22)), new byte[0], new byte[0], 42)));
    }

    @Test
    void shouldAgreeWithBouncyCastleOnRandomInputs() {
        Seeds.run(random -> {
            for (int i = 0; i < 50; i++) {
                final byte[] ikm = new byte[random.nextInt(1, 200)];
                final byte[] salt = new byte[random.nextInt(100)];
                final byte[] info = new byte[random.nextInt(100)];
                random.nextBytes(ikm);
                random.nextBytes(salt);
                random.nextBytes(info);
                final int length = random.nextInt(1, 200);
                assertArrayEquals(Oracle.hkdf(ikm, salt, info, length), Hkdf.derive(ikm, salt, info, length));
            }
        });
    }

    @Test
    void shouldRefuseLengthsThatTheRfcForbids() {
        assertThrows(IllegalArgumentException.class, () -> Hkdf.derive(new byte[1], new byte[0], new byte[0], 0));
        assertThrows(IllegalArgumentException.class, () -> Hkdf.derive(new byte[1], new byte[0], new byte[0], 8161));
        assertEquals(8160, Hkdf.derive(new byte[1], new byte[0], new byte[0], 8160).length);
    }
}
