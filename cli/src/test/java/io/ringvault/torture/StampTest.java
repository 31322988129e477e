package io.ringvault.torture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class StampTest {
    private final byte[] block = new byte[4096];

    @Test
    void shouldReadTheVersionThatWasWritten() {
        Stamp.write(block, 512, 512, 9, 77, 5);
        assertEquals(77, Stamp.read(block, 512, 512, 9, 5));
        assertEquals(0, Stamp.read(block, 0, 512, 8, 5));
    }

    @Test
    void shouldRefuseAValueOfAnotherPlaceOrRun() {
        Stamp.write(block, 0, 4096, 9, 77, 5);
        assertEquals(Stamp.FOREIGN, Stamp.read(block, 0, 4096, 10, 5));
        assertEquals(Stamp.FOREIGN, Stamp.read(block, 0, 4096, 9, 6));
    }

    @Test
    void shouldRefuseEveryFlippedBit() {
        final long seed = Long.getLong("seed", 1);
        final Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            Stamp.write(block, 0, 512, 3, 12, 1);
            final int bit = random.nextInt(512 * 8);
            block[bit >> 3] ^= (byte) (1 << (bit & 7));
            assertEquals(Stamp.FOREIGN, Stamp.read(block, 0, 512, 3, 1), "seed " + seed + " bit " + bit);
        }
    }

    @Test
    void shouldRefuseZerosWithOneBitSetAndHalfOfEachOfTwoValues() {
        block[4000] = 1;
        assertEquals(Stamp.FOREIGN, Stamp.read(block, 0, 4096, 0, 1));
        Stamp.write(block, 0, 4096, 3, 12, 1);
        final byte[] newer = new byte[4096];
        Stamp.write(newer, 0, 4096, 3, 13, 1);
        System.arraycopy(newer, 2048, block, 2048, 2048);
        assertEquals(Stamp.FOREIGN, Stamp.read(block, 0, 4096, 3, 1));
    }
}
