package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static io.ringvault.block.StorageException.Category.INTEGRITY;
import static io.ringvault.block.StorageException.Category.WRONG_KEY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.KeySecret;
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

    private static final KdfParameters CHEAP = new KdfParameters(64, 2, 1);

    private static KeySecret passphrase(final String text) {
        return KeySecret.passphrase(text.toCharArray());
    }

    private KeySlot passphraseSlot(final String text) {
        try (KeySecret secret = passphrase(text)) {
            return KeySlots.create(secret, CHEAP, key, Fixtures.VOLUME_ID, Fixtures.RANDOM);
        }
    }

    private static void refuses(final Header header, final KeySecret secret, final String... texts) {
        Failures.expect(WRONG_KEY, () -> KeySlots.unlock(header, secret), texts);
    }

    @Test
    void shouldUnlockWithAPassphraseAndSayWhichSlotItWas() {
        final Header header = Fixtures.header(key, 1,
            KeySlots.create(Fixtures.KEY_FILE, key, Fixtures.VOLUME_ID, Fixtures.RANDOM),
            passphraseSlot("correct horse"), passphraseSlot("battery staple"));
        try (KeySecret secret = passphrase("battery staple")) {
            final KeySlots.Unlocked unlocked = KeySlots.unlock(header, secret);
            assertArrayEquals(key.copy(), unlocked.key().copy());
            assertEquals(2, unlocked.slot());
            unlocked.key().close();
        }
        try (KeySecret wrong = passphrase("battery stapler")) {
            refuses(header, wrong, "wrong key", "none of the 2 passphrase slots");
        }
        final Header keysOnly = Fixtures.header(key);
        try (KeySecret secret = passphrase("battery staple")) {
            refuses(keysOnly, secret, "no slot for one");
        }
    }

    @Test
    void shouldGiveEverySlotASaltOfItsOwn() {
        final KeySlot first = passphraseSlot("correct horse");
        final KeySlot second = passphraseSlot("correct horse");
        assertFalse(Arrays.equals(first.salt(), second.salt()));
        assertFalse(Arrays.equals(first.wrapped(), second.wrapped()));
    }

    @Test
    void shouldRefuseAShortPassphraseForANewSlot() {
        Failures.expect(CONFIGURATION, () -> passphraseSlot("short"), "needs 8");
    }

    /** Parameter downgrade: cheaper parameters in the header open nothing, so nothing learns what they would give. */
    @Test
    void shouldNotOpenWhenTheHeaderLowersTheCostOfAPassphrase() {
        final KeySlot slot = passphraseSlot("correct horse");
        try (KeySecret secret = passphrase("correct horse")) {
            for (final int[] p : new int[][] {{64, 1, 1}, {8, 2, 1}, {32, 1, 1}, {64, 2, 2}}) {
                refuses(Fixtures.header(key, 1, new KeySlot(1, 2, p[0], p[1], p[2], slot.salt(), slot.wrapped())),
                    secret);
            }
            final byte[] salt = slot.salt();
            salt[0] ^= 1;
            refuses(Fixtures.header(key, 1, new KeySlot(1, 2, 64, 2, 1, salt, slot.wrapped())), secret);
        }
    }

    /** Slot kind flips: a passphrase is never tried unstretched, a key never stretched, and neither opens the other. */
    @Test
    void shouldNotOpenWhenTheHeaderFlipsTheKindOfASlot() {
        final String text = "0123456789abcdef0123456789abcdef";
        final KeySlot slot = passphraseSlot(text);
        final KeySlot asKey = new KeySlot(1, KeySlot.KIND_KEY_FILE, 0, 0, 0, slot.salt(), slot.wrapped());
        try (KeySecret secret = passphrase(text);
            KeySecret bytes = KeySecret.key(text.getBytes(StandardCharsets.US_ASCII))) {
            refuses(Fixtures.header(key, 1, asKey), secret, "no slot for one");
            refuses(Fixtures.header(key, 1, asKey), bytes, "none of the 1 key slots");
            refuses(Fixtures.header(key, 1, slot), bytes, "no slot for one");
            final KeySlot keySlot = KeySlots.create(bytes, CHEAP, key, Fixtures.VOLUME_ID, Fixtures.RANDOM);
            refuses(Fixtures.header(key, 1, new KeySlot(1, 2, 64, 2, 1, keySlot.salt(), keySlot.wrapped())), secret);
        }
    }

    /** Slots moved between volumes, or between numbers of a volume's keys, open nothing. */
    @Test
    void shouldNotOpenASlotOfAnotherVolumeOrKeyNumberWithTheRightPassphrase() {
        final Header header = Fixtures.header(key, 1, passphraseSlot("correct horse"));
        try (KeySecret secret = passphrase("correct horse")) {
            refuses(new Header(1, Seeds.source(52).bytes(16), header.geometry(), 5, 1, header.keyCheck(),
                header.keySlots()), secret);
            refuses(new Header(1, Fixtures.VOLUME_ID, header.geometry(), 6, 1, header.keyCheck(), header.keySlots()),
                secret);
        }
    }

    @Test
    void shouldBringTheKeyBeforeWhileTheHeaderHoldsIt() {
        final VolumeKey next = new VolumeKey(6, Seeds.source(60).bytes(32));
        final byte[] wrapped = KeySlots.wrapPrevious(next, key, Fixtures.VOLUME_ID);
        final Header header = Fixtures.header(key).withVolumeKey(next,
            Fixtures.header(next).keySlots(), wrapped);
        try (VolumeKey unlocked = KeySlots.unlock(header, Fixtures.KEY_FILE)) {
            assertEquals(6, unlocked.number());
            assertArrayEquals(key.copy(), unlocked.previous().copy());
            assertArrayEquals(key.copy(), unlocked.byNumber(5).copy());
            assertEquals(null, unlocked.byNumber(4));
        }
        wrapped[3] ^= 1;
        final Header altered = Fixtures.header(key).withVolumeKey(next, Fixtures.header(next).keySlots(), wrapped);
        Failures.expect(INTEGRITY, () -> KeySlots.unlock(altered, Fixtures.KEY_FILE), "altered");
    }
}
