package io.ringvault.nbd;

import static io.ringvault.nbd.NbdProtocol.CAN_MULTI_CONN;
import static io.ringvault.nbd.NbdProtocol.FLAG_FIXED_NEWSTYLE;
import static io.ringvault.nbd.NbdProtocol.FLAG_NO_ZEROES;
import static io.ringvault.nbd.NbdProtocol.HAS_FLAGS;
import static io.ringvault.nbd.NbdProtocol.INFO_BLOCK_SIZE;
import static io.ringvault.nbd.NbdProtocol.INFO_DESCRIPTION;
import static io.ringvault.nbd.NbdProtocol.INFO_EXPORT;
import static io.ringvault.nbd.NbdProtocol.INFO_NAME;
import static io.ringvault.nbd.NbdProtocol.INIT_MAGIC;
import static io.ringvault.nbd.NbdProtocol.MAX_REQUEST_BYTES;
import static io.ringvault.nbd.NbdProtocol.OPTION_HEADER_BYTES;
import static io.ringvault.nbd.NbdProtocol.OPTION_MAGIC;
import static io.ringvault.nbd.NbdProtocol.OPTION_REPLY_MAGIC;
import static io.ringvault.nbd.NbdProtocol.OPT_ABORT;
import static io.ringvault.nbd.NbdProtocol.OPT_EXPORT_NAME;
import static io.ringvault.nbd.NbdProtocol.OPT_GO;
import static io.ringvault.nbd.NbdProtocol.OPT_INFO;
import static io.ringvault.nbd.NbdProtocol.OPT_LIST;
import static io.ringvault.nbd.NbdProtocol.OPT_STARTTLS;
import static io.ringvault.nbd.NbdProtocol.OPT_STRUCTURED_REPLY;
import static io.ringvault.nbd.NbdProtocol.PREFERRED_BLOCK_BYTES;
import static io.ringvault.nbd.NbdProtocol.READ_ONLY;
import static io.ringvault.nbd.NbdProtocol.REP_ACK;
import static io.ringvault.nbd.NbdProtocol.REP_ERR_INVALID;
import static io.ringvault.nbd.NbdProtocol.REP_ERR_TOO_BIG;
import static io.ringvault.nbd.NbdProtocol.REP_ERR_UNKNOWN;
import static io.ringvault.nbd.NbdProtocol.REP_ERR_UNSUP;
import static io.ringvault.nbd.NbdProtocol.REP_INFO;
import static io.ringvault.nbd.NbdProtocol.REP_SERVER;
import static io.ringvault.nbd.NbdProtocol.SEND_DF;
import static io.ringvault.nbd.NbdProtocol.SEND_FLUSH;
import static io.ringvault.nbd.NbdProtocol.SEND_FUA;
import static io.ringvault.nbd.NbdProtocol.SEND_TRIM;
import static io.ringvault.nbd.NbdProtocol.SEND_WRITE_ZEROES;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The fixed newstyle handshake of one connection (doc/proto.md, "Fixed newstyle negotiation"). Runs once, on the
 * connection's thread, against a deadline, so that a silent or slow client holds its place for a bounded time only.
 */
final class NbdHandshake {
    /** Longest option data taken; the protocol's strings are at most 4096 bytes. */
    private static final int MAX_OPTION_BYTES = 64 * 1024;
    /** Longest option data skipped with a polite error before the connection is dropped instead. */
    private static final int MAX_SKIPPED_BYTES = 1 << 20;

    /** How the handshake ended. */
    enum Outcome {
        /** The client went on to transmission. */
        TRANSMISSION,
        /** The client said good-bye, or must be dropped. */
        ENDED
    }

    private final NbdChannel channel;
    private final NbdExport export;
    private final long deadlineNs;
    private final ByteBuffer in = ByteBuffer.allocateDirect(MAX_OPTION_BYTES);
    private final ByteBuffer out = ByteBuffer.allocateDirect(8192);
    private boolean structuredReplies;
    private boolean noZeroes;

    NbdHandshake(final NbdChannel channel, final NbdExport export, final long deadlineNs) {
        this.channel = channel;
        this.export = export;
        this.deadlineNs = deadlineNs;
    }

    /** Whether the client asked for structured replies; known after {@link #run}. */
    boolean structuredReplies() {
        return structuredReplies;
    }

    /** Negotiates; throws when the client hangs up, is too slow, or the server stops. */
    Outcome run() throws IOException {
        out.clear();
        out.putLong(INIT_MAGIC).putLong(OPTION_MAGIC).putShort((short) (FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES));
        send();
        receive(4);
        final int clientFlags = in.getInt();
        if ((clientFlags & ~(FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES)) != 0) {
            return Outcome.ENDED;
        }
        noZeroes = (clientFlags & FLAG_NO_ZEROES) != 0;
        while (true) {
            receive(OPTION_HEADER_BYTES);
            final long magic = in.getLong();
            final int option = in.getInt();
            final int length = in.getInt();
            if (magic != OPTION_MAGIC) {
                return Outcome.ENDED;
            }
            if (length < 0 || length > MAX_OPTION_BYTES) {
                if (length < 0 || length > MAX_SKIPPED_BYTES || option == OPT_EXPORT_NAME) {
                    return Outcome.ENDED;
                }
                skip(length);
                reply(option, REP_ERR_TOO_BIG, "option data longer than " + MAX_OPTION_BYTES + " bytes");
                continue;
            }
            receive(length);
            final Outcome outcome = answer(option, length);
            if (outcome != null) {
                return outcome;
            }
        }
    }

