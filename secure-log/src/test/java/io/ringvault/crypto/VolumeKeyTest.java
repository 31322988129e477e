package io.ringvault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VolumeKeyTest {
    private final byte[] master = Seeds.source(1).bytes(32);
    private final byte[] volumeId = Seeds.source(2).bytes(16);
    private final byte[] salt = Seeds.source(3).bytes(32);

    @Test
    void shouldDeriveEveryKeyAsTheFormatPageSays() {
        try (VolumeKey key = new VolumeKey(3, master)) {
            final byte[] slotInfo = bytes(64).put(text("ringvault slot")).putInt(1).putInt(1).put(volumeId).array();
            assertArrayEquals(Oracle.hkdf(master, salt, Arrays.copyOf(slotInfo, 14 + 8 + 16), 32),
                key.slotKey(salt, volumeId));
            final byte[] sessionInfo = bytes(64).put(text("ringvault session")).putInt(1).putInt(1).put(volumeId)
                .putLong(0x1122334455667788L).array();
            assertArrayEquals(Oracle.hkdf(master, salt, Arrays.copyOf(sessionInfo, 17 + 8 + 16 + 8), 32),
                key.sessionKey(volumeId, 0x1122334455667788L, salt));
            assertArrayEquals(Oracle.hkdf(master, volumeId, text("ringvault anchor"), 32), key.anchorMacKey(volumeId));
            assertArrayEquals(Oracle.hkdf(master, volumeId, text("ringvault key check"), 32), key.checkValue(volumeId));
            final byte[] ikm = bytes(64).put(salt).put(master).array();
            assertArrayEquals(Oracle.hkdf(ikm, bytes(16).putLong(9).putLong(10).array(), text("ringvault salt"), 32),
                key.sessionSalt(salt, 9, 10));
        }
    }

    @Test
    void shouldDeriveAnotherKeyWhenAnyInputDiffers() {
        final byte[] otherId = volumeId.clone();
        otherId[15] ^= 1;
        final byte[] otherSalt = salt.clone();
        otherSalt[31] ^= 1;
        final byte[] otherMaster = master.clone();
        otherMaster[0] ^= 1;
        try (VolumeKey key = new VolumeKey(1, master); VolumeKey other = new VolumeKey(1, otherMaster)) {
            final Set<String> seen = new HashSet<>();
            for (final byte[] derived : List.of(key.sessionKey(volumeId, 1, salt), key.sessionKey(volumeId, 2, salt),
                key.sessionKey(otherId, 1, salt), key.sessionKey(volumeId, 1, otherSalt),
                other.sessionKey(volumeId, 1, salt), key.slotKey(salt, volumeId), key.slotKey(otherSalt, volumeId),
                key.slotKey(salt, otherId), key.anchorMacKey(volumeId), key.checkValue(volumeId),
                key.sessionSalt(salt, 1, 1), key.sessionSalt(salt, 2, 1), key.sessionSalt(salt, 1, 2),
                other.sessionSalt(salt, 1, 1), key.sessionSalt(otherSalt, 1, 1))) {
                assertEquals(32, derived.length);
                assertTrue(seen.add(HexFormat.of().formatHex(derived)), "two derivations gave one key");
            }
        }
    }

    @Test
    void shouldRevealNothingAndFailWhenClosed() {
        final VolumeKey key = new VolumeKey(3, master);
        assertEquals("VolumeKey[number=3]", key.toString());
        assertEquals(3, key.number());
        assertArrayEquals(master, key.copy());
        key.close();
        key.close();
        assertThrows(IllegalStateException.class, key::copy);
        assertThrows(IllegalStateException.class, () -> key.anchorMacKey(volumeId));
        assertThrows(IllegalArgumentException.class, () -> new VolumeKey(1, new byte[31]));
    }

    @Test
    void shouldRefuseAVolumeIdOfTheWrongLength() {
        try (VolumeKey key = new VolumeKey(1, master)) {
            assertThrows(RuntimeException.class, () -> key.slotKey(salt, new byte[15]));
            assertThrows(RuntimeException.class, () -> key.sessionKey(new byte[17], 1, salt));
        }
    }

    @Test
    void shouldDrawFreshKeys() {
        try (VolumeKey a = VolumeKey.draw(1, RandomSource.kernel()); VolumeKey b = VolumeKey.draw(1,
            RandomSource.kernel())) {
            assertFalse(Arrays.equals(a.copy(), b.copy()));
        }
    }

    private static ByteBuffer bytes(final int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] text(final String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
