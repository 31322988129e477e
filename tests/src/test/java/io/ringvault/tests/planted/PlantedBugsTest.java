package io.ringvault.tests.planted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every planted defect is caught by its oracle within its seeds, and the source as it is passes every oracle with the
 * most seeds that any defect of it needs. {@code -Dplanted.only=NAME} runs one; {@code -Dplanted.seeds=N} gives all of
 * them more seeds, the control too.
 */
@Timeout(value = 15, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PlantedBugsTest {
    private static final int THREADS = 2;
    private static final long LIMIT_S = 240;
    private static final int WIDTH = 110;

    private static final int ERROR_WIDTH = 400;

    private final String only = System.getProperty("planted.only");
    private final int moreSeeds = Integer.getInteger("planted.seeds", 0);

    /** What an oracle said. */
    private record Verdict(String oracle, long seed, Throwable violation, double seconds) {
    }

    /** Held, so that it stays as it is set: an engine that a defect stops would log each time. */
    private static final Logger ENGINE_LOG = Logger.getLogger("io.ringvault");

    @BeforeAll
    static void beQuiet() {
        ENGINE_LOG.setLevel(Level.OFF);
    }

    @AfterAll
    static void beHeard() {
        ENGINE_LOG.setLevel(null);
    }

    @Test
    void shouldMatchExactlyOnceInTheSource() throws IOException {
        final List<PlantedBug> bugs = PlantedBug.load();
        assertTrue(bugs.size() >= 25, bugs.size() + " defects are too few");
        assertEquals(bugs.size(), bugs.stream().map(PlantedBug::name).distinct().count(), "a name is used twice");
        final List<String> wrong = new ArrayList<>();
        for (final PlantedBug bug : bugs) {
            if (bug.occurrences() != 1) {
                wrong.add(bug.name() + ": " + bug.occurrences() + " times in " + bug.file());
            }
        }
        assertEquals(List.of(), wrong, "the source has changed: src/test/resources/planted/bugs.txt has to follow");
    }

    @Test
    void shouldCatchEachBugByItsOracle() throws Exception {
        final List<PlantedBug> bugs = PlantedBug.load().stream().filter(bug -> only == null || bug.name().equals(only))
            .toList();
        final Map<PlantedBug, Future<Verdict>> verdicts = new LinkedHashMap<>();
        final List<String> missed = new ArrayList<>();
        final ExecutorService workers = workers();
        try {
            bugs.forEach(bug -> verdicts.put(bug, workers.submit(() -> judge(
                Mutant.of(bug.file(), bug.planted()), bug.oracle(), Math.max(bug.seeds(), moreSeeds)))));
            for (final PlantedBug bug : bugs) {
                report(bug, await(bug.name(), verdicts.get(bug)), missed);
            }
        } finally {
            workers.shutdownNow();
        }
        System.out.println("planted bugs: " + (bugs.size() - missed.size()) + " of " + bugs.size() + " caught");
        assertEquals(List.of(), missed, "an oracle that cannot fail proves nothing");
    }

    private static void report(final PlantedBug bug, final Verdict verdict, final List<String> missed) {
        final Throwable violation = verdict.violation;
        final String text = violation == null ? "" : innermost(violation);
        final boolean caught = violation != null && !(violation instanceof LinkageError)
            && bug.expect().matcher(violation + "\n" + text).find();
        if (!caught) {
            missed.add(bug.name() + " by " + bug.oracle() + (violation == null ? ""
                : ": " + violation.toString().substring(0, Math.min(ERROR_WIDTH, violation.toString().length()))));
        }
        System.out.printf("planted bug %-42s %s by %-22s seed %d of %d, %5.1f s%s%n", bug.name(),
            caught ? "caught" : violation == null ? "MISSED" : "UNSURE", bug.oracle(), verdict.seed, bug.seeds(),
            verdict.seconds, text.isEmpty() ? "" : ": " + text.substring(0, Math.min(WIDTH, text.length())));
    }

    /** Through a mutant too, of a source that was not changed, so that the way of running is not what is caught. */
    @Test
    void shouldPassEachOracleWithoutABug() throws Exception {
        final Map<String, Integer> budgets = new LinkedHashMap<>();
        PlantedBug.load().stream().filter(bug -> only == null || bug.name().equals(only))
            .forEach(bug -> budgets.merge(bug.oracle(), Math.max(bug.seeds(), moreSeeds), Math::max));
        final PlantedBug first = PlantedBug.load().getFirst();
        final PlantedBug none = new PlantedBug("none", "", first.file(), "", 0, first.expect(), first.text(),
            first.text());
        final Mutant unchanged = Mutant.of(none.file(), none.planted());
        final Map<String, Future<Verdict>> verdicts = new LinkedHashMap<>();
        final ExecutorService workers = workers();
        try {
            budgets.forEach((oracle, seeds) -> verdicts.put(oracle,
                workers.submit(() -> judge(unchanged, oracle, seeds))));
            for (final String oracle : budgets.keySet()) {
                final Verdict verdict = await(oracle, verdicts.get(oracle));
                System.out.printf("no planted bug: %s with %d seeds, %.1f s%n", oracle, budgets.get(oracle),
                    verdict.seconds);
                if (verdict.violation != null) {
                    throw new AssertionError("oracle " + oracle + " with seed " + verdict.seed
                        + " fails without any planted bug: " + verdict.violation, verdict.violation);
                }
            }
        } finally {
            workers.shutdownNow();
        }
    }

    private static ExecutorService workers() {
        return Executors.newFixedThreadPool(THREADS, Thread.ofPlatform().daemon().name("planted-", 0).factory());
    }

    private static Verdict judge(final Mutant mutant, final String oracle, final int seeds) throws Exception {
        final long began = System.nanoTime();
        final Method check = mutant.loadClass(Oracles.class.getName()).getDeclaredMethod("check", String.class,
            long.class);
        check.setAccessible(true);
        for (long seed = 1; seed <= seeds; seed++) {
            try {
                check.invoke(null, oracle, seed);
            } catch (final InvocationTargetException violated) {
                return new Verdict(oracle, seed, violated.getCause(), (System.nanoTime() - began) / 1e9);
            }
        }
        return new Verdict(oracle, seeds, null, (System.nanoTime() - began) / 1e9);
    }

    private static <T> T await(final String what, final Future<T> result) throws Exception {
        try {
            return result.get(LIMIT_S, TimeUnit.SECONDS);
        } catch (final TimeoutException late) {
            throw new AssertionError(what + ": no verdict within " + LIMIT_S + " s; that is no oracle's word", late);
        } catch (final ExecutionException failed) {
            throw failed.getCause() instanceof Error error ? error : new AssertionError(what, failed.getCause());
        }
    }

    private static String innermost(final Throwable violation) {
        Throwable cause = violation;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    }
}
