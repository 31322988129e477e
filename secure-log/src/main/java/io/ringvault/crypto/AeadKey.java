package io.ringvault.crypto;

/** A key imported into an {@link Aead}; opaque, and used only with instances of the provider that imported it. */
public interface AeadKey {

    /** Zeroes what this object holds. Sealing and opening with it fail from then on. Idempotent. */
    void destroy();
}
