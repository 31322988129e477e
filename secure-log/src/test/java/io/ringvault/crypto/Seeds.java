package io.ringvault.crypto;

import java.util.Random;
import java.util.function.Consumer;

/** Randomised tests: {@code -Dseed=} repeats a run, a failure names its seed. */
public final class Seeds {

    private Seeds() {
    }

    /** Runs the test with a generator whose seed is reported on failure. */
    public static void run(final Consumer<Random> test) {
        final long seed = Long.getLong("seed", System.nanoTime());
        try {
            test.accept(new Random(seed));
        } catch (final RuntimeException | AssertionError failed) {
            throw new AssertionError("failed with -Dseed=" + seed + ": " + failed.getMessage(), failed);
        }
    }

    /** A repeatable random source. */
    public static RandomSource source(final long seed) {
        return new Random(seed)::nextBytes;
    }
}
