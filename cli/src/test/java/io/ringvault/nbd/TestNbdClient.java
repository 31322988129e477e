package io.ringvault.nbd;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A blocking NBD client with an encoder of its own: every number is written out again, none is taken from the server.
 */
final class TestNbdClient implements AutoCloseable {

    /** One reply to an option. */
    record OptionReply(int type, byte[] data) {
    }

    /** One reply of the transmission phase; {@code chunkType} is -1 for a simple one. */
    record Reply(long cookie, int error, int chunkType, boolean done, long offset, byte[] data) {
    }

    final SocketChannel channel;
    final DataInputStream in;
    final DataOutputStream out;
    long exportSize;
    int flags;
    boolean structured;

    TestNbdClient(final Path socket) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        in = new DataInputStream(Channels.newInputStream(channel));
        out = new DataOutputStream(new java.io.BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16));
    }

    /** The greeting, answered with the given client flags. */
    TestNbdClient greet(final int clientFlags) throws IOException {
        final byte[] greeting = in.readNBytes(18);
        if (!new String(greeting, 0, 16, StandardCharsets.US_ASCII).equals("NBDMAGICIHAVEOPT") || greeting[17] != 3) {
            throw new IOException("unexpected greeting");
        }
        out.writeInt(clientFlags);
        out.flush();
        return this;
    }

    void option(final int option, final byte[] data) throws IOException {
        out.writeBytes("IHAVEOPT");
        out.writeInt(option);
        out.writeInt(data.length);
        out.write(data);
        out.flush();
    }

    OptionReply optionReply(final int option) throws IOException {
        final long magic = in.readLong();
        final int echoed = in.readInt();
        final int type = in.readInt();
        final int length = in.readInt();
        if (magic != 0x0003e889045565a9L || echoed != option || length < 0 || length > 8192) {
            throw new IOException(String.format("bad option reply: magic %x option %d length %d", magic, echoed,
                length));
        }
        return new OptionReply(type, in.readNBytes(length));
    }

    /** Sends an option and collects its replies up to the acknowledgement or an error. */
    List<OptionReply> ask(final int option, final byte[] data) throws IOException {
        option(option, data);
        final List<OptionReply> replies = new ArrayList<>();
        do {
            replies.add(optionReply(option));
        } while (replies.getLast().type() > 1);
        return replies;
    }

    static byte[] infoData(final String name, final int... requests) throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final DataOutputStream data = new DataOutputStream(bytes);
        data.writeInt(name.length());
        data.writeBytes(name);
        data.writeShort(requests.length);
        for (final int request : requests) {
            data.writeShort(request);
        }
        return bytes.toByteArray();
    }

    /** The usual way in: greeting, structured replies if wanted, NBD_OPT_GO. */
    static TestNbdClient open(final Path socket, final boolean structured) throws IOException {
        final TestNbdClient client = new TestNbdClient(socket).greet(3);
        if (structured) {
            if (client.ask(8, new byte[0]).getFirst().type() != 1) {
                throw new IOException("no structured replies");
            }
            client.structured = true;
        }
        for (final OptionReply reply : client.ask(7, infoData("", 3))) {
            final java.nio.ByteBuffer data = java.nio.ByteBuffer.wrap(reply.data());
            if (reply.type() == 3 && data.getShort() == 0) {
                client.exportSize = data.getLong();
                client.flags = data.getShort() & 0xFFFF;
            }
        }
        return client;
    }

    void request(final int type, final int commandFlags, final long cookie, final long offset, final int length,
            final byte[] payload) throws IOException {
        out.writeInt(0x25609513);
        out.writeShort(commandFlags);
        out.writeShort(type);
        out.writeLong(cookie);
        out.writeLong(offset);
        out.writeInt(length);
        out.write(payload);
    }

    /** Reads one reply or chunk; {@code readLength} is the data that a successful simple reply to a read carries. */
    Reply reply(final int readLength) throws IOException {
        final int magic = in.readInt();
        if (magic == 0x67446698) {
            final int error = in.readInt();
            final long cookie = in.readLong();
            return new Reply(cookie, error, -1, true, 0, error == 0 ? exactly(readLength) : new byte[0]);
        }
        if (magic != 0x668e33ef) {
            throw new IOException(String.format("bad reply magic %x", magic));
        }
        final boolean done = (in.readShort() & 1) != 0;
        final int type = in.readShort() & 0xFFFF;
        final long cookie = in.readLong();
        final int length = in.readInt();
        switch (type) {
            case 0 -> {
                return new Reply(cookie, 0, 0, done, 0, exactly(length));
            }
            case 1 -> {
                final long offset = in.readLong();
                return new Reply(cookie, 0, 1, done, offset, exactly(length - 8));
            }
            case 0x8001, 0x8002 -> {
                final int error = in.readInt();
                final int textLength = in.readShort();
                exactly(textLength);
                final long offset = type == 0x8002 ? in.readLong() : -1;
                if (length != 6 + textLength + (type == 0x8002 ? 8 : 0)) {
                    throw new IOException("an error chunk whose lengths disagree");
                }
                return new Reply(cookie, error, type, done, offset, new byte[0]);
            }
            default -> throw new IOException("chunk type " + type);
        }
    }

    private byte[] exactly(final int length) throws IOException {
        final byte[] bytes = in.readNBytes(length);
        if (bytes.length != length) {
            throw new EOFException();
        }
        return bytes;
    }

    /** One request and its whole answer. Data of several chunks is put together. */
    Reply call(final int type, final int commandFlags, final long offset, final int length, final byte[] payload)
            throws IOException {
        final long cookie = 0x1122334455667788L + offset;
        request(type, commandFlags, cookie, offset, length, payload);
        out.flush();
        final byte[] whole = new byte[type == 0 ? length : 0];
        int error = 0;
        int chunks = 0;
        while (true) {
            final Reply reply = reply(type == 0 ? length : 0);
            if (reply.cookie() != cookie) {
                throw new IOException("reply to another request");
            }
            if (type == 0 && structured == (reply.chunkType() == -1)) {
                throw new IOException("a read answered in the wrong style");
            }
            chunks++;
            error = error == 0 ? reply.error() : error;
            if (reply.error() == 0 && reply.data().length > 0) {
                final int at = reply.chunkType() == -1 ? 0 : (int) (reply.offset() - offset);
                System.arraycopy(reply.data(), 0, whole, at, reply.data().length);
            }
            if (reply.done()) {
                return new Reply(cookie, error, chunks, true, offset, whole);
            }
        }
    }

    byte[] read(final long offset, final int length) throws IOException {
        final Reply reply = call(0, 0, offset, length, new byte[0]);
        if (reply.error() != 0) {
            throw new IOException("read error " + reply.error());
        }
        return reply.data();
    }

    int write(final long offset, final byte[] data, final boolean fua) throws IOException {
        return call(1, fua ? 1 : 0, offset, data.length, data).error();
    }

    /** Whether the server has hung up: the next byte is the end. */
    boolean ended() throws IOException {
        try {
            return in.read() < 0;
        } catch (final IOException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
