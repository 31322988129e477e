package io.ringvault.tests.adversary;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many thousand different attacks, spread evenly over every kind of block that a volume has.
 * {@code -Dadversary.edits=N} says how many, {@code -Dadversary.minutes=N} for how long instead, {@code -Dseed=N} where
 * to begin; one attack alone is {@code -Dadversary.only=SEED}.
 */
@Timeout(value = 24, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CampaignTest {
    private static final int THREADS = 2;
    private static final long FAR_APART = 1L << 32;

    private final long seed = Long.getLong("seed", 1);
    private final long minutes = Long.getLong("adversary.minutes", 0);
    private final int edits = Integer.getInteger("adversary.edits", 20_000);

    @Test
    void shouldGiveTheRightValueOrATypedErrorWhateverIsDone() throws Exception {
        final long began = System.nanoTime();
        final Campaign campaign = new Campaign(Campaign.targets(seed));
        final Long only = Long.getLong("adversary.only");
        if (only != null) {
            campaign.attack(only);
            return;
        }
        final AtomicLong next = new AtomicLong(seed * FAR_APART);
        final long end = began + TimeUnit.MINUTES.toNanos(minutes);
        final ExecutorService workers = Executors.newFixedThreadPool(THREADS,
            Thread.ofPlatform().daemon().name("adversary-", 0).factory());
        try {
            final List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                done.add(workers.submit(() -> {
                    while (minutes > 0 ? System.nanoTime() < end : campaign.distinct() < edits) {
                        campaign.attack(next.getAndIncrement());
                    }
                }));
            }
            for (final Future<?> each : done) {
                await(each);
            }
        } finally {
            workers.shutdownNow();
        }
        System.out.printf("adversary: %d distinct edits, seed %d, %.0f s, %d damaged blocks named by the library%n"
            + " by what was aimed at:%n%s by what was done:%n%s", campaign.distinct(), seed,
            (System.nanoTime() - began) / 1e9, campaign.named(), campaign.table(true), campaign.table(false));
        assertTrue(minutes > 0 || campaign.distinct() >= edits, campaign.distinct() + " edits");
        assertEquals(16, campaign.aims().size(), "a kind of block was left out: " + campaign.aims());
        for (final String kind : campaign.aims()) {
            assertTrue(campaign.aimedAt(kind) * 60 >= campaign.distinct(), kind + " got too few attacks");
        }
        assertEquals(Edit.Attack.values().length + Live.Attack.values().length, campaign.attacks().size(),
            "an attack was left out: " + campaign.attacks());
        assertTrue(campaign.named() > 0, "no message about a block was looked at");
    }

    @Test
    void shouldNotCutALogThatSaysHowFarItIsDurable() {
        Campaign.checkFloor(seed);
    }

    private static void await(final Future<?> each) throws Exception {
        try {
            each.get();
        } catch (final ExecutionException failed) {
            throw failed.getCause() instanceof Error error ? error : new AssertionError(failed.getCause());
        }
    }
}
