package io.ringvault.anchor.quorum;

import io.ringvault.crypto.LentKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;

/**
 * A question to a peer or its answer ({@code docs/format.md}, section 9), and the frame in which it travels. Immutable;
 * any thread.
 *
 * <pre>
 *  message: version u8 = 1 · op u8 · stamp 16 · name u16 + bytes · first record u16 + bytes ·
 *           second record u16 + bytes
 *  frame:   length u32 · message · HMAC-SHA-256
 * </pre>
 * Big-endian. The MAC is under the group's secret, over the label "question" and the message, or "answer", the whole
 * question and the message: an answer fits one question only.
 *
 * @param op     what is asked, or how it ended
 * @param stamp  16 bytes that no other question has
 * @param name   of the anchor
 * @param first  SWAP: the record expected, empty for none; answers: the record there is, empty for none
 * @param second SWAP: the record to be
 */
public record QuorumMessage(int op, byte[] stamp, String name, byte[] first, byte[] second) {
    /** The record that a majority agrees on. */
    public static final int READ = 1;
    /** Replace the record if it is the one expected. */
    public static final int SWAP = 2;
    /** The record that this one peer has. */
    public static final int LOCAL = 3;
    /** Answer: done. */
    public static final int OK = 16;
    /** Answer: another record is there. */
    public static final int MISMATCH = 17;
    /** Answer: no majority could be reached, or the outcome is unknown. */
    public static final int UNAVAILABLE = 18;
    /** Answer: the peers keep as many anchors as they can. */
    public static final int FULL = 19;

    /** Bytes of a stamp. */
    public static final int STAMP_BYTES = 16;
    private static final int VERSION = 1;
    private static final int NAME_BYTES_MAX = 200;
    private static final int RECORD_BYTES_MAX = 1024;
    private static final int MAC_BYTES = 32;
    private static final int FRAME_BYTES_MAX = 4096;
    private static final byte[] NOTHING = new byte[0];

    /** An answer to this question. */
    public QuorumMessage answer(final int outcome, final byte[] record) {
        return new QuorumMessage(outcome, stamp, name, record, NOTHING);
    }

    /** The message without its frame. */
    public byte[] toBytes() {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeByte(op);
            out.write(stamp);
            final byte[] text = name.getBytes(StandardCharsets.UTF_8);
            for (final byte[] each : new byte[][] {text, first, second}) {
                out.writeShort(each.length);
                out.write(each);
            }
        } catch (final IOException impossible) {
            throw new IllegalStateException("writing to memory failed", impossible);
        }
        return bytes.toByteArray();
    }

    /** Throws IOException when the bytes are no message. */
    public static QuorumMessage parse(final byte[] bytes) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            if (in.readUnsignedByte() != VERSION) {
                throw new IOException("a message of another version");
            }
            final int op = in.readUnsignedByte();
            final byte[] stamp = exactly(in, STAMP_BYTES);
            final byte[] name = exactly(in, bounded(in, NAME_BYTES_MAX));
            final byte[] first = exactly(in, bounded(in, RECORD_BYTES_MAX));
            final byte[] second = exactly(in, bounded(in, RECORD_BYTES_MAX));
            if (in.available() > 0) {
                throw new IOException(in.available() + " bytes behind the message");
            }
            return new QuorumMessage(op, stamp, new String(name, StandardCharsets.UTF_8), first, second);
        }
    }

    private static int bounded(final DataInputStream in, final int most) throws IOException {
        final int length = in.readUnsignedShort();
        if (length > most) {
            throw new IOException("a field of " + length + " bytes, allowed are " + most);
        }
        return length;
    }

    private static byte[] exactly(final DataInputStream in, final int length) throws IOException {
        final byte[] bytes = new byte[length];
        in.readFully(bytes);
        return bytes;
    }

    /** Writes a frame; {@code question} is null for a question, and the question's bytes for its answer. */
    public void send(final DataOutputStream out, final byte[] secret, final byte[] question) throws IOException {
        final byte[] message = toBytes();
        final byte[] mac = mac(secret, question, message);
        out.write(ByteBuffer.allocate(4 + message.length + mac.length).putInt(message.length + mac.length).put(message)
            .put(mac).array()); // In one packet.
        out.flush();
    }

    /** Reads a frame; throws IOException when it is cut, malformed, or does not carry the group's MAC. */
    public static QuorumMessage receive(final DataInputStream in, final byte[] secret, final byte[] question)
        throws IOException {
        final int length = in.readInt();
        if (length < MAC_BYTES || length > FRAME_BYTES_MAX) {
            throw new IOException("a frame of " + length + " bytes");
        }
        final byte[] frame = exactly(in, length);
        final byte[] message = Arrays.copyOf(frame, length - MAC_BYTES);
        if (!MessageDigest.isEqual(mac(secret, question, message),
            Arrays.copyOfRange(frame, length - MAC_BYTES, length))) {
            throw new IOException("a message without the group's MAC: another secret, or something changed it");
        }
        return parse(message);
    }

    private static byte[] mac(final byte[] secret, final byte[] question, final byte[] message) {
        try {
            final Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new LentKey(secret, "HmacSHA256"));
            mac.update((question == null ? "question" : "answer").getBytes(StandardCharsets.US_ASCII));
            mac.update(question == null ? NOTHING : question);
            return mac.doFinal(message);
        } catch (final GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no HmacSHA256 (module java.base)", missing);
        }
    }
}
