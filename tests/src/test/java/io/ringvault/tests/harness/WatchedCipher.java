package io.ringvault.tests.harness;

import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.SunJceProvider;

/**
 * The real cipher with somebody listening: what a test wants to hear of, or to change, it overrides. On the threads of
 * whoever seals and opens.
 */
public abstract class WatchedCipher implements AeadProvider {
    private final AeadProvider real = new SunJceProvider();

    /** A key is about to be imported. */
    protected void importing(final byte[] key32) {
    }

    /** A block is about to be sealed for its place. */
    protected void sealing(final long generation, final int slot, final byte[] aad, final byte[] plain,
        final int plainLength) {
    }

    /** A block is about to be opened; {@code in} is private memory already. */
    protected void opening(final byte[] in) {
    }

    /** A block was opened and was good. */
    protected void opened(final byte[] aad, final byte[] plain, final int length) {
    }

    @Override
    public final String name() {
        return real.name();
    }

    @Override
    public final Aead create() {
        return new Watched(real.create());
    }

    private final class Watched implements Aead {
        private final Aead aead;

        Watched(final Aead aead) {
            this.aead = aead;
        }

        @Override
        public AeadKey importKey(final byte[] key32) {
            importing(key32);
            return aead.importKey(key32);
        }

        @Override
        public void seal(final AeadKey key, final long generation, final int slot, final byte[] aad,
            final int aadLength, final byte[] plain, final int plainLength, final byte[] out) {
            sealing(generation, slot, aad, plain, plainLength);
            aead.seal(key, generation, slot, aad, aadLength, plain, plainLength, out);
        }

        @Override
        public boolean open(final AeadKey key, final long generation, final int slot, final byte[] aad,
            final int aadLength, final byte[] in, final int cipherLength, final byte[] plain) {
            opening(in);
            final boolean good = aead.open(key, generation, slot, aad, aadLength, in, cipherLength, plain);
            if (good) {
                opened(aad, plain, cipherLength);
            }
            return good;
        }

        @Override
        public void forgetKeys() {
            aead.forgetKeys();
        }
    }
}
