package io.ringvault.tests.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Random;

/**
 * What one hostile NBD client says: a handshake and requests, sound or not, all of it made up beforehand, sent in
 * pieces, cut anywhere, read or not read. One thread; nothing here waits for the server, so that several of these can
 * be held at once.
 */
final class NbdConversation implements AutoCloseable {
    private static final int WRITE = 1;
    private static final int DISCONNECT = 2;
    private static final int FLUSH = 3;
    private static final int ZEROES = 6;
    private static final int[] TYPES = {0, 0, 0, WRITE, WRITE, WRITE, FLUSH, 4, ZEROES, 0, 5, 7, 8, 99, 0xFFFF};
    private static final int[] OPTIONS = {3, 5, 6, 8, 9, 10, 11, 0, 12, -1, 1 << 20};
    private static final long[] OFFSETS = {0, -1, 1, 4095, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 31, 1L << 32,
        1L << 40};
    private static final int[] LENGTHS = {0, 1, 511, 4096, 4097, -1, Integer.MIN_VALUE, Integer.MAX_VALUE,
        (32 << 20) + 1, (64 << 20) + 1};
    private static final int LARGEST_PAYLOAD = (2 << 20) + 700;

    /** How it leaves. */
    private enum End { HALF_CLOSE, GOOD_BYE, CLOSE, CUT_HALF_CLOSE, CUT_CLOSE, DEAF }

    private final Random random;
    private final long sizeBytes;
    private final long privateBytes;
    private final NbdExpectations expected = new NbdExpectations();
    private final ByteArrayOutputStream script = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(script);
    /** Whether it may say what no server can follow. */
    private final boolean liar;
    private final End end;
    private final ByteBuffer toSend;
    private final ByteBuffer input = ByteBuffer.allocate(1 << 16);
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private SocketChannel channel;
    private boolean sent;
    private boolean ended;

    /**
     * @param sizeBytes    of the export
     * @param privateBytes at its beginning that this client must not change: others keep what they check there
     */
    NbdConversation(final Random random, final long sizeBytes, final long privateBytes) throws IOException {
        this.random = random;
        this.sizeBytes = sizeBytes;
        this.privateBytes = privateBytes;
        liar = random.nextBoolean();
        end = End.values()[random.nextInt(liar ? End.values().length : End.CLOSE.ordinal() + 1)];
        handshake();
        byte[] all = script.toByteArray();
        if (end == End.CUT_CLOSE || end == End.CUT_HALF_CLOSE) {
            expected.lie();
            all = java.util.Arrays.copyOf(all, random.nextInt(all.length + 1));
        }
        toSend = ByteBuffer.wrap(all);
    }

    private boolean oneIn(final int count) {
        return random.nextInt(count) == 0;
    }

    private boolean lieOneIn(final int count) {
        return liar && oneIn(count);
    }

    // ---- the script

    private void handshake() throws IOException {
        final int flags = lieOneIn(12) ? random.nextInt() : 1 + 2 * random.nextInt(2);
        out.writeInt(flags);
        expected.clientFlags(flags);
        for (int options = random.nextInt(5); options > 0; options--) {
            option();
        }
        if (lieOneIn(15)) { // transmission before it was agreed on
            request();
            expected.lie();
        }
        if (oneIn(25)) {
            option(2, new byte[0], 0);
            expected.option(2, true);
        }
        if (oneIn(6)) {
            option(1, new byte[0], 0);
            expected.option(1, true);
        } else if (!oneIn(10)) {
            option(7, new byte[6], 0);
            expected.option(7, true);
        }
        for (int requests = random.nextInt(16); requests > 0; requests--) {
            request();
        }
        if (end == End.GOOD_BYE) {
            header(0x25609513, 0, DISCONNECT, 0, 0, 0);
        }
    }

    private void option() throws IOException {
        final int kind = OPTIONS[random.nextInt(OPTIONS.length)];
        final byte[] data = new byte[kind == 6 ? 6 + 2 * random.nextInt(4) : kind == 8 || kind == 3 ? 0
            : random.nextInt(oneIn(4) ? 5000 : 40)];
        if (kind == 6) {
            data[5] = (byte) ((data.length - 6) / 2);
            for (int at = 7; at < data.length; at += 2) {
                data[at] = (byte) random.nextInt(5);
            }
        }
        final boolean sound = !lieOneIn(8);
        if (!sound && data.length > 0 && random.nextBoolean()) {
            Mutations.change(random, data, 0, data.length, new byte[64]);
            option(kind, data, 0);
            expected.option(kind, false);
        } else if (!sound) {
            option(kind, data, random.nextBoolean() ? random.nextInt(9) - 4
                : LENGTHS[random.nextInt(LENGTHS.length)]);
            expected.lie();
        } else {
            option(kind, data, 0);
            expected.option(kind, kind != 6 || data.length >= 6);
        }
    }

