package io.ringvault.tests.anchor;

import io.ringvault.anchor.quorum.QuorumMessage;
import io.ringvault.anchor.server.AnchorPeer;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/** Three peers of a quorum in this process, each behind a proxy where anchors ask. */
final class Peers implements AnchorPlace {
    static final int COUNT = 3;

    private final Path folder;
    private final byte[] secret = "a secret of the group, shared".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    private final List<AnchorPeer.Member> members;
    private final AnchorPeer[] running = new AnchorPeer[COUNT];
    private final List<TcpProxy> proxies = new ArrayList<>();
    private int number;

    Peers(final Path folder) throws IOException {
        this.folder = folder;
        this.members = members();
        Files.write(folder.resolve("secret"), secret);
        for (int i = 0; i < COUNT; i++) {
            proxies.add(new TcpProxy(members.get(i).anchorPort()));
            start(i);
        }
        final byte[] none = new byte[0];
        while (ask(0, QuorumMessage.SWAP, "first", none, new byte[1]).op() == QuorumMessage.UNAVAILABLE) {
            Thread.yield();
        }
        for (final AnchorPeer.Member each : members) {
            awaitFirstEntry(each, secret, "first");
        }
    }

    /**
     * A vote of a peer that has never had an entry does not count, since it may have lost its log: as long as one of
     * three has none, no other may go.
     */
    static void awaitFirstEntry(final AnchorPeer.Member peer, final byte[] secret, final String name)
        throws IOException {
        final QuorumMessage question = new QuorumMessage(QuorumMessage.LOCAL, new byte[QuorumMessage.STAMP_BYTES],
            name, new byte[0], new byte[0]);
        while (ask(peer, secret, question).first().length == 0) {
            LockSupport.parkNanos(20_000_000);
        }
    }

    /** Three members on free ports. */
    static List<AnchorPeer.Member> members() throws IOException {
        final List<ServerSocket> taken = new ArrayList<>();
        try {
            for (int i = 0; i < 2 * COUNT; i++) {
                taken.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            final List<AnchorPeer.Member> members = new ArrayList<>();
            for (int i = 0; i < COUNT; i++) {
                members.add(new AnchorPeer.Member("n" + i, "127.0.0.1", taken.get(2 * i).getLocalPort(),
                    taken.get(2 * i + 1).getLocalPort()));
            }
            return members;
        } finally {
            for (final ServerSocket each : taken) {
                each.close();
            }
        }
    }

    void start(final int peer) throws IOException {
        running[peer] = AnchorPeer.start(members.get(peer).id(), members, folder.resolve("n" + peer), secret);
    }

    void stop(final int peer) throws IOException {
        running[peer].close();
        running[peer] = null;
    }

    @Override
    public String vacant() {
        return spec("contract-" + ++number);
    }

    private String spec(final String name) {
        return "quorum:" + proxies.stream().map(each -> "127.0.0.1:" + each.port()).collect(Collectors.joining(","))
            + "/" + name + "?secret=" + folder.resolve("secret");
    }

    @Override
    public void restart() throws IOException {
        for (int i = 0; i < COUNT; i++) {
            stop(i);
        }
        for (int i = 0; i < COUNT; i++) {
            start(i);
        }
    }

    @Override
    public boolean reachable(final boolean now) {
        proxies.forEach(each -> each.cut(!now));
        return true;
    }

    @Override
    public boolean loseAnswers(final boolean now) {
        proxies.forEach(each -> each.mute(request -> now && request.length > 5 && request[5] == QuorumMessage.SWAP));
        return true;
    }

    /** Somebody who has the group's secret, but not the volume's key, replaces the record. */
    @Override
    public boolean damage(final String spec) throws IOException {
        final String name = spec.substring(spec.indexOf('/') + 1, spec.indexOf('?'));
        final byte[] record = ask(0, QuorumMessage.READ, name, new byte[0], new byte[0]).first();
        final byte[] changed = record.clone();
        changed[90] ^= 1;
        return ask(0, QuorumMessage.SWAP, name, record, changed).op() == QuorumMessage.OK;
    }

    /** A question of one's own to one peer. */
    QuorumMessage ask(final int peer, final int op, final String name, final byte[] first, final byte[] second)
        throws IOException {
        final byte[] stamp = new byte[QuorumMessage.STAMP_BYTES];
        stamp[0] = (byte) ++number;
        return ask(members.get(peer), secret, new QuorumMessage(op, stamp, name, first, second));
    }

    static QuorumMessage ask(final AnchorPeer.Member peer, final byte[] secret, final QuorumMessage question)
        throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), peer.anchorPort())) {
            question.send(new DataOutputStream(socket.getOutputStream()), secret, null);
            return QuorumMessage.receive(new DataInputStream(socket.getInputStream()), secret, question.toBytes());
        }
    }

    @Override
    public void close() throws IOException {
        for (int i = 0; i < COUNT; i++) {
            if (running[i] != null) {
                stop(i);
            }
            proxies.get(i).close();
        }
    }
}
