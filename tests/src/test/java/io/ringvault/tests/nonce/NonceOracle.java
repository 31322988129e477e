package io.ringvault.tests.nonce;

import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.SunJceProvider;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * An AEAD that remembers every (key, generation, slot) it ever sealed with. Sealing a second time is a violation,
 * whatever the
 * input: a slot is consumed when it is sealed, and a retry repeats bytes, not seals. Any thread.
 *
 * <p>It also remembers each sealed block, so that what a device is given can be compared with it. Memory: 16 bytes for
 * each seal and 8 for each block (64-bit digests: with a million entries a false alarm has a chance of 1 in 30
 * million).
 */
public final class NonceOracle implements AeadProvider {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int BLOCK_BYTES = 4096;

    private final AeadProvider delegate;
    private final LongTable nonces = new LongTable();
    private final LongTable blocks = new LongTable();
    private final List<String> violations = new ArrayList<>();
    private Consumer<byte[]> whenKeyImported = key -> { };
    private long seals;

    private record WatchedKey(AeadKey key, long fingerprint) implements AeadKey {
        @Override
        public void destroy() {
            key.destroy();
        }
    }

    /** Over the JDK's AEAD. */
    public NonceOracle() {
        this(new SunJceProvider());
    }

    /** Over another AEAD. */
    public NonceOracle(final AeadProvider delegate) {
        this.delegate = delegate;
    }

    @Override
    public String name() {
        return delegate.name();
    }

    @Override
    public Aead create() {
        return new WatchedAead(delegate.create());
    }

    /** Sees each key that is used; must not keep the array. */
    public void whenKeyImported(final Consumer<byte[]> action) {
        whenKeyImported = action;
    }

    /** Number of blocks sealed so far. */
    public synchronized long seals() {
        return seals;
    }

    /** Whether exactly these 4096 bytes came out of a seal. */
    public synchronized boolean wasSealed(final byte[] block, final int offset) {
        return blocks.get(digest(block, offset, BLOCK_BYTES, 1)) != 0;
    }

    /** Throws if anything was violated; a violation inside an agent may have been reported as another error there. */
    public synchronized void check() {
        if (!violations.isEmpty()) {
            throw new AssertionError(violations.size() + " nonce violations, first: " + violations.getFirst());
        }
    }

    private synchronized void onSeal(final WatchedKey key, final long generation, final int slot, final long input) {
        seals++;
        final long nonce = mix(key.fingerprint ^ mix(generation ^ mix(slot)));
        final long before = nonces.put(nonce, input);
        if (before != 0) {
            final String text = "key " + Long.toHexString(key.fingerprint) + " sealed generation " + generation
                + " slot " + slot
                + (before == input ? " twice, with the same input" : " twice with different input");
            violations.add(text);
            throw new IllegalStateException(text);
        }
    }

    private synchronized void onSealed(final byte[] out) {
        if (out.length >= BLOCK_BYTES) {
            blocks.put(digest(out, 0, BLOCK_BYTES, 1), 1);
        }
    }

    private final class WatchedAead implements Aead {
        private final Aead aead;

        WatchedAead(final Aead aead) {
            this.aead = aead;
        }

        @Override
        public AeadKey importKey(final byte[] key32) {
            whenKeyImported.accept(key32);
            return new WatchedKey(aead.importKey(key32), fingerprint(key32));
        }

        @Override
        public void seal(final AeadKey key, final long generation, final int slot, final byte[] aad,
            final int aadLength,
            final byte[] plain, final int plainLength, final byte[] out) {
            final WatchedKey watched = (WatchedKey) key;
            onSeal(watched, generation, slot, digest(plain, 0, plainLength, digest(aad, 0, aadLength, 2)) | 1);
            aead.seal(watched.key, generation, slot, aad, aadLength, plain, plainLength, out);
            onSealed(out);
        }

        @Override
        public boolean open(final AeadKey key, final long generation, final int slot, final byte[] aad,
            final int aadLength,
            final byte[] in, final int cipherLength, final byte[] plain) {
            return aead.open(((WatchedKey) key).key, generation, slot, aad, aadLength, in, cipherLength, plain);
        }

        @Override
        public void forgetKeys() {
            aead.forgetKeys();
        }
    }

    private static long fingerprint(final byte[] key) {
        try {
            return (long) LONG.get(MessageDigest.getInstance("SHA-256").digest(key), 0);
        } catch (final NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static long digest(final byte[] bytes, final int offset, final int length, final long start) {
        long state = mix(start ^ length);
        int at = 0;
        for (; at + 8 <= length; at += 8) {
            state = mix(state ^ (long) LONG.get(bytes, offset + at));
        }
        for (; at < length; at++) {
            state = mix(state ^ bytes[offset + at]);
        }
        return state;
    }

    private static long mix(final long value) {
        long mixed = value + 0x9E37_79B9_7F4A_7C15L;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D0_49BB_1331_11EBL;
        return mixed ^ mixed >>> 31;
    }

    /** Open addressing from long to non-zero long. */
    private static final class LongTable {
        private long[] entries = new long[2 << 12];
        private int size;

        /** Stores unless there; what was there before, or 0. */
        long put(final long key, final long value) {
            if (size * 3 > entries.length) {
                final long[] old = entries;
                entries = new long[old.length * 2];
                for (int i = 0; i < old.length; i += 2) {
                    if (old[i + 1] != 0) {
                        entries[find(old[i])] = old[i];
                        entries[find(old[i]) + 1] = old[i + 1];
                    }
                }
            }
            final int at = find(key);
            if (entries[at + 1] != 0) {
                return entries[at + 1];
            }
            entries[at] = key;
            entries[at + 1] = value;
            size++;
            return 0;
        }

        long get(final long key) {
            return entries[find(key) + 1];
        }

        private int find(final long key) {
            final int mask = entries.length / 2 - 1;
            int slot = (int) key & mask;
            while (entries[2 * slot + 1] != 0 && entries[2 * slot] != key) {
                slot = slot + 1 & mask;
            }
            return 2 * slot;
        }
    }
}