    private void option(final int kind, final byte[] data, final int lie) throws IOException {
        out.writeLong(lieOneIn(60) ? expected.lie() : 0x49484156454F5054L);
        out.writeInt(kind);
        out.writeInt(data.length + lie);
        out.write(data);
    }

    private void header(final int magic, final int flags, final int type, final long cookie, final long offset,
        final int length) throws IOException {
        out.writeInt(magic);
        out.writeShort(flags);
        out.writeShort(type);
        out.writeLong(cookie);
        out.writeLong(offset);
        out.writeInt(length);
    }

    private void request() throws IOException {
        final int type = TYPES[random.nextInt(TYPES.length)];
        final int flags = oneIn(6) ? 1 << random.nextInt(liar || type != 0 ? 6 : 2)
            : type == FLUSH ? 0 : random.nextInt(2);
        int length = type == FLUSH ? 0 : oneIn(8) ? LENGTHS[random.nextInt(LENGTHS.length)]
            : 1 + random.nextInt(oneIn(25) ? LARGEST_PAYLOAD : 20_000);
        long offset = type == FLUSH ? 0 : oneIn(8) ? OFFSETS[random.nextInt(OFFSETS.length)]
            : oneIn(16) ? sizeBytes - random.nextInt(9000)
            : privateBytes + random.nextInt((int) (sizeBytes - privateBytes - LARGEST_PAYLOAD));
        final boolean changes = type == WRITE || type == 4 || type == ZEROES;
        if (changes && offset >= 0 && offset < privateBytes) {
            offset += privateBytes;
        }
        if (type == ZEROES && length > 1 << 20) { // whole volumes of zeros take their time
            length = 1 << 20;
        }
        if (type == WRITE && !liar && (length < 0 || length > LARGEST_PAYLOAD)) { // it could not be sent in full
            length = LARGEST_PAYLOAD;
        }
        final long unsigned = Integer.toUnsignedLong(length);
        final long cookie = expected.request(type, flags, offset, unsigned, sizeBytes);
        header(lieOneIn(200) ? (int) expected.lie() : 0x25609513, flags, type, cookie, offset, length);
        if (type != WRITE) {
            return;
        }
        final int payload = (int) Math.min(unsigned, LARGEST_PAYLOAD);
        if (payload != unsigned) {
            expected.lie();
        }
        final byte[] bytes = new byte[payload];
        random.nextBytes(bytes);
        out.write(bytes, 0, lieOneIn(40) ? (int) Math.min(payload, expected.lie()) : payload);
    }

    // ---- how it goes

    /** Connects. */
    NbdConversation open(final Path socket) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        channel.configureBlocking(false);
        return this;
    }

    /** Whether it is over for this client. */
    boolean over() {
        return ended;
    }

    /** Sends a piece, takes what there is, or leaves; whether anything moved. */
    boolean step() throws IOException {
        if (ended) {
            return false;
        }
        try {
            boolean moved = send();
            if (end != End.DEAF) {
                moved |= take();
            }
            if (sent && (end == End.CLOSE || end == End.CUT_CLOSE || end == End.DEAF)) {
                leave();
            }
            return moved || ended;
        } catch (final IOException hungUp) {
            leave(); // Being hung up on is what a lie deserves, and what the check below decides about.
            return true;
        }
    }

    private boolean send() throws IOException {
        if (sent) {
            return false;
        }
        final ByteBuffer piece = toSend.slice(toSend.position(), Math.min(toSend.remaining(),
            oneIn(3) ? 1 + random.nextInt(64) : 1 << 17));
        final int count;
        try {
            count = channel.write(piece);
        } catch (final IOException hungUp) {
            sent = true; // What it said before is still to be read.
            return true;
        }
        toSend.position(toSend.position() + count);
        if (!toSend.hasRemaining() || count == 0 && end == End.DEAF) {
            sent = true;
            // Behind a lie about a length the good-bye is taken for data: the server would wait for the rest of it.
            if (end == End.HALF_CLOSE || end == End.CUT_HALF_CLOSE || end == End.GOOD_BYE && expected.lied()) {
                channel.shutdownOutput();
            }
            return true;
        }
        return count > 0;
    }

    private boolean take() throws IOException {
        input.clear();
        final int count = channel.read(input);
        if (count < 0) {
            leave();
        } else {
            received.write(input.array(), 0, count);
        }
        return count != 0;
    }

    private void leave() throws IOException {
        ended = true;
        channel.close();
    }

    /** Compares what the server said with what it had to say; what became of the conversation, in a word. */
    String check() {
        return expected.check(ByteBuffer.wrap(received.toByteArray()), end == End.HALF_CLOSE || end == End.GOOD_BYE);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
