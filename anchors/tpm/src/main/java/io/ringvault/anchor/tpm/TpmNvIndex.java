package io.ringvault.anchor.tpm;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.RandomSource;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * The commands on one non-volatile index (TPM 2.0 Library, part 3, section 31), over one link. The index is of the
 * ordinary type; reading and writing need its secret, anybody may read it without proof, and the secret is changed by
 * who knows it. One thread.
 */
final class TpmNvIndex implements AutoCloseable {
    /** AUTHWRITE, WRITEALL, AUTHREAD, POLICYREAD, NO_DA. */
    private static final int ATTRIBUTES = 0x4 | 0x1000 | 0x40000 | 0x80000 | 0x2000000;
    private static final int WRITTEN = 0x20000000;
    private static final int NO_SESSIONS = 0x8001;
    private static final int SESSIONS = 0x8002;
    private static final int SHA256 = 0x000B;
    private static final int AES = 0x0006;
    private static final int CFB = 0x0043;
    private static final int ALG_NULL = 0x0010;
    private static final int RH_OWNER = 0x40000001;
    private static final int RH_NULL = 0x40000007;
    private static final int RS_PW = 0x40000009;
    private static final int NV_DEFINE_SPACE = 0x12A;
    private static final int NV_WRITE = 0x137;
    private static final int NV_CHANGE_AUTH = 0x13B;
    private static final int NV_READ = 0x14E;
    private static final int FLUSH_CONTEXT = 0x165;
    private static final int NV_READ_PUBLIC = 0x169;
    private static final int POLICY_AUTH_VALUE = 0x16B;
    private static final int POLICY_COMMAND_CODE = 0x16C;
    private static final int POLICY_OR = 0x171;
    private static final int START_AUTH_SESSION = 0x176;
    private static final int HEADER_BYTES = 10;
    private static final int BUSY_RETRIES = 50;

    private static final byte[] POLICY_READ = TpmSession.sha256(new byte[32], u32(POLICY_COMMAND_CODE), u32(NV_READ));
    private static final byte[] POLICY_CHANGE = TpmSession.sha256(
        TpmSession.sha256(new byte[32], u32(POLICY_COMMAND_CODE), u32(NV_CHANGE_AUTH)), u32(POLICY_AUTH_VALUE));
    private static final byte[] POLICY = TpmSession.sha256(new byte[32], u32(POLICY_OR), POLICY_READ, POLICY_CHANGE);
    private static final byte[] NOTHING = new byte[0];

    private final TpmAddress.Link link;
    private final int index;
    private final int dataBytes;
    private final RandomSource random;
    private byte[] name = NOTHING;

    TpmNvIndex(final TpmAddress.Link link, final int index, final int dataBytes, final RandomSource random) {
        this.link = link;
        this.index = index;
        this.dataBytes = dataBytes;
        this.random = random;
    }

    /** Makes the index with a secret of its own, under the owner's authority. */
    void define(final byte[] ownerAuth, final byte[] auth) throws IOException {
        final byte[] area = publicArea(ATTRIBUTES);
        final byte[] password = new TpmBuffer().u32(RS_PW).sized(NOTHING).u8(0).sized(ownerAuth).toBytes();
        final byte[] parameters = new TpmBuffer().sized(auth).sized(area).toBytes();
        try {
            send("TPM2_NV_DefineSpace", NV_DEFINE_SPACE, SESSIONS, new TpmBuffer().u32(RH_OWNER)
                .u32(password.length).raw(password).raw(parameters).toBytes());
        } finally {
            Arrays.fill(parameters, (byte) 0);
        }
    }

    /**
     * Reads what the index is; must be called before any of the following.
     *
     * @return false when it is not what {@link #define} makes
     */
    boolean look() throws IOException {
        final ByteBuffer answer = send("TPM2_NV_ReadPublic", NV_READ_PUBLIC, NO_SESSIONS, u32(index));
        final byte[] area = TpmSession.sized(answer);
        name = ByteBuffer.allocate(34).putShort((short) SHA256).put(TpmSession.sha256(area)).array();
        return Arrays.equals(area, publicArea(ATTRIBUTES)) || Arrays.equals(area, publicArea(ATTRIBUTES | WRITTEN));
    }

    private byte[] publicArea(final int attributes) {
        return new TpmBuffer().u32(index).u16(SHA256).u32(attributes).sized(POLICY).u16(dataBytes).toBytes();
    }

    /** The content without any proof that it is the TPM's. */
    byte[] readUnproven() throws IOException {
        return read(policy(NV_READ, NOTHING, 0), NOTHING);
    }

    /** The content, answered by a TPM that knows the secret to this very question. */
    byte[] read(final byte[] auth) throws IOException {
        return read(start(TpmSession.HMAC, auth, 0), auth);
    }

    private byte[] read(final TpmSession session, final byte[] auth) throws IOException {
        return TpmSession.sized(authorised("TPM2_NV_Read", NV_READ, session, new TpmBuffer().u32(index).u32(index)
            .toBytes(), 2, new TpmBuffer().u16(dataBytes).u16(0).toBytes(), auth));
    }

