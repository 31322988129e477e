package io.ringvault.anchor.server;

import io.ringvault.anchor.quorum.QuorumSecret;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The program of one peer: starts it and runs until the process is ended. */
public final class AnchorServer {
    private static final Set<String> OPTIONS = Set.of("--id", "--peers", "--dir", "--secret");
    private static final String USAGE = """
        usage: java -jar ringvault-anchor-server.jar --id ID --peers PEER,PEER,... --dir DIR --secret FILE
          --id      which of the peers this is
          --peers   all peers, the same list everywhere: ID@HOST:PEERPORT:ANCHORPORT
          --dir     where this peer keeps its log; never start a peer under its old id with an empty one
          --secret  the file with the secret that peers and anchors share (16 to 4096 bytes)
        A volume then says: --anchor quorum:HOST:ANCHORPORT,HOST:ANCHORPORT,HOST:ANCHORPORT?secret=FILE
        The peers talk to each other in clear: keep PEERPORT on a network of their own.""";

    private static final Logger GRPC_LOG = Logger.getLogger("org.apache.ratis.thirdparty.io.grpc");

    private AnchorServer() {
    }

    /** Runs a peer. Exit status 1 for wrong use. */
    public static void main(final String[] arguments) throws Exception {
        keepNettyInJava();
        final Thread main = Thread.currentThread();
        final AnchorPeer peer;
        try {
            peer = start(arguments);
        } catch (final RuntimeException wrong) {
            print(System.err, "ringvault-anchor-server: " + wrong.getMessage() + "\n" + USAGE);
            System.exit(1);
            return;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(main::interrupt));
        print(System.out, "ready");
        try (peer) {
            Thread.sleep(Long.MAX_VALUE);
        } catch (final InterruptedException ended) {
            print(System.err, "ringvault-anchor-server: ended");
        }
    }

    /** Ratis' copy of Netty would load a library of its own, which a few messages a second do not need. */
    private static void keepNettyInJava() {
        final String noNative = "org.apache.ratis.thirdparty.io.netty.transport.noNative";
        System.setProperty(noNative, System.getProperty(noNative, "true"));
        GRPC_LOG.setLevel(Level.WARNING);
    }

    private static AnchorPeer start(final String[] arguments) throws Exception {
        final Map<String, String> options = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            if (!OPTIONS.contains(arguments[i]) || i + 1 == arguments.length) {
                throw new IllegalArgumentException("'" + arguments[i] + "' is no option, or its value is missing");
            }
            options.put(arguments[i], arguments[i + 1]);
        }
        if (!options.keySet().equals(OPTIONS)) {
            throw new IllegalArgumentException("all four options are needed");
        }
        final List<AnchorPeer.Member> members = new ArrayList<>();
        for (final String member : options.get("--peers").split(",")) {
            members.add(AnchorPeer.Member.parse(member));
        }
        final byte[] secret = QuorumSecret.read(Path.of(options.get("--secret")));
        try {
            return AnchorPeer.start(options.get("--id"), members, Path.of(options.get("--dir")), secret);
        } finally {
            Arrays.fill(secret, (byte) 0);
        }
    }

    private static void print(final PrintStream to, final String text) {
        to.println(text);
        to.flush();
    }
}
