package io.ringvault.torture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.torture.History.Kind;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The checker must find each planted violation; one that cannot fail proves nothing. */
class HistoryTest {
    private static final int GRANULE_BYTES = 512;
    private final History history = new History(8, 42);

    @Test
    void shouldAcceptTheCommittedStateAndNameIt() {
        write(0, 2);
        commit(1, false);
        acknowledge();
        write(1, 1);
        assertEquals(1, check(history.state(1)));
    }

    @Test
    void shouldRejectUnsyncedDataAfterACrash() {
        write(0, 2);
        commit(1, false);
        acknowledge();
        write(1, 1);
        assertTrue(violation(history.state(2)).contains("never committed"));
    }

    @Test
    void shouldRejectTheLossOfAnAcknowledgedSync() {
        write(0, 2);
        commit(1, false);
        acknowledge();
        assertTrue(violation(history.state(0)).contains("acknowledged data is lost"));
    }

    @Test
    void shouldAllowAnUnacknowledgedSyncToBeThereOrNot() {
        write(0, 2);
        commit(1, false);
        assertEquals(0, check(history.state(0)));
        assertEquals(1, check(history.state(1)));
    }

    @Test
    void shouldRejectHalfOfAnUnacknowledgedSync() {
        write(0, 1);
        write(1, 1);
        commit(1, false);
        assertTrue(violation(history.state(1)).contains("never committed"));
        final long[] onlySecond = history.state(2);
        onlySecond[0] = 0;
        assertTrue(violation(onlySecond).contains("no state at all"));
    }

    @Test
    void shouldRejectAMixOfTwoCommittedStates() {
        write(0, 1);
        write(1, 1);
        commit(1, false);
        acknowledge();
        write(0, 1);
        write(1, 1);
        commit(2, false);
        final long[] mixed = history.state(4);
        mixed[0] = history.state(2)[0];
        assertTrue(violation(mixed).contains("no state at all"));
    }

    @Test
    void shouldRejectAnOlderVersionOfOneGranule() {
        write(0, 1);
        commit(1, false);
        acknowledge();
        write(0, 1);
        commit(2, false);
        acknowledge();
        assertTrue(violation(history.state(1)).contains("acknowledged data is lost"));
    }

    @Test
    void shouldRejectZerosWhereDataWasAndDataWhereZerosWere() {
        write(0, 2);
        commit(1, false);
        acknowledge();
        final long[] hole = history.state(1);
        hole[1] = 0;
        violation(hole);
        history.end(history.begin(Kind.ZERO, 0, 1));
        commit(2, false);
        acknowledge();
        violation(history.state(1));
        assertEquals(2, check(history.state(2)));
    }

    @Test
    void shouldRejectForeignContent() {
        write(0, 2);
        commit(1, false);
        acknowledge();
        final long[] foreign = history.state(1);
        foreign[7] = Stamp.FOREIGN;
        violation(foreign);
    }

    @Test
    void shouldHoldTheDiskToACommitItReportedDurable() {
        write(0, 1);
        commit(1, true);
        history.commitDurable(1);
        assertTrue(violation(history.state(0)).contains("lost"));
    }

    @Test
    void shouldCountAnEngineStartedCommitWithTheOperationUnderWayEitherIn() {
        write(0, 1);
        final int under = history.begin(Kind.WRITE, 3, 2);
        commit(5, true);
        history.end(under);
        assertEquals(0, check(history.state(0)));
        assertEquals(1, check(history.state(1)));
        assertEquals(2, check(history.state(2)));
        final long[] half = history.state(2);
        half[4] = 0;
        violation(half);
    }

    @Test
    void shouldRejectAnAcknowledgementWithoutACommit() {
        write(0, 1);
        final int covered = history.syncBegin();
        assertThrows(HistoryViolation.class, () -> history.syncAcknowledged(covered));
    }

    @Test
    void shouldAcceptASyncWithNothingDirty() {
        history.syncAcknowledged(history.syncBegin());
        write(0, 1);
        commit(1, false);
        acknowledge();
        acknowledge();
        assertEquals(1, check(history.state(1)));
    }

