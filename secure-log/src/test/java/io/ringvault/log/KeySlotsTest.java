package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static io.ringvault.block.StorageException.Category.INTEGRITY;
import static io.ringvault.block.StorageException.Category.WRONG_KEY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.ringvault.crypto.Oracle;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.Seeds;
import io.ringvault.crypto.VolumeKey;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class KeySlotsTest {
    private final VolumeKey key = Fixtures.key();

    @Test
    void shouldUnlockWithTheKeyFileOfAnySlot() {
        final byte[] second = Seeds.source(50).bytes(16);
        final Header header = Fixtures.header(key, 1,
            KeySlots.create(Fixtures.KEY_FILE, key, Fixtures.VOLUME_ID, Fixtures.RANDOM),
            KeySlots.create(second, key, Fixtures.VOLUME_ID, Fixtures.RANDOM));
        for (final byte[] file : new byte[][] {Fixtures.KEY_FILE, second}) {
            try (VolumeKey unlocked = KeySlots.unlock(header, file)) {
                assertArrayEquals(key.copy(), unlocked.copy());
                assertEquals(5, unlocked.number());
            }
        }
    }

    @Test
    void shouldWrapAsTheFormatPageSays() {
        final KeySlot slot = KeySlots.create(Fixtures.KEY_FILE, key, Fixtures.VOLUME_ID, Fixtures.RANDOM);
        final byte[] label = "ringvault key slot".getBytes(StandardCharsets.US_ASCII);
        final byte[] info = ByteBuffer.allocate(label.length + 16).put(label).put(Fixtures.VOLUME_ID).array();
        final byte[] kek = Oracle.hkdf(Fixtures.KEY_FILE, slot.salt(), info, 32);
        final byte[] aad = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN).put(Fixtures.VOLUME_ID).putInt(5)
            .array();
        assertArrayEquals(key.copy(), Oracle.open(kek, new byte[12], aad, slot.wrapped()));
    }

    @Test
    void shouldSayWrongKeyForAnyOtherKeyFile() {
        final Header header = Fixtures.header(key);
        final byte[] longer = Arrays.copyOf(Fixtures.KEY_FILE, Fixtures.KEY_FILE.length + 1);
        final byte[] flipped = Fixtures.KEY_FILE.clone();
        flipped[39] ^= 1;
        for (final byte[] file : new byte[][] {longer, flipped, Seeds.source(51).bytes(16)}) {
            final String message = Failures.expect(WRONG_KEY, () -> KeySlots.unlock(header, file), "wrong key",
                header.volumeIdText()).getMessage();
            assertFalse(message.contains(java.util.HexFormat.of().formatHex(file)), message);
        }
    }

    @Test
    void shouldNotUnlockUnderAnotherVolumeIdOrKeyNumber() {
        final Header header = Fixtures.header(key);
        final Header otherVolume = new Header(1, Seeds.source(52).bytes(16), header.geometry(), 5, 1, header.keyCheck(),
            header.keySlots());
        Failures.expect(WRONG_KEY, () -> KeySlots.unlock(otherVolume, Fixtures.KEY_FILE));
        final Header otherNumber = new Header(1, Fixtures.VOLUME_ID, header.geometry(), 6, 1, header.keyCheck(),
            header.keySlots());
        Failures.expect(WRONG_KEY, () -> KeySlots.unlock(otherNumber, Fixtures.KEY_FILE));
    }

    @Test
    void shouldSayDamageWhenTheSlotOpensWithAnotherKeyThanTheHeaders() {
        final Header header = Fixtures.header(key);
        final byte[] check = header.keyCheck();
        check[31] ^= 1;
        final Header altered = new Header(1, Fixtures.VOLUME_ID, header.geometry(), 5, 1, check, header.keySlots());
        Failures.expect(INTEGRITY, () -> KeySlots.unlock(altered, Fixtures.KEY_FILE), "check value", "altered");
    }

    @Test
    void shouldSayDamageWhenThereIsNoSlot() {
        Failures.expect(INTEGRITY, () -> KeySlots.unlock(Fixtures.header(key, 1), Fixtures.KEY_FILE), "no key slot");
    }

    @Test
    void shouldRefuseKeysOfTheWrongLength() {
        final Header header = Fixtures.header(key);
        Failures.expect(CONFIGURATION, () -> KeySlots.unlock(header, new byte[15]), "15 bytes");
        Failures.expect(CONFIGURATION,
            () -> KeySlots.create(new byte[4097], key, Fixtures.VOLUME_ID, RandomSource.kernel()), "4097 bytes");
    }
}
