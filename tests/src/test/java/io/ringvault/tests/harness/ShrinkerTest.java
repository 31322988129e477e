package io.ringvault.tests.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShrinkerTest {
    private static final long LIMIT_NS = 60_000_000_000L;

    @Test
    void shouldKeepWhatTheFailureNeedsAndNothingElse() {
        final List<Integer> steps = IntStream.range(0, 500).boxed().toList();
        assertEquals(List.of(17, 18, 400),
            Shrinker.shrink(steps, some -> some.containsAll(List.of(17, 18, 400)), LIMIT_NS));
    }

    @Test
    void shouldGoOnUntilNoSingleStepCanGo() {
        final List<Integer> steps = List.of(0, 1, 9);
        assertEquals(List.of(0), Shrinker.shrink(steps,
            some -> some.contains(0) && (some.contains(1) || !some.contains(9)), LIMIT_NS));
    }

    @Test
    void shouldGiveTheWholeWhenThereIsNoTime() {
        final List<Integer> steps = List.of(1, 2, 3);
        assertEquals(steps, Shrinker.shrink(steps, some -> true, 0));
    }
}
