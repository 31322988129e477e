package io.ringvault.anchor.server;

import io.ringvault.anchor.quorum.QuorumMessage;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.MD5FileUtil;

/**
 * Name to record, replaced by compare and swap in the order that the group agreed on. A swap that was done already, by
 * its stamp, is answered as done. Any thread; the map is guarded by this object.
 */
final class AnchorStateMachine extends BaseStateMachine {
    private static final int ANCHORS_MAX = 65_536;
    private static final byte[] NOTHING = new byte[0];

    /** What is kept under a name: the record and the stamp of the question that put it there. */
    private record Kept(byte[] record, byte[] stamp) {
    }

    private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
    private final Map<String, Kept> anchors = new TreeMap<>();

    @Override
    public void initialize(final RaftServer server, final RaftGroupId groupId, final RaftStorage raftStorage)
        throws IOException {
        super.initialize(server, groupId, raftStorage);
        storage.init(raftStorage);
        reinitialize();
    }

    @Override
    public void reinitialize() throws IOException {
        final SingleFileSnapshotInfo snapshot = storage.getLatestSnapshot();
        if (snapshot != null) {
            final File file = snapshot.getFile().getPath().toFile();
            load(file);
            setLastAppliedTermIndex(SimpleStateMachineStorage.getTermIndexFromSnapshotFile(file));
        }
    }

    @Override
    public StateMachineStorage getStateMachineStorage() {
        return storage;
    }

    @Override
    public CompletableFuture<Message> query(final Message request) {
        try {
            return CompletableFuture.completedFuture(message(local(parse(request.getContent()))));
        } catch (final IOException malformed) {
            return CompletableFuture.failedFuture(malformed);
        }
    }

    @Override
    public CompletableFuture<Message> applyTransaction(final TransactionContext context) {
        final var entry = context.getLogEntry();
        try {
            final QuorumMessage answer = swap(parse(entry.getStateMachineLogEntry().getLogData()));
            updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
            return CompletableFuture.completedFuture(message(answer));
        } catch (final IOException malformed) {
            updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
            return CompletableFuture.failedFuture(malformed);
        }
    }

    /** What this peer has under a name. */
    synchronized QuorumMessage local(final QuorumMessage question) {
        final Kept kept = anchors.get(question.name());
        return question.answer(QuorumMessage.OK, kept == null ? NOTHING : kept.record);
    }

    private synchronized QuorumMessage swap(final QuorumMessage question) {
        final Kept kept = anchors.get(question.name());
        final byte[] present = kept == null ? NOTHING : kept.record;
        if (kept != null && Arrays.equals(kept.stamp, question.stamp())) {
            return question.answer(QuorumMessage.OK, present);
        }
        if (!Arrays.equals(present, question.first())) {
            return question.answer(QuorumMessage.MISMATCH, present);
        }
        if (kept == null && anchors.size() >= ANCHORS_MAX) {
            return question.answer(QuorumMessage.FULL, NOTHING);
        }
        anchors.put(question.name(), new Kept(question.second(), question.stamp()));
        return question.answer(QuorumMessage.OK, question.second());
    }

    @Override
    public synchronized long takeSnapshot() throws IOException {
        final TermIndex last = getLastAppliedTermIndex();
        final File file = storage.getSnapshotFile(last.getTerm(), last.getIndex());
        try (FileOutputStream bytes = new FileOutputStream(file);
             DataOutputStream out = new DataOutputStream(new BufferedOutputStream(bytes))) {
            out.writeInt(anchors.size());
            for (final Map.Entry<String, Kept> each : anchors.entrySet()) {
                final byte[] entry = new QuorumMessage(QuorumMessage.OK, each.getValue().stamp, each.getKey(),
                    each.getValue().record, NOTHING).toBytes();
                out.writeInt(entry.length);
                out.write(entry);
            }
            out.flush();
            bytes.getFD().sync();
        }
        final MD5Hash digest = MD5FileUtil.computeAndSaveMd5ForFile(file);
        storage.updateLatestSnapshot(new SingleFileSnapshotInfo(new FileInfo(file.toPath(), digest), last));
        return last.getIndex();
    }

    private synchronized void load(final File file) throws IOException {
        final Map<String, Kept> loaded = new TreeMap<>();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file.toPath())))) {
            for (int left = in.readInt(); left > 0; left--) {
                final byte[] bytes = new byte[Math.clamp(in.readInt(), 0, 4096)];
                in.readFully(bytes);
                final QuorumMessage entry = QuorumMessage.parse(bytes);
                loaded.put(entry.name(), new Kept(entry.first(), entry.stamp()));
            }
        }
        anchors.clear();
        anchors.putAll(loaded);
    }

    static Message message(final QuorumMessage from) {
        return Message.valueOf(ByteString.copyFrom(from.toBytes()));
    }

    static QuorumMessage parse(final ByteString from) throws IOException {
        return QuorumMessage.parse(from.toByteArray());
    }
}
