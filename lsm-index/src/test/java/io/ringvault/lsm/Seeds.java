package io.ringvault.lsm;

import java.util.stream.LongStream;

/** Seeds of randomised tests: {@code -Dseed=} runs one. */
final class Seeds {
    private Seeds() {
    }

    static LongStream count(final int count) {
        final String given = System.getProperty("seed");
        return given != null ? LongStream.of(Long.parseLong(given)) : LongStream.range(1, count + 1);
    }

    /** Runs a body for each seed and names the seed when it fails. */
    static void each(final int count, final Body body) {
        count(count).forEach(seed -> {
            try {
                body.run(seed);
            } catch (final Throwable e) {
                throw new AssertionError("seed " + seed + " (rerun with -Dseed=" + seed + "): " + e, e);
            }
        });
    }

    /** One run. */
    interface Body {
        void run(long seed) throws Exception;
    }
}
