package io.ringvault.anchor.server;

import io.ringvault.anchor.quorum.QuorumMessage;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/**
 * A running peer: its part of the replicated log, and the port where anchors ask. Start and close on one thread;
 * everything else runs on threads of its own.
 */
public final class AnchorPeer implements AutoCloseable {
    private static final RaftGroupId GROUP = RaftGroupId.valueOf(
        UUID.nameUUIDFromBytes("ringvault anchor quorum".getBytes(StandardCharsets.US_ASCII)));
    private static final int IDLE_MS = 30_000;
    private static final int RETRIES = 40;

    /**
     * One peer of the group.
     *
     * @param id         its name, which never changes
     * @param host       where the others and the anchors reach it
     * @param peerPort   for the other peers
     * @param anchorPort for anchors
     */
    public record Member(String id, String host, int peerPort, int anchorPort) {
        /** {@code ID@HOST:PEERPORT:ANCHORPORT}; throws IllegalArgumentException for anything else. */
        public static Member parse(final String text) {
            final String[] parts = text.split("[@:]");
            if (parts.length != 4) {
                throw new IllegalArgumentException("peer '" + text + "': write ID@HOST:PEERPORT:ANCHORPORT");
            }
            return new Member(parts[0], parts[1], Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
        }
    }

    private final AnchorStateMachine machine = new AnchorStateMachine();
    private final byte[] secret;
    private final RaftServer server;
    private final RaftClient client;
    private final ServerSocket socket;

    private AnchorPeer(final Member self, final List<Member> members, final Path directory, final byte[] secret)
        throws IOException {
        this.secret = secret.clone();
        final RaftGroup group = RaftGroup.valueOf(GROUP, members.stream().map(each -> RaftPeer.newBuilder()
            .setId(each.id()).setAddress(each.host() + ":" + each.peerPort()).build()).toList());
        final RaftProperties properties = properties(self, directory);
        final boolean known = Files.isDirectory(directory.resolve(GROUP.getUuid().toString()));
        server = RaftServer.newBuilder().setGroup(group).setProperties(properties)
            .setServerId(group.getPeer(org.apache.ratis.protocol.RaftPeerId.valueOf(self.id())).getId())
            .setStateMachine(machine).setOption(known ? RaftStorage.StartupOption.RECOVER
                : RaftStorage.StartupOption.FORMAT).build();
        server.start();
        client = RaftClient.newBuilder().setProperties(properties).setRaftGroup(group)
            .setRetryPolicy(RetryPolicies.retryUpToMaximumCountWithFixedSleep(RETRIES,
                TimeDuration.valueOf(250, TimeUnit.MILLISECONDS))).build();
        socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(self.host(), self.anchorPort()));
    }

    /**
     * Starts a peer.
     *
     * @param directory where its log is kept; a peer whose directory is lost must not come back under its old id
     * @param secret    of the group; the caller's to zero
     */
    public static AnchorPeer start(final String id, final List<Member> members, final Path directory,
        final byte[] secret) throws IOException {
        final Member self = members.stream().filter(each -> each.id().equals(id)).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("peer '" + id + "' is none of " + members));
        Files.createDirectories(directory);
        final AnchorPeer peer = new AnchorPeer(self, members, directory, secret);
        Thread.ofPlatform().daemon().name("anchor-peer-" + id).start(peer::accept);
        return peer;
    }

    private static RaftProperties properties(final Member self, final Path directory) {
        final RaftProperties properties = new RaftProperties();
        RaftServerConfigKeys.setStorageDir(properties, List.of(directory.toFile()));
        GrpcConfigKeys.Server.setPort(properties, self.peerPort());
        GrpcConfigKeys.Server.setHost(properties, self.host());
        RaftServerConfigKeys.Rpc.setTimeoutMin(properties, TimeDuration.valueOf(500, TimeUnit.MILLISECONDS));
        RaftServerConfigKeys.Rpc.setTimeoutMax(properties, TimeDuration.valueOf(1000, TimeUnit.MILLISECONDS));
        RaftServerConfigKeys.Read.setOption(properties, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
        RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf("8MB"));
        RaftServerConfigKeys.Log.setPreallocatedSize(properties, SizeInBytes.valueOf("64KB"));
        RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, 10_000);
        RaftClientConfigKeys.Rpc.setRequestTimeout(properties, TimeDuration.valueOf(2, TimeUnit.SECONDS));
        return properties;
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                final Socket connection = socket.accept();
                Thread.ofVirtual().start(() -> serve(connection));
            } catch (final IOException closed) {
                if (!socket.isClosed()) {
                    Thread.yield(); // Out of descriptors for a moment; those who ask try another peer.
                }
            }
        }
    }

    private void serve(final Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            connection.setSoTimeout(IDLE_MS);
            final DataInputStream in = new DataInputStream(connection.getInputStream());
            final DataOutputStream out = new DataOutputStream(connection.getOutputStream());
            while (true) {
                final QuorumMessage question = QuorumMessage.receive(in, secret, null);
                answer(question).send(out, secret, question.toBytes());
            }
        } catch (final IOException gone) {
            return; // Closed, or somebody without the secret: no answer.
        }
    }

    private QuorumMessage answer(final QuorumMessage question) {
        try {
            switch (question.op()) {
                case QuorumMessage.LOCAL -> {
                    return machine.local(question);
                }
                case QuorumMessage.READ, QuorumMessage.SWAP -> {
                    final RaftClientReply reply = question.op() == QuorumMessage.READ
                        ? client.io().sendReadOnly(AnchorStateMachine.message(question))
                        : client.io().send(AnchorStateMachine.message(question));
                    if (reply != null && reply.isSuccess()) {
                        return AnchorStateMachine.parse(reply.getMessage().getContent());
                    }
                }
                default -> {
                    // Answered as unavailable.
                }
            }
        } catch (final IOException noMajority) {
            return question.answer(QuorumMessage.UNAVAILABLE, new byte[0]);
        }
        return question.answer(QuorumMessage.UNAVAILABLE, new byte[0]);
    }

    @Override
    public void close() throws IOException {
        try {
            socket.close();
            client.close();
        } finally {
            server.close();
            java.util.Arrays.fill(secret, (byte) 0);
        }
    }
}
