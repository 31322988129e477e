package io.ringvault.disk;

import io.ringvault.log.Anchor;

/** A volume to be adopted, and how: fluent, used once. Control plane. */
public final class AdoptContext {
    final SecureDiskContext volume;
    String newAnchor;
    Anchor newAnchorInstance;
    boolean acceptLostWrites;

    /** @param volume names device, key, and the present anchor if it is not where the volume says */
    public AdoptContext(final SecureDiskContext volume) {
        this.volume = volume;
    }

    /** {@code SCHEME:PLACE} or {@code none}: the anchor required from now on; null: the present one stays. */
    public AdoptContext newAnchor(final String spec) {
        this.newAnchor = spec;
        return this;
    }

    /** A new anchor of the caller's own. */
    public AdoptContext newAnchorInstance(final Anchor instance) {
        this.newAnchorInstance = instance;
        return this;
    }

    /** Confirms that what was acknowledged and is not in this image is given up for ever. */
    public AdoptContext acceptLostWrites(final boolean value) {
        this.acceptLostWrites = value;
        return this;
    }
}
