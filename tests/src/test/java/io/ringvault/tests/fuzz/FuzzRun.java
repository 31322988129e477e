package io.ringvault.tests.fuzz;

import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Runs cases of one parser for its share of time, each from a seed of its own, and counts what became of them. A case
 * fails by any exception that it does not take for an answer itself, and by allocating more than its bound. Owned by
 * one test thread.
 */
public final class FuzzRun {
    private static final com.sun.management.ThreadMXBean THREADS =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** One case: what became of it, in a word. */
    @FunctionalInterface
    public interface Case {
        String run(Random random) throws Exception;
    }

    private final String parser;
    private final long allocationBoundBytes;
    private final Map<String, Long> outcomes = new TreeMap<>();
    private long cases;
    private long mostAllocated;

    /**
     * @param parser               its name, to be printed
     * @param allocationBoundBytes most that one case may allocate on its thread
     */
    public FuzzRun(final String parser, final long allocationBoundBytes) {
        this.parser = parser;
        this.allocationBoundBytes = allocationBoundBytes;
    }

    /** Seconds that a group of parsers gets. */
    public static double seconds() {
        return Double.parseDouble(System.getProperty("fuzz.seconds", "3"));
    }

    /**
     * Runs cases.
     *
     * @param share of {@link #seconds}
     */
    public FuzzRun run(final double share, final Case one) {
        final long firstSeed = Long.getLong("seed", 1);
        final long endNs = System.nanoTime() + (long) (seconds() * share * 1e9);
        do {
            final long seed = firstSeed + cases++;
            final long before = THREADS.getCurrentThreadAllocatedBytes();
            final String outcome;
            try {
                outcome = one.run(new Random(seed * 0x9E37_79B9_7F4A_7C15L));
            } catch (final Exception | Error failed) {
                throw new AssertionError(parser + ": -Dseed=" + seed + ": " + failed, failed);
            }
            final long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            mostAllocated = Math.max(mostAllocated, allocated);
            if (allocated > allocationBoundBytes) {
                throw new AssertionError(parser + ": -Dseed=" + seed + " allocated " + allocated + " bytes; "
                    + allocationBoundBytes + " are allowed (" + outcome + ")");
            }
            outcomes.merge(outcome, 1L, Long::sum);
        } while (System.nanoTime() - endNs < 0);
        System.out.printf("fuzz %-26s seeds %d..%d, %d cases, at most %d bytes allocated: %s%n", parser, firstSeed,
            firstSeed + cases - 1, cases, mostAllocated, outcomes);
        return this;
    }

    /** Fails unless the cases ended in this way too: a fuzzer that only meets the first check proves little. */
    public FuzzRun met(final String... wanted) {
        for (final String outcome : wanted) {
            if (cases > 200 && !outcomes.containsKey(outcome)) {
                throw new AssertionError(parser + ": none of " + cases + " cases ended as '" + outcome + "': "
                    + outcomes);
            }
        }
        return this;
    }
}
