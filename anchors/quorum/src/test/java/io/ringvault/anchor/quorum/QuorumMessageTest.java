package io.ringvault.anchor.quorum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class QuorumMessageTest {
    private final byte[] secret = new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    private final QuorumMessage question = new QuorumMessage(QuorumMessage.SWAP, new byte[16], "volume-1",
        new byte[136], new byte[] {7});

    private byte[] frame(final QuorumMessage message, final byte[] of) throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        message.send(new DataOutputStream(bytes), secret, of);
        return bytes.toByteArray();
    }

    private QuorumMessage receive(final byte[] frame, final byte[] of) throws IOException {
        return QuorumMessage.receive(new DataInputStream(new ByteArrayInputStream(frame)), secret, of);
    }

    @Test
    void shouldArriveAsItWasSent() throws IOException {
        final QuorumMessage arrived = receive(frame(question, null), null);
        assertEquals(question.op(), arrived.op());
        assertEquals("volume-1", arrived.name());
        assertArrayEquals(question.first(), arrived.first());
        assertArrayEquals(question.second(), arrived.second());
        assertArrayEquals(question.toBytes(), arrived.toBytes());
    }

    @Test
    void shouldRefuseEveryFlippedBitAndEveryCut() throws IOException {
        final byte[] frame = frame(question, null);
        for (int i = 0; i < frame.length; i++) {
            final byte[] bad = frame.clone();
            bad[i] ^= (byte) (1 << i % 8);
            assertThrows(IOException.class, () -> receive(bad, null), "flip at byte " + i);
            final byte[] cut = Arrays.copyOf(frame, i);
            assertThrows(IOException.class, () -> receive(cut, null), "cut to " + i);
        }
    }

    @Test
    void shouldTakeAnAnswerToThisQuestionOnly() throws IOException {
        final byte[] answer = frame(question.answer(QuorumMessage.OK, new byte[136]), question.toBytes());
        assertEquals(QuorumMessage.OK, receive(answer, question.toBytes()).op());
        final byte[] stamp = new byte[16];
        stamp[5] = 1;
        final QuorumMessage later = new QuorumMessage(question.op(), stamp, question.name(), question.first(),
            question.second());
        assertThrows(IOException.class, () -> receive(answer, later.toBytes()), "a replayed answer");
        assertThrows(IOException.class, () -> receive(answer, null), "an answer as a question");
    }

    @Test
    void shouldNotFailOtherwiseOnRandomBytes() {
        final Random random = new Random(Long.getLong("seed", 1));
        for (int i = 0; i < 20_000; i++) {
            final byte[] bytes = new byte[random.nextInt(64)];
            random.nextBytes(bytes);
            if (bytes.length > 0 && random.nextBoolean()) {
                bytes[0] = 1;
            }
            try {
                QuorumMessage.parse(bytes);
            } catch (final IOException malformed) {
                continue;
            }
        }
    }
}
