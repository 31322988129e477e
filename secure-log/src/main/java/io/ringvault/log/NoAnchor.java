package io.ringvault.log;

/** The absence of an anchor: advances succeed and protect nothing. Any thread. */
public final class NoAnchor implements Anchor {

    @Override
    public int kind() {
        return KIND_NONE;
    }

    @Override
    public byte[] id() {
        return new byte[Superblock.ANCHOR_ID_BYTES];
    }

    @Override
    public String spec() {
        return Anchors.NONE;
    }

    @Override
    public AnchorValue read() {
        return null;
    }

    @Override
    public boolean advance(final AnchorValue expected, final AnchorValue next) {
        return true;
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
