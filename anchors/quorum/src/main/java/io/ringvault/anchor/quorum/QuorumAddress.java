package io.ringvault.anchor.quorum;

import io.ringvault.block.StorageException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the anchor is: {@code HOST:PORT,HOST:PORT,...[/NAME]?secret=FILE}. FILE holds the secret that the peers and
 * their users share, 16 to 4096 bytes. Immutable.
 */
record QuorumAddress(List<InetSocketAddress> peers, String name, Path secretFile, String spec) {
    /**
     * @param nameOfVolume what the anchor is called unless the text says so
     * @throws StorageException CONFIGURATION when the text says no such thing
     */
    static QuorumAddress parse(final String spec, final String place, final String nameOfVolume) {
        final int question = place.indexOf("?secret=");
        final String main = question < 0 ? place : place.substring(0, question);
        final int slash = main.indexOf('/');
        final String name = slash < 0 ? nameOfVolume : main.substring(slash + 1);
        final List<InetSocketAddress> peers = new ArrayList<>();
        try {
            for (final String peer : (slash < 0 ? main : main.substring(0, slash)).split(",", -1)) {
                final int colon = peer.lastIndexOf(':');
                peers.add(InetSocketAddress.createUnresolved(peer.substring(0, colon),
                    Integer.parseInt(peer.substring(colon + 1))));
            }
        } catch (final IllegalArgumentException | IndexOutOfBoundsException wrong) {
            peers.clear();
        }
        if (peers.isEmpty() || question < 0 || !name.matches("[A-Za-z0-9._-]{1,100}")) {
            throw StorageException.configuration("anchor '" + spec + "': write " + QuorumAnchorProvider.FORM
                + " with a NAME of letters, digits, '.', '_' and '-'");
        }
        return new QuorumAddress(List.copyOf(peers), name, Path.of(place.substring(question + "?secret=".length())),
            spec);
    }

    /** The group's secret; the caller zeroes it. */
    byte[] secret() {
        return QuorumSecret.read(secretFile);
    }
}
