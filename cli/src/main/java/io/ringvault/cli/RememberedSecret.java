package io.ringvault.cli;

import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.Secret;
import io.ringvault.disk.KeySource;

/** Asks once, so that nobody types a passphrase twice for one command; keeps the secret outside the heap meanwhile. */
final class RememberedSecret implements KeySource, AutoCloseable {
    private final KeySource source;
    private KeySecret kept;

    RememberedSecret(final KeySource source) {
        this.source = source;
    }

    @Override
    public KeySecret obtain() {
        if (kept == null) {
            kept = source.obtain();
        }
        final byte[] bytes = kept.copy();
        try {
            return kept.isPassphrase() ? KeySecret.passphraseUtf8(bytes) : KeySecret.key(bytes);
        } finally {
            Secret.zero(bytes);
        }
    }

    @Override
    public void close() {
        if (kept != null) {
            kept.close();
        }
    }
}
