package io.ringvault.anchor.quorum;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorRecords;
import io.ringvault.log.AnchorTarget;
import io.ringvault.log.AnchorValue;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;

/**
 * An anchor that a group of peers keeps, of which a majority must be up. One thread at a time; blocks on the network.
 *
 * <p>Any peer takes the question and has the group agree on the answer. A question whose answer was lost is put to the
 * next peer with the same stamp, and the peers do nothing twice. When all fail it is an IO error; the advance may have
 * happened.
 *
 * <p>Security: a record carries a MAC of the volume, so no peer can make one up; frames carry a MAC of the group over
 * question and answer, so the network cannot replay one. The peers agree by Raft, which bears peers that stop, not
 * peers that lie: the peer that is asked could serve an older record. Reading therefore also asks every other peer what
 * it has, and an authentic later record there is an error. What peers can do together who hold no later record among
 * them: serve an older one.
 */
public final class QuorumAnchor implements Anchor {
    private static final int CONNECT_MS = 2_000;
    private static final int ANSWER_MS = 15_000;
    private static final int LOCAL_ANSWER_MS = 2_000;
    private static final int ROUNDS_MAX = 16;
    private static final byte[] NOTHING = new byte[0];

    private final QuorumAddress address;
    private final AnchorRecords records;
    private final RandomSource random;
    private final byte[] secret;
    private final byte[] id;
    /** The record that the peers had when they were last heard of; null: unknown. */
    private byte[] known;
    private int preferred;

    private QuorumAnchor(final QuorumAddress address, final AnchorTarget target, final byte[] id) {
        this.address = address;
        this.secret = address.secret();
        this.records = new AnchorRecords(target.key(), target.volumeId());
        this.random = target.random();
        this.id = id;
    }

    static QuorumAnchor create(final QuorumAddress address, final AnchorTarget target) {
        final QuorumAnchor anchor = new QuorumAnchor(address, target, target.newId());
        try {
            final byte[] record = anchor.records.encode(anchor.id, 0, new AnchorValue(0, 0, 0, 0));
            final QuorumMessage answer = anchor.ask(QuorumMessage.SWAP, NOTHING, record, "make");
            if (answer.op() == QuorumMessage.MISMATCH) {
                throw StorageException.configuration("the peers keep an anchor '" + address.name()
                    + "' already, and it may belong to another volume; choose another name");
            }
            anchor.known = record;
            return anchor;
        } catch (final RuntimeException failed) {
            anchor.close();
            throw failed;
        }
    }

    static QuorumAnchor open(final QuorumAddress address, final AnchorTarget target, final byte[] requiredId) {
        final QuorumAnchor anchor = new QuorumAnchor(address, target, requiredId.clone());
        try {
            anchor.read();
            return anchor;
        } catch (final RuntimeException refused) {
            anchor.close();
            throw refused;
        }
    }

    @Override
    public int kind() {
        return KIND_QUORUM;
    }

    @Override
    public byte[] id() {
        return id.clone();
    }

    @Override
    public String spec() {
        return address.spec();
    }

    @Override
    public AnchorValue read() {
        AnchorRecords.Entry agreed = agreed();
        final long elsewhere = newestElsewhere();
        if (elsewhere > agreed.serial()) {
            agreed = agreed(); // Somebody may have advanced it between the two questions.
        }
        if (elsewhere > agreed.serial()) {
            throw StorageException.freshness("RolledBack: the peers' answer for anchor " + spec() + " is "
                + agreed.value() + ", change " + agreed.serial() + ", but one of them has change " + elsewhere
                + ". A peer serves an older record" + advice());
        }
        return agreed.value();
    }

    @Override
    public boolean advance(final AnchorValue expected, final AnchorValue next) {
        for (int round = 0; round < ROUNDS_MAX; round++) {
            final AnchorRecords.Entry now = known == null ? agreed() : entry(known);
            if (!now.value().equals(expected)) {
                if (round > 0 || !agreed().value().equals(expected)) {
                    return false;
                }
                continue;
            }
            final byte[] before = known;
            final byte[] record = records.encode(id, now.serial() + 1, next);
            known = null;
            final QuorumMessage answer = ask(QuorumMessage.SWAP, before, record, "advance");
            known = answer.op() == QuorumMessage.OK ? record : answer.first();
            if (answer.op() == QuorumMessage.OK) {
                return true;
            }
            if (!entry(known).value().equals(expected)) {
                return false;
            }
        }
        throw StorageException.io("anchor " + spec() + " was changed " + ROUNDS_MAX + " times under an advance");
    }