    /** Replaces the content; atomic, durable. */
    void write(final byte[] auth, final byte[] data) throws IOException {
        authorised("TPM2_NV_Write", NV_WRITE, start(TpmSession.HMAC, auth, 0), new TpmBuffer().u32(index).u32(index)
            .toBytes(), 2, new TpmBuffer().sized(data).u16(0).toBytes(), auth);
    }

    /** Replaces the secret; whoever uses the old one from now on is refused. The new one is encrypted on the way. */
    void changeAuth(final byte[] auth, final byte[] next) throws IOException {
        final TpmSession session = policy(NV_CHANGE_AUTH, auth, TpmSession.DECRYPT);
        final byte[] hidden = next.clone();
        session.encrypt(hidden);
        authorised("TPM2_NV_ChangeAuth", NV_CHANGE_AUTH, session, u32(index), 1,
            new TpmBuffer().sized(hidden).toBytes(), next);
    }

    /** A policy session that has taken one of the two branches. */
    private TpmSession policy(final int command, final byte[] auth, final int attributes) throws IOException {
        final TpmSession session = start(TpmSession.POLICY, auth, attributes);
        try {
            send("TPM2_PolicyCommandCode", POLICY_COMMAND_CODE, NO_SESSIONS, new TpmBuffer().u32(session.handle())
                .u32(command).toBytes());
            if (auth.length > 0) {
                send("TPM2_PolicyAuthValue", POLICY_AUTH_VALUE, NO_SESSIONS, u32(session.handle()));
            }
            send("TPM2_PolicyOR", POLICY_OR, NO_SESSIONS, new TpmBuffer().u32(session.handle()).u32(2)
                .sized(POLICY_READ).sized(POLICY_CHANGE).toBytes());
            return session;
        } catch (final IOException failed) {
            flush(session);
            throw failed;
        }
    }

    private TpmSession start(final int type, final byte[] auth, final int attributes) throws IOException {
        final byte[] nonce = random.bytes(TpmSession.NONCE_BYTES);
        final TpmBuffer command = new TpmBuffer().u32(RH_NULL).u32(RH_NULL).sized(nonce).sized(NOTHING).u8(type);
        if (attributes == TpmSession.DECRYPT) {
            command.u16(AES).u16(128).u16(CFB);
        } else {
            command.u16(ALG_NULL);
        }
        final ByteBuffer answer = send("TPM2_StartAuthSession", START_AUTH_SESSION, NO_SESSIONS,
            command.u16(SHA256).toBytes());
        return new TpmSession(answer.getInt(), TpmSession.sized(answer), random.bytes(TpmSession.NONCE_BYTES), auth,
            attributes);
    }

    /** Sends a command under a session; the answer's parameters, once its proof was checked. */
    private ByteBuffer authorised(final String what, final int code, final TpmSession session, final byte[] handles,
        final int names, final byte[] parameters, final byte[] authThen) throws IOException {
        final byte[] cpHash = names == 2 ? TpmSession.sha256(u32(code), name, name, parameters)
            : TpmSession.sha256(u32(code), name, parameters);
        final byte[] area = session.authorise(cpHash);
        final ByteBuffer answer;
        try {
            answer = send(what, code, SESSIONS, new TpmBuffer().raw(handles).u32(area.length).raw(area)
                .raw(parameters).toBytes());
        } catch (final IOException failed) {
            flush(session);
            throw failed;
        }
        final int length = answer.getInt();
        if (length < 0 || length > answer.remaining()) {
            throw new IOException(what + ": an answer of impossible length " + length);
        }
        final byte[] result = new byte[length];
        answer.get(result);
        try {
            if (!session.verify(TpmSession.sha256(new byte[4], u32(code), result), answer, authThen)) {
                throw StorageException.freshness(what + ": the answer was not made by the TPM that keeps this anchor; "
                    + "something between here and the TPM changed it");
            }
        } catch (final BufferUnderflowException cut) {
            throw new IOException(what + ": the answer was cut", cut);
        }
        return ByteBuffer.wrap(result);
    }

    private void flush(final TpmSession session) {
        try {
            send("TPM2_FlushContext", FLUSH_CONTEXT, NO_SESSIONS, u32(session.handle()));
        } catch (final IOException gone) {
            // The session ended with the command, or with the link; what failed before is what counts.
        }
    }

    /** Sends until the TPM is not busy; the answer behind its header. */
    private ByteBuffer send(final String what, final int code, final int tag, final byte[] body) throws IOException {
        final byte[] command = new TpmBuffer().u16(tag).u32(HEADER_BYTES + body.length).u32(code).raw(body).toBytes();
        for (int retry = 0;; retry++) {
            final ByteBuffer answer = ByteBuffer.wrap(link.transmit(command));
            final int result = answer.getInt(6);
            if (result == 0) {
                return answer.position(HEADER_BYTES);
            }
            if (!busy(result) || retry == BUSY_RETRIES) {
                throw new TpmException(what, result);
            }
            LockSupport.parkNanos(20_000_000L);
        }
    }

    /** YIELDED, TESTING, NV_RATE, RETRY. */
    private static boolean busy(final int result) {
        return result == 0x908 || result == 0x90A || result == 0x920 || result == 0x922;
    }

    private static byte[] u32(final int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    @Override
    public void close() throws IOException {
        link.close();
    }
}
