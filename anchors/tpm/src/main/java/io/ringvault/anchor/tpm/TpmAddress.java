package io.ringvault.anchor.tpm;

import io.ringvault.block.StorageException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Where the anchor is: {@code INDEX[@WHERE][?owner=FILE]}. INDEX is the handle of the non-volatile index, WHERE a
 * device ({@code /dev/tpmrm0} if left out) or {@code HOST:PORT} of a TPM that takes raw commands over TCP, as swtpm
 * does. FILE holds the owner hierarchy's password, which only making the anchor needs. Immutable.
 */
record TpmAddress(int index, String where, Path ownerFile) {
    private static final String DEVICE = "/dev/tpmrm0";
    private static final int INDEX_FIRST = 0x01000000;
    private static final int INDEX_LAST = 0x01FFFFFF;
    private static final int TIMEOUT_MS = 30_000;
    private static final int ANSWER_BYTES_MAX = 4096;
    private static final int HEADER_BYTES = 10;

    /** Throws CONFIGURATION when the text says no such thing. */
    static TpmAddress parse(final String spec, final String place) {
        final int question = place.indexOf("?owner=");
        final String main = question < 0 ? place : place.substring(0, question);
        final Path owner = question < 0 ? null : Path.of(place.substring(question + "?owner=".length()));
        final int at = main.indexOf('@');
        final String handle = at < 0 ? main : main.substring(0, at);
        try {
            final long index = Long.decode(handle);
            final String where = at < 0 ? DEVICE : main.substring(at + 1);
            if (index >= INDEX_FIRST && index <= INDEX_LAST && (where.startsWith("/") || port(where) > 0)) {
                return new TpmAddress((int) index, where, owner);
            }
        } catch (final NumberFormatException wrong) {
            // Said below.
        }
        throw StorageException.configuration("anchor '" + spec + "': write " + TpmAnchorProvider.FORM
            + " with an index from 0x01000000 to 0x01FFFFFF (owners use 0x01800000 to 0x01BFFFFF), for example "
            + "tpm:0x01800100@/dev/tpmrm0");
    }

    private static int port(final String where) {
        return Integer.parseInt(where.substring(where.lastIndexOf(':') + 1));
    }

    /** The text without what only making the anchor needs. */
    String spec() {
        return String.format("tpm:0x%08x@%s", index, where);
    }

    /** A way to the TPM for a few commands. */
    interface Link extends AutoCloseable {
        /** Sends a command and returns its whole answer. */
        byte[] transmit(byte[] command) throws IOException;

        @Override
        void close() throws IOException;
    }

    Link connect() throws IOException {
        return where.startsWith("/") ? new DeviceLink(new RandomAccessFile(where, "rw")) : new SocketLink(socket());
    }

    private Socket socket() throws IOException {
        final Socket socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MS);
            socket.connect(new InetSocketAddress(where.substring(0, where.lastIndexOf(':')), port(where)), TIMEOUT_MS);
            return socket;
        } catch (final IOException failed) {
            socket.close();
            throw failed;
        }
    }

    /** One write is one command, one read one answer; the kernel forgets the sessions at close. */
    private record DeviceLink(RandomAccessFile device) implements Link {
        @Override
        public byte[] transmit(final byte[] command) throws IOException {
            device.write(command);
            final byte[] answer = new byte[ANSWER_BYTES_MAX];
            final int length = device.read(answer);
            if (length < HEADER_BYTES) {
                throw new EOFException("the TPM answered " + length + " bytes");
            }
            return java.util.Arrays.copyOf(answer, length);
        }

        @Override
        public void close() throws IOException {
            device.close();
        }
    }

    private record SocketLink(Socket socket) implements Link {
        @Override
        public byte[] transmit(final byte[] command) throws IOException {
            final OutputStream out = socket.getOutputStream();
            out.write(command);
            out.flush();
            final InputStream in = socket.getInputStream();
            final byte[] header = in.readNBytes(HEADER_BYTES);
            final int length = header.length < HEADER_BYTES ? 0 : ByteBuffer.wrap(header).getInt(2);
            if (length < HEADER_BYTES || length > ANSWER_BYTES_MAX) {
                throw new EOFException("the TPM closed the connection or answered " + length + " bytes");
            }
            final byte[] rest = in.readNBytes(length - HEADER_BYTES);
            if (rest.length < length - HEADER_BYTES) {
                throw new EOFException("the TPM closed the connection within an answer");
            }
            return ByteBuffer.allocate(length).put(header).put(rest).array();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
