package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class SystemRandomTest {

    @Test
    void shouldFillTheWholeArrayDifferentlyEachTime() throws IOException {
        final byte[] first = new byte[1000];
        final byte[] second = new byte[1000];
        SystemRandom.fill(first);
        SystemRandom.fill(second);
        assertFalse(Arrays.equals(first, second));
        // 8000 fair bits: fewer than 3500 or more than 4500 ones has a probability below 1e-28.
        final int ones = BitSet.valueOf(first).cardinality();
        assertTrue(ones > 3500 && ones < 4500, "ones: " + ones);
        final byte[] tail = Arrays.copyOfRange(first, 968, 1000);
        assertFalse(Arrays.equals(new byte[32], tail));
        SystemRandom.fill(new byte[0]);
    }
}
