package io.ringvault.anchor.tpm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class TpmSessionTest {
    private final byte[] auth = filled(32, 1);
    private final byte[] nonceTpm = filled(32, 2);
    private final byte[] nonceCaller = filled(32, 3);
    private final TpmSession session = new TpmSession(0x02000000, nonceTpm, nonceCaller, auth, 0);

    private static byte[] filled(final int length, final int value) {
        final byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private byte[] hmac(final byte[]... parts) throws Exception {
        final Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(auth, "HmacSHA256"));
        for (final byte[] part : parts) {
            mac.update(part);
        }
        return mac.doFinal();
    }

    @Test
    void shouldLayOutTheAuthorisationArea() throws Exception {
        final byte[] area = session.authorise(filled(32, 9));
        final ByteBuffer at = ByteBuffer.wrap(area);
        assertEquals(0x02000000, at.getInt());
        assertArrayEquals(nonceCaller, TpmSession.sized(at));
        assertEquals(0, at.get());
        assertArrayEquals(hmac(filled(32, 9), nonceCaller, nonceTpm, new byte[1]), TpmSession.sized(at));
        assertFalse(at.hasRemaining());
    }

    @Test
    void shouldAcceptOnlyAnAnswerMadeWithTheSecretToItsNonce() throws Exception {
        final byte[] nonce = filled(32, 7);
        final byte[] rpHash = filled(32, 8);
        final byte[] good = new TpmBuffer().sized(nonce).u8(0)
            .sized(hmac(rpHash, nonce, nonceCaller, new byte[1])).toBytes();
        assertTrue(session.verify(rpHash, ByteBuffer.wrap(good), auth));
        for (int i = 2; i < good.length; i++) {
            if (i != 35 && i != 36) {
                final byte[] bad = good.clone();
                bad[i] ^= 1;
                assertFalse(session.verify(rpHash, ByteBuffer.wrap(bad), auth), "flip at byte " + i);
            }
        }
        assertFalse(session.verify(filled(32, 6), ByteBuffer.wrap(good), auth), "another answer");
        assertFalse(new TpmSession(1, nonceTpm, filled(32, 4), auth, 0).verify(rpHash, ByteBuffer.wrap(good), auth),
            "an answer to another question");
    }

    @Test
    void shouldHideAParameter() {
        final byte[] secret = filled(32, 5);
        final byte[] hidden = secret.clone();
        session.encrypt(hidden);
        assertFalse(Arrays.equals(secret, hidden));
        final byte[] other = secret.clone();
        new TpmSession(0, nonceTpm, filled(32, 4), auth, 0).encrypt(other);
        assertFalse(Arrays.equals(other, hidden), "each nonce hides it in another way");
    }

    @Test
    void shouldGrowItsBuffer() {
        final byte[] bytes = new TpmBuffer().u16(0x1234).raw(new byte[1000]).u32(0x01020304).toBytes();
        assertEquals(1006, bytes.length);
        assertEquals(0x12, bytes[0]);
        assertEquals(4, bytes[1005]);
    }
}