    @Test
    void shouldRejectEpochsOutOfOrder() {
        commit(2, false);
        assertThrows(HistoryViolation.class, () -> history.commitSealed(2, false));
        assertThrows(HistoryViolation.class, () -> history.commitDurable(1));
        history.commitDurable(2);
        assertThrows(HistoryViolation.class, () -> history.commitDurable(2));
    }

    @Test
    void shouldRejectACloseThatLeavesSomethingUncommitted() {
        write(0, 1);
        assertThrows(HistoryViolation.class, history::closed);
        commit(1, false);
        history.closed();
        assertEquals(BitSet.valueOf(new long[] {2}), history.admissible());
    }

    @Test
    void shouldContinueFromARecoveredState() {
        write(0, 1);
        commit(1, false);
        acknowledge();
        write(0, 4);
        final History next = history.continueFrom(1);
        final int op = next.begin(Kind.WRITE, 4, 1);
        next.end(op);
        assertTrue(next.versionOf(op) > 2, "versions are never used twice");
        assertEquals(BitSet.valueOf(new long[] {1}), next.admissible());
        assertEquals(1, next.state(0)[0]);
        assertEquals(0, next.state(0)[1]);
    }

    @Test
    void shouldAgreeWithComparingEveryStateOneByOne() {
        final long seed = Long.getLong("seed", 7);
        final Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            final History random8 = new History(6, 1);
            final int ops = random.nextInt(12);
            for (int i = 0; i < ops; i++) {
                final int first = random.nextInt(6);
                random8.begin(random.nextInt(3) == 0 ? Kind.ZERO : Kind.WRITE, first, 1 + random.nextInt(6 - first));
            }
            final long[] observed = random8.state(random.nextInt(ops + 1));
            if (random.nextInt(3) == 0) {
                observed[random.nextInt(6)] = random.nextInt(ops + 1);
            }
            final BitSet wanted = new BitSet();
            for (int j = 0; j <= ops; j++) {
                wanted.set(j, Arrays.equals(random8.state(j), observed));
            }
            assertEquals(wanted, random8.matches(observed), "seed " + seed + " round " + round);
        }
    }

    @Test
    void shouldRejectAReadThatIsNotTheNewest() {
        write(0, 1);
        write(0, 1);
        final byte[] image = image(history.state(1));
        assertThrows(HistoryViolation.class, () -> HistoryChecker.checkNewest(history, image, GRANULE_BYTES));
        HistoryChecker.checkNewest(history, image(history.state(2)), GRANULE_BYTES);
    }

    @Test
    void shouldHoldTheRestToOneStateWhereSomeGranulesAreUnknown() {
        write(0, 4);
        commit(1, false);
        acknowledge();
        write(0, 2);
        commit(2, false);
        final long[] partly = history.state(2);
        partly[0] = History.ANY;
        assertEquals(2, HistoryChecker.check(history, partly, history.admissible(), null, GRANULE_BYTES));
        partly[1] = history.state(1)[1];
        assertEquals(1, HistoryChecker.check(history, partly, history.admissible(), null, GRANULE_BYTES));
        partly[2] = 0;
        assertThrows(HistoryViolation.class,
            () -> HistoryChecker.check(history, partly, history.admissible(), null, GRANULE_BYTES));
    }

    private void write(final long granule, final int count) {
        history.end(history.begin(Kind.WRITE, granule, count));
    }

    private void commit(final long epoch, final boolean engineStarted) {
        history.commitSealed(epoch, engineStarted);
    }

    private void acknowledge() {
        history.syncAcknowledged(history.syncBegin());
    }

    private int check(final long[] versions) {
        return HistoryChecker.check(history, image(versions), GRANULE_BYTES, history.admissible());
    }

    private String violation(final long[] versions) {
        return assertThrows(HistoryViolation.class, () -> check(versions)).getMessage();
    }

    private byte[] image(final long[] versions) {
        final byte[] image = new byte[versions.length * GRANULE_BYTES];
        for (int g = 0; g < versions.length; g++) {
            if (versions[g] == Stamp.FOREIGN) {
                image[g * GRANULE_BYTES + 3] = 9;
            } else {
                Stamp.write(image, g * GRANULE_BYTES, GRANULE_BYTES, g, versions[g], history.run());
            }
        }
        return image;
    }
}
