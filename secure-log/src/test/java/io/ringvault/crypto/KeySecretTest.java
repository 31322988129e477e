package io.ringvault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class KeySecretTest {

    private static byte[] typed(final String text) {
        try (KeySecret secret = KeySecret.passphrase(text.toCharArray())) {
            assertTrue(secret.isPassphrase());
            return secret.copy();
        }
    }

    @Test
    void shouldGiveTheSameBytesForComposedAndDecomposedCharacters() {
        assertArrayEquals("caf\u00e9 cr\u00e8me".getBytes(StandardCharsets.UTF_8), typed("cafe\u0301 cre\u0300me"));
        assertArrayEquals(typed("caf\u00e9 cr\u00e8me"), typed("cafe\u0301 cre\u0300me"));
    }

    @Test
    void shouldChangeNothingElse() {
        for (final String text : new String[] {" leading and trailing ", "Case", "\ufb01ne", "x\u00b2",
            "tab\tnew\nline"}) {
            assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), typed(text));
        }
    }

    @Test
    void shouldRefuseWhatIsNoText() {
        for (final byte[] bytes : new byte[][] {{(byte) 0xC3, 0x28}, {(byte) 0xFF}, {}, new byte[1025]}) {
            final StorageException refused = assertThrows(StorageException.class,
                () -> KeySecret.passphraseUtf8(bytes));
            assertEquals(StorageException.Category.CONFIGURATION, refused.category());
        }
        assertThrows(StorageException.class, () -> KeySecret.passphrase(new char[] {'\ud800', 'x'}));
    }

    @Test
    void shouldTakeKeysByteByByteWithinBounds() {
        final byte[] bytes = "0123456789abcde\n".getBytes(StandardCharsets.US_ASCII);
        try (KeySecret key = KeySecret.key(bytes)) {
            assertArrayEquals(bytes, key.copy());
            assertFalse(key.isPassphrase());
            assertEquals("key", key.toString());
        }
        assertThrows(StorageException.class, () -> KeySecret.key(new byte[15]));
        assertThrows(StorageException.class, () -> KeySecret.key(new byte[4097]));
    }
}
