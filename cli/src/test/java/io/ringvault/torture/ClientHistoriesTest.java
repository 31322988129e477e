package io.ringvault.torture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.torture.History.Kind;
import org.junit.jupiter.api.Test;

/** Each way in which several clients' areas may fail to be one moment must be found. */
class ClientHistoriesTest {
    private static final int GRANULE = 512;
    private static final int GRANULES = 8;
    private static final long RUN = 77;
    private final ClientHistories histories = new ClientHistories(2, GRANULES, GRANULE, RUN);
    private final byte[][] areas = new byte[2][GRANULES * GRANULE];

    @Test
    void shouldNameTheMomentThatIsThere() {
        write(0, 1, true);
        write(1, 2, true);
        write(0, 3, false);
        assertArrayEquals(new int[] {1, 1}, histories.check(areas));
    }

    @Test
    void shouldRejectTheLossOfWhatASyncOfAnotherClientCovered() {
        write(0, 1, false);
        write(1, 2, true);
        assertArrayEquals(new int[] {0, 0}, histories.check(new byte[2][GRANULES * GRANULE]));
        histories.syncAcknowledged(histories.syncBegin());
        assertTrue(violation().contains("acknowledged data is lost"));
    }

    @Test
    void shouldRejectAnOperationWithoutOneThatWasAnsweredBeforeIt() {
        write(0, 1, false);
        write(1, 2, true);
        assertTrue(violation().contains("not one moment"), violation());
    }

    @Test
    void shouldAcceptEitherOrderOfOperationsUnderWayTogether() {
        final int first = histories.begin(0, Kind.WRITE, 1, 1);
        final int second = histories.begin(1, Kind.WRITE, 2, 1);
        histories.end(0, first, false);
        histories.end(1, second, false);
        stamp(1, 2, 1);
        assertArrayEquals(new int[] {0, 1}, histories.check(areas));
    }

    @Test
    void shouldTakeTheNewestOfEqualStatesThatFits() {
        write(0, 1, false);
        final int zero = histories.begin(1, Kind.ZERO, 0, 4);
        histories.end(1, zero, false);
        assertArrayEquals(new int[] {0, 0}, histories.check(areas));
        stamp(0, 1, 1);
        assertArrayEquals(new int[] {1, 1}, histories.check(areas));
    }

    @Test
    void shouldHoldTheDiskToAnAnswerThatSaysDurable() {
        final int op = histories.begin(0, Kind.WRITE, 1, 1);
        histories.end(0, op, true);
        assertTrue(violation().contains("client 0"));
    }

    @Test
    void shouldRejectABlockInTheAreaOfAnotherClient() {
        write(0, 1, false);
        Stamp.write(areas[1], GRANULE, GRANULE, 1, 1, ClientHistories.runOf(RUN, 0));
        assertTrue(violation().contains("no state at all"));
    }

    @Test
    void shouldGoOnFromAStateAndTellWhatIsBeyondTheAcknowledged() {
        write(0, 1, true);
        final int[] state = histories.check(areas);
        assertTrue(histories.beyondAcknowledged(state));
        final ClientHistories next = histories.continueFrom(state);
        assertFalse(next.beyondAcknowledged(next.check(areas)));
        assertEquals(0, next.submitted());
        assertEquals(2, next.nextVersion(0));
        areas[0] = new byte[GRANULES * GRANULE];
        assertThrows(HistoryViolation.class, () -> next.check(areas));
    }

    private void write(final int client, final int granule, final boolean there) {
        final int op = histories.begin(client, Kind.WRITE, granule, 1);
        histories.end(client, op, false);
        if (there) {
            stamp(client, granule, op + 1);
        }
    }

    private void stamp(final int client, final int granule, final long version) {
        Stamp.write(areas[client], granule * GRANULE, GRANULE, granule, version, ClientHistories.runOf(RUN, client));
    }

    private String violation() {
        return assertThrows(HistoryViolation.class, () -> histories.check(areas)).getMessage();
    }
}