    @Override
    public void rekey(final VolumeKey key) {
        records.rekey(key);
    }

    private AnchorRecords.Entry agreed() {
        known = null;
        final byte[] record = ask(QuorumMessage.READ, NOTHING, NOTHING, "read").first();
        final AnchorRecords.Entry entry = entry(record);
        known = record;
        return entry;
    }

    private AnchorRecords.Entry entry(final byte[] record) {
        if (record.length == 0) {
            throw StorageException.freshness("missing anchor: the peers keep none called '" + address.name() + "'"
                + advice());
        }
        final AnchorRecords.Entry entry = records.decode(record);
        if (entry == null) {
            throw StorageException.freshness(records.claimsOtherVolume(record)
                ? "the anchor " + spec() + " belongs to another volume" + advice()
                : "damaged anchor: the record that the peers keep as '" + address.name() + "' does not verify"
                    + advice());
        }
        if (!Arrays.equals(entry.id(), id)) {
            throw StorageException.freshness("the anchor " + spec()
                + " is an anchor of this volume, but not the one that the volume requires now" + advice());
        }
        return entry;
    }

    /** The highest serial of an authentic record that any reachable peer has; -1 when none has one. */
    private long newestElsewhere() {
        long newest = -1;
        for (int peer = 0; peer < address.peers().size(); peer++) {
            try {
                final AnchorRecords.Entry entry = records.decode(
                    ask(peer, question(QuorumMessage.LOCAL, NOTHING, NOTHING), LOCAL_ANSWER_MS).first());
                if (entry != null && Arrays.equals(entry.id(), id)) {
                    newest = Math.max(newest, entry.serial());
                }
            } catch (final IOException down) {
                continue; // A peer that is down knows nothing now; a majority has answered already.
            }
        }
        return newest;
    }

    private QuorumMessage question(final int op, final byte[] first, final byte[] second) {
        return new QuorumMessage(op, random.bytes(QuorumMessage.STAMP_BYTES), address.name(), first, second);
    }

    /** The first definite answer of any peer. */
    private QuorumMessage ask(final int op, final byte[] first, final byte[] second, final String what) {
        final QuorumMessage question = question(op, first, second);
        final StringBuilder failures = new StringBuilder();
        for (int i = 0; i < address.peers().size(); i++) {
            final int peer = (preferred + i) % address.peers().size();
            try {
                final QuorumMessage answer = ask(peer, question, ANSWER_MS);
                if (answer.op() == QuorumMessage.OK || answer.op() == QuorumMessage.MISMATCH) {
                    preferred = peer;
                    return answer;
                }
                failures.append("; ").append(address.peers().get(peer)).append(answer.op() == QuorumMessage.FULL
                    ? ": the peers keep as many anchors as they can" : ": no majority");
            } catch (final IOException down) {
                failures.append("; ").append(address.peers().get(peer)).append(": ").append(down.getMessage());
            }
        }
        throw StorageException.io("cannot " + what + " the anchor " + spec() + failures);
    }

    private QuorumMessage ask(final int peer, final QuorumMessage question, final int answerMs) throws IOException {
        final InetSocketAddress there = address.peers().get(peer);
        try (Socket socket = new Socket()) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(answerMs);
            socket.connect(new InetSocketAddress(there.getHostString(), there.getPort()), CONNECT_MS);
            question.send(new DataOutputStream(socket.getOutputStream()), secret, null);
            return QuorumMessage.receive(new DataInputStream(socket.getInputStream()), secret, question.toBytes());
        }
    }

    private static String advice() {
        return ": whether the volume is the newest cannot be told. Nothing was written; 'ringvault adopt' gives up "
            + "what cannot be told";
    }

    /** Zeroes the keys. The peers keep the record. Idempotent. */
    @Override
    public void close() {
        Arrays.fill(secret, (byte) 0);
        records.destroy();
    }
}
