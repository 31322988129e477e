package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RequestsTest {
    private final Requests requests = new Requests(3);

    @Test
    void shouldHandOutEachRequestOnceWhenTheyAreTaken() {
        assertEquals(0, requests.take(10));
        assertEquals(1, requests.take(11));
        assertEquals(2, requests.take(12));
        assertEquals(Requests.NONE, requests.take(13));
        assertEquals(3, requests.used());
        requests.free(1);
        assertFalse(requests.isInUse(1));
        assertEquals(1, requests.take(14));
        assertEquals(14, requests.tokens[1]);
    }

    @Test
    void shouldKeepTheOrderOfArrivalWhenRequestsWait() {
        for (int i = 0; i < 3; i++) {
            requests.appendWaiting(requests.take(i));
        }
        for (int i = 0; i < 3; i++) {
            assertEquals(i, requests.firstWaiting());
            requests.removeFirstWaiting();
        }
        assertEquals(Requests.NONE, requests.firstWaiting());
        requests.appendWaiting(2);
        assertEquals(2, requests.firstWaiting());
    }

    @Test
    void shouldKeepTheFirstErrorAndSendNothingMoreWhenTwoPartsFail() {
        final int request = requests.take(1);
        requests.next[request] = 10;
        requests.end[request] = 100;
        requests.outstanding[request] = 2;
        requests.fail(request, 7);
        requests.fail(request, 8);
        assertEquals(7, requests.status[request]);
        assertEquals(100, requests.next[request]);
        assertFalse(requests.isFinished(request));
        requests.outstanding[request] = 0;
        assertTrue(requests.isFinished(request));
        requests.appendWaiting(request);
        assertFalse(requests.isFinished(request));
    }

    @Test
    void shouldDeliverInOrderWhenRequestsAreReady() {
        for (int i = 0; i < 3; i++) {
            requests.appendReady(requests.take(i));
        }
        assertTrue(requests.isReady(1));
        for (int i = 0; i < 3; i++) {
            assertEquals(i, requests.pollReady());
            requests.free(i);
        }
        assertEquals(Requests.NONE, requests.pollReady());
        assertFalse(requests.isReady(1));
    }
}
