package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class RequestDescriptorTest {

    @Test
    void shouldUseExactlyItsBytes() {
        final SegmentBuffer buffer = SegmentBuffer.allocate(80);
        buffer.setMemory(0, 80, (byte) 0x7f);
        RequestDescriptor.encode(buffer, 8, 1, 2, 3, 4, 5, 6);
        assertEquals(64, RequestRing.RECORD_BYTES);
        final byte[] expected = new byte[80];
        java.util.Arrays.fill(expected, (byte) 0x7f);
        java.util.Arrays.fill(expected, 8, 64, (byte) 0);
        for (int field = 0; field < 4; field++) {
            expected[8 + 4 * field] = (byte) (field + 1);
        }
        expected[24] = 5;
        expected[32] = 6;
        final byte[] actual = new byte[80];
        buffer.getBytes(0, actual);
        assertArrayEquals(expected, actual);
    }
}
