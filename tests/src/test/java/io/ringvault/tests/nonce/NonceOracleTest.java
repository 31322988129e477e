package io.ringvault.tests.nonce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NonceOracleTest {
    private final NonceOracle oracle = new NonceOracle();
    private final Aead aead = oracle.create();
    private final AeadKey key = aead.importKey(new byte[32]);
    private final byte[] aad = {2, 7, 0, 0, 0, 0, 0, 0, 0};
    private final byte[] plain = new byte[4096];
    private final byte[] out = new byte[4112];

    @Test
    void shouldAcceptDifferentPlacesAndKeys() {
        seal(aead, key, 1, 0);
        seal(aead, key, 1, 1);
        seal(aead, key, 2, 0);
        final byte[] other = new byte[32];
        other[5] = 1;
        seal(aead, aead.importKey(other), 1, 0);
        oracle.check();
        assertEquals(4, oracle.seals());
    }

    @Test
    void shouldReportTheSamePlaceWithOtherPlaintext() {
        seal(aead, key, 1, 0);
        seal(aead, key, 1, 1);
        plain[9] = 1;
        assertThrows(IllegalStateException.class, () -> seal(aead, key, 1, 0));
        assertTrue(assertThrows(AssertionError.class, oracle::check).getMessage().contains("different input"));
    }

    @Test
    void shouldReportTheSamePlaceWithOtherAssociatedData() {
        seal(aead, key, 1, 0);
        aad[1] = 8;
        assertThrows(IllegalStateException.class, () -> seal(aead, key, 1, 0));
        assertThrows(AssertionError.class, oracle::check);
    }

    @Test
    void shouldReportASecondSealOfTheSameInput() {
        seal(aead, key, 1, 0);
        assertThrows(IllegalStateException.class, () -> seal(aead, key, 1, 0));
        assertTrue(assertThrows(AssertionError.class, oracle::check).getMessage().contains("same input"));
    }

    @Test
    void shouldRecogniseTheKeyAcrossInstancesAsAfterAReopen() {
        seal(aead, key, 1, 0);
        plain[0] = 1;
        final Aead second = oracle.create();
        final AeadKey again = second.importKey(new byte[32]);
        assertThrows(IllegalStateException.class, () -> seal(second, again, 1, 0));
    }

    @Test
    void shouldRememberEachOfManySeals() {
        for (int i = 0; i < 5000; i++) {
            seal(aead, key, 3, i);
        }
        oracle.check();
        for (int i = 0; i < 5000; i += 61) {
            final int slot = i;
            assertThrows(IllegalStateException.class, () -> seal(aead, key, 3, slot));
        }
    }

    @Test
    void shouldKnowWhichBlocksWereSealed() {
        seal(aead, key, 1, 0);
        assertTrue(oracle.wasSealed(out, 0));
        assertFalse(oracle.wasSealed(plain, 0));
        out[100] ^= 1;
        assertFalse(oracle.wasSealed(out, 0));
    }

    @Test
    void shouldOpenWhatItSealed() {
        Arrays.fill(plain, (byte) 3);
        seal(aead, key, 1, 0);
        final byte[] back = new byte[4096];
        assertTrue(aead.open(key, 1, 0, aad, aad.length, out, 4096, back));
        assertArrayEquals(plain, back);
    }

    private void seal(final Aead with, final AeadKey under, final long generation, final int slot) {
        with.seal(under, generation, slot, aad, aad.length, plain, 4096, out);
    }
}
