package io.ringvault.lsm;

import java.util.Arrays;

/**
 * Signed number of PRESENT index records per generation. Used by one thread at a time; allocates only when it grows.
 *
 * <p>An edit carries the exact difference it makes: plus one for each record written, minus one for each record read
 * from a table that the edit drops. Records in a block that could not be read are unknown and are therefore <b>not</b>
 * subtracted: a count may then stay too high for ever (its segment is freed by the cleaner's proof instead), it never
 * falls below the truth.
 */
public final class GenerationCounts {
    /** Receives one generation and its count. */
    @FunctionalInterface
    public interface Visitor {
        /** Called once for each generation whose count is not zero. */
        void accept(long generation, long count);
    }

    private static final int FIRST_SLOTS = 64;

    private long[] keys = new long[FIRST_SLOTS];
    private long[] counts = new long[FIRST_SLOTS];
    private int used;
    private int last;

    /** Adds {@code delta} to the count of {@code generation} (0 or more). */
    public void add(final long generation, final long delta) {
        final long key = generation + 1;
        if (keys[last] == key) {
            counts[last] += delta;
            return;
        }
        final int at = slotOf(key, keys);
        if (keys[at] == 0) {
            if (used * 2 >= keys.length) {
                grow();
                add(generation, delta);
                return;
            }
            keys[at] = key;
            used++;
        }
        counts[at] += delta;
        last = at;
    }

    /** The count of a generation; zero when it was never added. */
    public long count(final long generation) {
        final int at = slotOf(generation + 1, keys);
        return keys[at] == 0 ? 0 : counts[at];
    }

    /** Adds all counts of {@code other}, each times {@code factor}. */
    public void addAll(final GenerationCounts other, final long factor) {
        other.forEach((generation, count) -> add(generation, count * factor));
    }

    /** Visits every generation with a count other than zero, in no order. */
    public void forEach(final Visitor visitor) {
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != 0 && counts[i] != 0) {
                visitor.accept(keys[i] - 1, counts[i]);
            }
        }
    }

    /** Whether every count is zero. */
    public boolean isZero() {
        for (final long count : counts) {
            if (count != 0) {
                return false;
            }
        }
        return true;
    }

    /** Sets every count to zero and keeps the memory. */
    public void clear() {
        Arrays.fill(keys, 0);
        Arrays.fill(counts, 0);
        used = 0;
        last = 0;
    }

    private static int slotOf(final long key, final long[] keys) {
        final int mask = keys.length - 1;
        int at = (int) (mix(key) & mask);
        while (keys[at] != 0 && keys[at] != key) {
            at = at + 1 & mask;
        }
        return at;
    }

    private static long mix(final long key) {
        final long h = key * 0x9E3779B97F4A7C15L;
        return h ^ h >>> 32;
    }

    private void grow() {
        final long[] biggerKeys = new long[keys.length * 2];
        final long[] biggerCounts = new long[keys.length * 2];
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != 0) {
                final int at = slotOf(keys[i], biggerKeys);
                biggerKeys[at] = keys[i];
                biggerCounts[at] = counts[i];
            }
        }
        keys = biggerKeys;
        counts = biggerCounts;
        last = 0;
    }

    @Override
    public String toString() {
        final StringBuilder text = new StringBuilder("{");
        forEach((generation, count) -> text.append(text.length() > 1 ? ", " : "").append(generation).append('=')
            .append(count));
        return text.append('}').toString();
    }
}
