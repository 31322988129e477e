package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PrefaceCodecTest {
    private final PrefaceCodec codec = new PrefaceCodec();
    private final byte[] salt = new byte[32];
    private final byte[] volumeId = new byte[16];

    @Test
    void shouldReadBackWhatWasWrittenWithinALargerBuffer() {
        Arrays.fill(salt, (byte) 3);
        Arrays.fill(volumeId, (byte) 4);
        final byte[] buffer = new byte[3 * 4096];
        Arrays.fill(buffer, (byte) 0x55);
        codec.encode(77, 5, salt, volumeId, SegmentPurpose.OBJECT, buffer, 4096);
        assertTrue(codec.isValid(buffer, 4096, volumeId));
        assertEquals(77, PrefaceCodec.generation(buffer, 4096));
        assertEquals(5, PrefaceCodec.session(buffer, 4096));
        assertArrayEquals(salt, PrefaceCodec.salt(buffer, 4096));
        assertEquals(SegmentPurpose.OBJECT, PrefaceCodec.purpose(buffer, 4096));
        assertEquals('R', buffer[4096]);
        assertEquals(77, buffer[4096 + 8]);
        assertEquals(4, buffer[4096 + 56]);
        assertEquals(0x55, buffer[4095]);
        assertEquals(0x55, buffer[8192]);
        assertFalse(codec.isValid(buffer, 4096, new byte[16]), "another volume");
    }

    @Test
    void shouldNoticeAnyFlippedByte() {
        final byte[] block = new byte[4096];
        codec.encode(1, 2, salt, volumeId, 0, block, 0);
        for (int at = 0; at < 4096; at++) {
            block[at] ^= 1;
            assertFalse(codec.isValid(block, 0, volumeId), "byte " + at);
            block[at] ^= 1;
        }
        assertTrue(codec.isValid(block, 0, volumeId));
    }
}
