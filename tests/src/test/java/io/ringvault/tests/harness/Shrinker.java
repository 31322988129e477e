package io.ringvault.tests.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Leaves out of a failing sequence what it does not need to fail: halves first, single steps in the end. */
public final class Shrinker {

    private Shrinker() {
    }

    /** The smallest sequence that was found within the time and still fails; the steps keep their order. */
    public static <T> List<T> shrink(final List<T> failing, final Predicate<List<T>> fails, final long limitNs) {
        final long end = System.nanoTime() + limitNs;
        List<T> smallest = failing;
        int before;
        do {
            before = smallest.size();
            smallest = pass(smallest, fails, end);
        } while (smallest.size() < before && System.nanoTime() < end);
        return smallest;
    }

    private static <T> List<T> pass(final List<T> steps, final Predicate<List<T>> fails, final long end) {
        List<T> smallest = steps;
        for (int length = Math.max(1, smallest.size() / 2); length >= 1; length = length / 2) {
            for (int from = 0; from + length <= smallest.size() && System.nanoTime() < end;) {
                final List<T> candidate = new ArrayList<>(smallest.subList(0, from));
                candidate.addAll(smallest.subList(from + length, smallest.size()));
                if (fails.test(candidate)) {
                    smallest = candidate;
                } else {
                    from += length;
                }
            }
        }
        return smallest;
    }
}
