package io.ringvault.anchor.quorum;

import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorProvider;
import io.ringvault.log.AnchorTarget;
import java.util.HexFormat;

/** The scheme {@code quorum:}. Any thread. */
public final class QuorumAnchorProvider implements AnchorProvider {
    static final String FORM = "quorum:HOST:PORT,HOST:PORT,...[/NAME]?secret=FILE";

    @Override
    public String scheme() {
        return "quorum";
    }

    @Override
    public String form() {
        return FORM;
    }

    @Override
    public int kind() {
        return Anchor.KIND_QUORUM;
    }

    @Override
    public Anchor create(final AnchorTarget target) {
        return QuorumAnchor.create(address(target), target);
    }

    @Override
    public Anchor open(final AnchorTarget target, final byte[] requiredId) {
        return QuorumAnchor.open(address(target), target, requiredId);
    }

    private static QuorumAddress address(final AnchorTarget target) {
        return QuorumAddress.parse(target.spec(), target.place(), HexFormat.of().formatHex(target.volumeId()));
    }
}
