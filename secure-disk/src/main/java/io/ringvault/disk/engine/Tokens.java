package io.ringvault.disk.engine;

/** Tokens of device requests: the owner in the top byte, its own number below. */
final class Tokens {
    static final long CHUNK = 1L << 56;
    static final long FLUSH = 2L << 56;
    static final long READ = 3L << 56;
    static final long INDEX_READ = 4L << 56;
    static final long CLEANER_READ = 5L << 56;
    static final long DEALLOCATE = 6L << 56;
    static final long OBJECT_WRITE = 7L << 56;
    static final long OBJECT_FLUSH = 8L << 56;
    static final long OBJECT_READ = 9L << 56;
    static final long SLOT_READ = 10L << 56;
    static final long SLOT_WRITE = 11L << 56;

    private static final long OWNER_MASK = 0xFFL << 56;

    private Tokens() {
    }

    static long owner(final long token) {
        return token & OWNER_MASK;
    }

    static long number(final long token) {
        return token & ~OWNER_MASK;
    }
}
