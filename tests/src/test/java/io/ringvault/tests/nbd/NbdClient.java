package io.ringvault.tests.nbd;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * One connection, one request at a time (or {@link #send} and {@link #receive} for several). Written from the
 * protocol text of
 * the NBD project (doc/proto.md). A broken connection shows as IOException; an error reply as {@link NbdError}.
 */
public final class NbdClient implements AutoCloseable {
    /** Command types. */
    public static final int READ = 0;
    /** Command type. */
    public static final int WRITE = 1;
    /** Command type. */
    public static final int FLUSH = 3;
    /** Command type. */
    public static final int TRIM = 4;
    /** Command type. */
    public static final int WRITE_ZEROES = 6;
    /** Command flag: force unit access. */
    public static final int FLAG_FUA = 1;

    private static final long INIT_MAGIC = 0x4e42444d41474943L;
    private static final long OPTION_MAGIC = 0x49484156454F5054L;
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    private static final int CHUNK_MAGIC = 0x668e33ef;
    private static final int OPT_GO = 7;
    private static final int OPT_STRUCTURED_REPLY = 8;
    private static final int REP_ACK = 1;
    private static final int REP_INFO = 3;
    private static final int DISCONNECT = 2;

    private final SocketChannel channel;
    private final DataInputStream in;
    private final DataOutputStream out;
    private long sizeBytes;
    private int flags;
    private boolean structured;
    private long nextHandle = 1;

    /** The server answered with an error. */
    public static final class NbdError extends IOException {
        private static final long serialVersionUID = 1L;
        /** The NBD error number. */
        public final int error;

        NbdError(final int error, final String text) {
            super("NBD error " + error + (text.isEmpty() ? "" : ": " + text));
            this.error = error;
        }
    }

    /** A reply that was received. */
    public record Reply(long handle, int error) {
    }

    /** Connects and negotiates. */
    public NbdClient(final Path socket, final boolean structuredReplies) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            in = new DataInputStream(new java.io.BufferedInputStream(Channels.newInputStream(channel), 1 << 16));
            out = new DataOutputStream(new java.io.BufferedOutputStream(Channels.newOutputStream(channel), 1 << 17));
            negotiate(structuredReplies);
        } catch (final IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    /** Size of the export. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Transmission flags. */
    public int transmissionFlags() {
        return flags;
    }

    /** Whether replies are structured. */
    public boolean structured() {
        return structured;
    }

    /** Reads and waits. */
    public void read(final long offset, final byte[] target, final int targetOffset,
        final int length) throws IOException {
        final long handle = send(READ, 0, offset, length, null, 0);
        final Reply reply = receive(target, targetOffset, length, offset);
        expect(handle, reply);
    }

    /** Writes and waits. */
    public void write(final long offset, final byte[] source, final int sourceOffset, final int length,
        final boolean fua)
        throws IOException {
        expect(send(WRITE, fua ? FLAG_FUA : 0, offset, length, source, sourceOffset), receive(null, 0, 0, 0));
    }

    /** Flushes and waits. */
    public void flush() throws IOException {
        expect(send(FLUSH, 0, 0, 0, null, 0), receive(null, 0, 0, 0));
    }

    /** Discards and waits. */
    public void trim(final long offset, final int length) throws IOException {
        expect(send(TRIM, 0, offset, length, null, 0), receive(null, 0, 0, 0));
    }

    /** Writes zeros and waits. */
    public void writeZeroes(final long offset, final int length) throws IOException {
        expect(send(WRITE_ZEROES, 0, offset, length, null, 0), receive(null, 0, 0, 0));
    }

    /** Sends one request; its handle. Writes take their payload from {@code source}. */
    public long send(final int type, final int commandFlags, final long offset, final int length, final byte[] source,
        final int sourceOffset) throws IOException {
        final long handle = nextHandle++;
        out.writeInt(REQUEST_MAGIC);
        out.writeShort(commandFlags);
        out.writeShort(type);
        out.writeLong(handle);
        out.writeLong(offset);
        out.writeInt(length);
        if (type == WRITE) {
            out.write(source, sourceOffset, length);
        }
        out.flush();
        return handle;
    }

    /**
     * Waits for one reply; data of a read at {@code readOffset} goes to the target. At most one read may be under
     * way.
     */
    public Reply receive(final byte[] target, final int targetOffset, final int length, final long readOffset)
        throws IOException {
        int error = 0;
        int filled = 0;
        while (true) {
            final int magic = in.readInt();
            if (magic == SIMPLE_REPLY_MAGIC) {
                error = in.readInt();
                final long handle = in.readLong();
                if (error == 0 && length > 0) {
                    in.readFully(target, targetOffset, length);
                }
                return new Reply(handle, error);
            }
            if (magic != CHUNK_MAGIC) {
                throw new IOException(String.format("bad reply magic %08x", magic));
            }
            final boolean done = (in.readShort() & 1) != 0;
            final int type = in.readShort() & 0xFFFF;
            final long handle = in.readLong();
            final int chunkLength = in.readInt();
            switch (type) {
                case 0 -> { }
                case 1 -> {
                    final int at = (int) (in.readLong() - readOffset);
                    in.readFully(target, targetOffset + at, chunkLength - 8);
                    filled += chunkLength - 8;
                }
                case 2 -> {
                    final int at = (int) (in.readLong() - readOffset);
                    final int hole = in.readInt();
                    java.util.Arrays.fill(target, targetOffset + at, targetOffset + at + hole, (byte) 0);
                    filled += hole;
                }
                default -> {
                    final byte[] payload = in.readNBytes(chunkLength);
                    if (payload.length != chunkLength) {
                        throw new EOFException();
                    }
                    if (type >= 32768) {
                        error = ByteBuffer.wrap(payload).getInt();
                    } else {
                        throw new IOException("unknown structured reply type " + type);
                    }
                }
            }
            if (done) {
                if (error == 0 && filled != length) {
                    throw new IOException("a read of " + length + " bytes was answered with " + filled);
                }
                return new Reply(handle, error);
            }
        }
    }

    private static void expect(final long handle, final Reply reply) throws IOException {
        if (reply.handle != handle) {
            throw new IOException("reply to request " + reply.handle + " instead of " + handle);
        }
        if (reply.error != 0) {
            throw new NbdError(reply.error, "");
        }
    }

    private void negotiate(final boolean wantStructured) throws IOException {
        if (in.readLong() != INIT_MAGIC || in.readLong() != OPTION_MAGIC) {
            throw new IOException("not a newstyle NBD server");
        }
        final int handshake = in.readShort();
        if ((handshake & 1) == 0) {
            throw new IOException("not fixed newstyle: flags " + handshake);
        }
        out.writeInt(handshake & 3);
        if (wantStructured) {
            option(OPT_STRUCTURED_REPLY, new byte[0]);
            structured = optionReply(OPT_STRUCTURED_REPLY) == REP_ACK;
        }
        option(OPT_GO, new byte[6]);
        while (true) {
            final int type = optionReply(OPT_GO);
            if (type == REP_ACK) {
                return;
            }
            if (type < 0) {
                throw new IOException(String.format("OPT_GO refused: %08x", type));
            }
        }
    }

    private void option(final int option, final byte[] data) throws IOException {
        out.writeLong(OPTION_MAGIC);
        out.writeInt(option);
        out.writeInt(data.length);
        out.write(data);
        out.flush();
    }

    private int optionReply(final int option) throws IOException {
        if (in.readLong() != OPTION_REPLY_MAGIC || in.readInt() != option) {
            throw new IOException("bad option reply");
        }
        final int type = in.readInt();
        final byte[] data = in.readNBytes(in.readInt());
        if (type == REP_INFO && data.length >= 12 && ByteBuffer.wrap(data).getShort() == 0) {
            sizeBytes = ByteBuffer.wrap(data).getLong(2);
            flags = ByteBuffer.wrap(data).getShort(10) & 0xFFFF;
        }
        return type;
    }

    @Override
    public void close() throws IOException {
        try {
            out.writeInt(REQUEST_MAGIC);
            out.writeShort(0);
            out.writeShort(DISCONNECT);
            out.writeLong(nextHandle);
            out.writeLong(0);
            out.writeInt(0);
            out.flush();
        } catch (final IOException alreadyGone) {
            // The server may be dead: that is what the kill test is about.
        } finally {
            channel.close();
        }
    }
}
