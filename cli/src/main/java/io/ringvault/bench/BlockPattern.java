package io.ringvault.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * Contents of 4 KiB blocks that tell what they are: block number, version and seed in front, then bytes from a
 * pre-generated random pool at a place that depends on them. Incompressible, and about as dear as a copy. Any thread
 * may read; immutable after construction.
 */
public final class BlockPattern {
    public static final int BLOCK_BYTES = 4096;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int HEADER_BYTES = 32;
    private static final int POOL_BYTES = 4 << 20;
    private static final int POOL_STEP = 64;

    private final long seed;
    private final MemorySegment pool = Arena.ofAuto().allocate(POOL_BYTES + BLOCK_BYTES, POOL_STEP);

    public BlockPattern(final long seed) {
        this.seed = seed;
        final SplittableRandom random = new SplittableRandom(seed);
        for (long at = 0; at < pool.byteSize(); at += Long.BYTES) {
            pool.set(LONG, at, random.nextLong());
        }
    }

    /** Fills the block at {@code at}. */
    public void fill(final MemorySegment target, final long at, final long block, final int version) {
        final long mix = mix(block, version);
        MemorySegment.copy(pool, place(mix), target, at, BLOCK_BYTES);
        target.set(LONG, at, seed);
        target.set(LONG, at + 8, block);
        target.set(LONG, at + 16, version);
        target.set(LONG, at + 24, mix);
    }

    /** Whether the block at {@code at} is exactly what {@link #fill} made of the same numbers. */
    public boolean matches(final MemorySegment source, final long at, final long block, final int version) {
        final long mix = mix(block, version);
        final long body = place(mix) + HEADER_BYTES;
        return source.get(LONG, at) == seed && source.get(LONG, at + 8) == block
            && source.get(LONG, at + 16) == version && source.get(LONG, at + 24) == mix
            && MemorySegment.mismatch(source, at + HEADER_BYTES, at + BLOCK_BYTES,
                pool, body, body + BLOCK_BYTES - HEADER_BYTES) < 0;
    }

    /** What a block seems to be, for the message about one that does not match. */
    public String describe(final MemorySegment source, final long at) {
        if (source.get(LONG, at) != seed) {
            return "bytes that this run did not write";
        }
        return "block " + source.get(LONG, at + 8) + " in version " + source.get(LONG, at + 16)
            + (matches(source, at, source.get(LONG, at + 8), (int) source.get(LONG, at + 16)) ? "" : ", damaged");
    }

    private static long place(final long mix) {
        return (mix & POOL_BYTES / POOL_STEP - 1) * POOL_STEP;
    }

    /** The finalizer of SplitMix64 over the numbers that name a block's content. */
    private long mix(final long block, final int version) {
        long z = seed + block * 0x9e3779b97f4a7c15L + version * 0xd1342543de82ef95L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
