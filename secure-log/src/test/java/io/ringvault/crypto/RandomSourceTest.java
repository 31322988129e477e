package io.ringvault.crypto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class RandomSourceTest {

    @Test
    void shouldFillWholeArraysDifferentlyEachTime() {
        final byte[] first = RandomSource.kernel().bytes(1000);
        final byte[] second = RandomSource.kernel().bytes(1000);
        assertFalse(Arrays.equals(first, second));
        // 8000 fair bits: fewer than 3500 or more than 4500 ones has a probability below 1e-28.
        final int ones = BitSet.valueOf(first).cardinality();
        assertTrue(ones > 3500 && ones < 4500, "ones: " + ones);
        assertFalse(Arrays.equals(new byte[32], Arrays.copyOfRange(first, 968, 1000)));
        assertEquals(0, RandomSource.kernel().bytes(0).length);
    }
}
