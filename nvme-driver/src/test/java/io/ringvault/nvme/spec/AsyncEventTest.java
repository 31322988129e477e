package io.ringvault.nvme.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AsyncEventTest {

    @Test
    void shouldTakeTheFieldsOfDwordZeroApart() {
        final int event = 0x00_02_01_01;
        assertEquals(AsyncEvent.HEALTH, AsyncEvent.type(event));
        assertEquals(1, AsyncEvent.information(event));
        assertEquals(AsyncEvent.LOG_HEALTH, AsyncEvent.logPage(event));
        assertEquals(7, AsyncEvent.type(-1));
        assertEquals(255, AsyncEvent.information(-1));
        assertEquals(255, AsyncEvent.logPage(-1));
    }

    @Test
    void shouldSuspectTheNamespaceOnlyWhenANoticeSaysSo() {
        assertTrue(AsyncEvent.namespaceChanged(0x00_04_00_02));
        assertFalse(AsyncEvent.namespaceChanged(0x00_04_01_02));
        assertFalse(AsyncEvent.namespaceChanged(0x00_04_00_01));
    }

    @Test
    void shouldAskForNoticesThatAreOfferedAndAlwaysForHealth() {
        assertEquals(0x3F, AsyncEvent.configuration(0));
        assertEquals(0x33F, AsyncEvent.configuration(-1));
        assertEquals(0x13F, AsyncEvent.configuration(AsyncEvent.NAMESPACE_NOTICES));
    }

    @Test
    void shouldDescribeEveryPossibleEventWithoutFailingAndTellKnownOnesApart() {
        final Set<String> known = new HashSet<>();
        for (int type = 0; type < AsyncEvent.TYPES; type++) {
            for (int information = 0; information < 256; information++) {
                known.add(AsyncEvent.describe(information << 8 | type));
            }
        }
        assertEquals(AsyncEvent.TYPES * 256, known.size(), "two events have the same description");
    }

    @Test
    void shouldReadLogPagesByTheirOffsets() {
        final byte[] health = new byte[512];
        health[0] = 2;
        health[1] = 0x40;
        health[2] = 0x01;
        health[3] = 99;
        health[5] = 3;
        assertEquals(": critical warning 0x2, 47 degrees Celsius, spare 99 %, used 3 %",
            AsyncEvent.describeLog(AsyncEvent.LOG_HEALTH, health));
        final byte[] error = new byte[64];
        error[0] = 5;
        error[8] = 1;
        error[10] = 9;
        assertTrue(AsyncEvent.describeLog(AsyncEvent.LOG_ERROR, error)
            .startsWith(": error count 5, queue 1, command 9"));
        assertEquals("", AsyncEvent.describeLog(AsyncEvent.LOG_FIRMWARE, health));
    }
}
