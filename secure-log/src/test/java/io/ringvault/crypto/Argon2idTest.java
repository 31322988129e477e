package io.ringvault.crypto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class Argon2idTest {

    /** Computed with the reference implementation: {@code argon2 -id -t 2 -k 65536 -p 1 -l 32}, version 1.3. */
    @Test
    void shouldDeriveWhatTheReferenceImplementationDoes() {
        assertEquals("09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
            HexFormat.of().formatHex(Argon2id.derive("password".getBytes(StandardCharsets.US_ASCII),
                "somesalt".getBytes(StandardCharsets.US_ASCII), new KdfParameters(1 << 16, 2, 1))));
    }

    @Test
    void shouldBoundWhatAnybodyCanAskFor() {
        assertNull(KdfParameters.problem(64 << 10, 6, 1));
        assertNull(KdfParameters.problem(KdfParameters.MEMORY_KIB_MAX, 4, 16));
        for (final int[] bad : new int[][] {{1 << 30, 1, 1}, {-1, 1, 1}, {7, 1, 1}, {16, 1, 4}, {1 << 20, 5, 1},
            {8, 1 << 17, 1}, {8, 0, 1}, {64, -1, 1}, {64, 1, 0}, {1 << 20, 1, 17},
            {Integer.MAX_VALUE, Integer.MAX_VALUE, 1}}) {
            assertNotNull(KdfParameters.problem(bad[0], bad[1], bad[2]), () -> bad[0] + " " + bad[1] + " " + bad[2]);
        }
        assertThrows(StorageException.class, () -> new KdfParameters(4, 1, 1).checked());
    }

    @Test
    void shouldCalibrateWithinTheBoundsWhateverTheTarget() {
        for (final long target : new long[] {0, 300_000_000L, Long.MAX_VALUE}) {
            final KdfParameters chosen = KdfParameters.calibrated(target).checked();
            assertTrue(chosen.iterations() >= 3 && chosen.memoryKib() >= 1024, chosen::toString);
        }
    }
}
