package io.ringvault.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DurationsTest {
    @Test
    void shouldReadEveryUnit() {
        assertEquals(50_000_000, Durations.parseNs("50ms"));
        assertEquals(1_500_000_000, Durations.parseNs(" 1.5 s "));
        assertEquals(120_000_000_000L, Durations.parseNs("2M"));
        assertEquals(3_600_000_000_000L, Durations.parseNs("1h"));
        assertEquals(7_000, Durations.parseNs("7us"));
        assertEquals(0, Durations.parseNs("0ns"));
    }

    @Test
    void shouldRefuseWhatIsNoLengthOfTime() {
        for (final String bad : new String[] {"", "ms", "5", "-1s", "1.2.3s", "0.5ns", "1d", "99999999999h"}) {
            final StorageException refused = assertThrows(StorageException.class, () -> Durations.parseNs(bad), bad);
            assertEquals(StorageException.Category.CONFIGURATION, refused.category());
            assertTrue(refused.getMessage().contains("'" + bad + "'"), refused.getMessage());
        }
    }

    @Test
    void shouldWriteWhatItReads() {
        for (final String text : new String[] {"50ms", "90s", "2h", "1ns", "1001us"}) {
            assertEquals(text, Durations.format(Durations.parseNs(text)));
        }
        assertEquals("0s", Durations.format(0));
    }
}