    private Outcome answer(final int option, final int length) throws IOException {
        switch (option) {
            case OPT_EXPORT_NAME -> {
                if (!known(text(length))) {
                    return Outcome.ENDED;
                }
                out.clear();
                out.putLong(export.sizeBytes()).putShort((short) transmissionFlags());
                if (!noZeroes) {
                    out.put(new byte[124]);
                }
                send();
                return Outcome.TRANSMISSION;
            }
            case OPT_ABORT -> {
                reply(option, REP_ACK, "");
                return Outcome.ENDED;
            }
            case OPT_LIST -> {
                if (length != 0) {
                    reply(option, REP_ERR_INVALID, "NBD_OPT_LIST carries no data");
                } else {
                    begin(option, REP_SERVER, 4);
                    out.putInt(0);
                    send();
                    reply(option, REP_ACK, "");
                }
            }
            case OPT_STRUCTURED_REPLY -> {
                if (length != 0) {
                    reply(option, REP_ERR_INVALID, "NBD_OPT_STRUCTURED_REPLY carries no data");
                } else {
                    structuredReplies = true;
                    reply(option, REP_ACK, "");
                }
            }
            case OPT_INFO, OPT_GO -> {
                if (inform(option, length) && option == OPT_GO) {
                    return Outcome.TRANSMISSION;
                }
            }
            case OPT_STARTTLS -> reply(option, REP_ERR_UNSUP,
                "no TLS: a unix-domain socket is guarded by its file mode");
            default -> reply(option, REP_ERR_UNSUP, "option " + Integer.toUnsignedString(option) + " is not supported");
        }
        return null;
    }

    private boolean inform(final int option, final int length) throws IOException {
        final int nameLength = length < 6 ? -1 : in.getInt();
        if (nameLength < 0 || nameLength > length - 6) {
            reply(option, REP_ERR_INVALID, "the export name does not fit its option");
            return false;
        }
        final String name = text(nameLength);
        final int requests = in.getShort() & 0xFFFF;
        if (length != 6 + nameLength + 2 * requests) {
            reply(option, REP_ERR_INVALID, requests + " information requests do not fit their option");
            return false;
        }
        if (!known(name)) {
            reply(option, REP_ERR_UNKNOWN, "no such export; the only one has the empty name");
            return false;
        }
        boolean wantsName = false;
        boolean wantsDescription = false;
        for (int i = 0; i < requests; i++) {
            final int request = in.getShort() & 0xFFFF;
            wantsName |= request == INFO_NAME;
            wantsDescription |= request == INFO_DESCRIPTION;
        }
        begin(option, REP_INFO, 12);
        out.putShort((short) INFO_EXPORT).putLong(export.sizeBytes()).putShort((short) transmissionFlags());
        send();
        begin(option, REP_INFO, 14);
        out.putShort((short) INFO_BLOCK_SIZE).putInt(1).putInt(PREFERRED_BLOCK_BYTES).putInt(MAX_REQUEST_BYTES);
        send();
        if (wantsName) {
            informText(option, INFO_NAME, "");
        }
        if (wantsDescription) {
            informText(option, INFO_DESCRIPTION, export.description());
        }
        reply(option, REP_ACK, "");
        return true;
    }

    private void informText(final int option, final int kind, final String text) throws IOException {
        final byte[] bytes = bounded(text);
        begin(option, REP_INFO, 2 + bytes.length);
        out.putShort((short) kind).put(bytes);
        send();
    }

    private int transmissionFlags() {
        final int common = HAS_FLAGS | SEND_FLUSH | SEND_FUA | CAN_MULTI_CONN | (structuredReplies ? SEND_DF : 0);
        return common | (export.readOnly() ? READ_ONLY : SEND_TRIM | SEND_WRITE_ZEROES);
    }

    private static boolean known(final String name) {
        return name.isEmpty();
    }

    private String text(final int length) {
        final byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bounded(final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= 4096 ? bytes : java.util.Arrays.copyOf(bytes, 4096);
    }

    private void reply(final int option, final int type, final String text) throws IOException {
        final byte[] bytes = bounded(text);
        begin(option, type, bytes.length);
        out.put(bytes);
        send();
    }

    private void begin(final int option, final int type, final int length) {
        out.clear();
        out.putLong(OPTION_REPLY_MAGIC).putInt(option).putInt(type).putInt(length);
    }

    private void send() throws IOException {
        channel.writeFully(out.flip(), deadlineNs);
    }

    private void receive(final int length) throws IOException {
        in.clear().limit(length);
        channel.readFully(in, deadlineNs);
        in.flip();
    }

    private void skip(final int length) throws IOException {
        int left = length;
        while (left > 0) {
            final int step = Math.min(left, in.capacity());
            receive(step);
            left -= step;
        }
    }
}
