package io.ringvault.nvme.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RegistersTest {

    /** Bits {@code high..low} of a 64-bit register, by arithmetic of another kind than the decoder's. */
    private static int bits(final BigInteger register, final int high, final int low) {
        return register.shiftRight(low).mod(BigInteger.TWO.pow(high - low + 1)).intValueExact();
    }

    @Test
    void shouldDecodeCapabilitiesWhenAllBitsAreRandom() {
        final long seed = Long.getLong("seed", System.nanoTime());
        final Random random = new Random(seed);
        for (int i = 0; i < 5000; i++) {
            final BigInteger cap = new BigInteger(64, random);
            final long value = cap.longValue();
            final String hint = "seed " + seed;
            assertEquals(bits(cap, 15, 0) + 1, Registers.maximumQueueEntries(value), hint);
            assertEquals(bits(cap, 16, 16) == 1, Registers.contiguousQueuesRequired(value), hint);
            assertEquals(bits(cap, 31, 24) * 500L, Registers.readyTimeoutMs(value), hint);
            assertEquals(1 << 2 + bits(cap, 35, 32), Registers.doorbellStrideBytes(value), hint);
            assertEquals(bits(cap, 37, 37) == 1, Registers.nvmCommandSet(value), hint);
            assertEquals(12 + bits(cap, 51, 48), Registers.minimumPageShift(value), hint);
            assertEquals(12 + bits(cap, 55, 52), Registers.maximumPageShift(value), hint);
        }
    }

    @Test
    void shouldPlaceDoorbellsByStrideWhenQueuesAreNumbered() {
        assertEquals(0, Registers.submissionDoorbell(0, 4));
        assertEquals(4, Registers.completionDoorbell(0, 4));
        assertEquals(24, Registers.submissionDoorbell(3, 4));
        assertEquals(28, Registers.completionDoorbell(3, 4));
        assertEquals(7 * 64, Registers.completionDoorbell(3, 64));
        assertEquals(2L * 65535 * (4 << 15), Registers.submissionDoorbell(65535, 4 << 15));
    }

    @Test
    void shouldEncodeControlRegistersWhenTheDriverSetsThem() {
        assertEquals(0x0046_0001, Registers.enable());
        assertEquals(0x0046_4001, Registers.enable() | Registers.CC_SHN_NORMAL);
        assertEquals(0x00FF_000F, Registers.adminQueueAttributes(16, 256));
        assertTrue(Registers.shutdownComplete(0b1001));
        assertFalse(Registers.shutdownComplete(0b0101));
        assertFalse(Registers.shutdownComplete(0b1101));
        assertEquals("1.4.0", Registers.version(0x0001_0400));
        assertEquals("2.1.0", Registers.version(0x0002_0100));
    }
}
