package io.ringvault.crypto;

/** An implementation of AES-256-GCM. Any thread. */
public interface AeadProvider {

    /** A short name for {@code info} and messages. */
    String name();

    /** A new instance for one thread. */
    Aead create();
}
