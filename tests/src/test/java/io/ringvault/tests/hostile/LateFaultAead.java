package io.ringvault.tests.hostile;

import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.SunJceProvider;
import java.util.concurrent.atomic.AtomicInteger;

/** The cipher, in the middle of which the JVM once reports an earlier fault of mapped memory. Any thread. */
final class LateFaultAead implements AeadProvider {
    private final AeadProvider honest = new SunJceProvider();
    private final AtomicInteger left = new AtomicInteger(-1);

    /** The fault is reported after so many more blocks. */
    void arm(final int blocks) {
        left.set(blocks);
    }

    private void step() {
        if (left.get() >= 0 && left.getAndDecrement() == 0) {
            throw new InternalError("a fault occurred in an unsafe memory access operation");
        }
    }

    @Override
    public String name() {
        return "late fault";
    }

    @Override
    public Aead create() {
        return new Faulting(honest.create());
    }

    private final class Faulting implements Aead {
        private final Aead real;

        Faulting(final Aead real) {
            this.real = real;
        }

        @Override
        public AeadKey importKey(final byte[] key32) {
            return real.importKey(key32);
        }

        @Override
        public void seal(final AeadKey key, final long generation, final int slot, final byte[] aad,
            final int aadLength, final byte[] plain, final int plainLength, final byte[] out) {
            step();
            real.seal(key, generation, slot, aad, aadLength, plain, plainLength, out);
        }

        @Override
        public boolean open(final AeadKey key, final long generation, final int slot, final byte[] aad,
            final int aadLength, final byte[] in, final int cipherLength, final byte[] plain) {
            step();
            return real.open(key, generation, slot, aad, aadLength, in, cipherLength, plain);
        }

        @Override
        public void forgetKeys() {
            real.forgetKeys();
        }
    }
}
