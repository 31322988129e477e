package io.ringvault.disk;

import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;

/** An anchor that passes everything on; a test overrides where it is to fail, to be late or to lose an answer. */
public abstract class DelegatingAnchor implements Anchor {
    private final Anchor real;

    protected DelegatingAnchor(final Anchor real) {
        this.real = real;
    }

    @Override
    public int kind() {
        return real.kind();
    }

    @Override
    public byte[] id() {
        return real.id();
    }

    @Override
    public String spec() {
        return real.spec();
    }

    @Override
    public AnchorValue read() {
        return real.read();
    }

    @Override
    public boolean advance(final AnchorValue expected, final AnchorValue next) {
        return real.advance(expected, next);
    }

    @Override
    public void close() {
        real.close();
    }
}
