package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LeTest {

    @Test
    void shouldStoreTheLowestByteFirstAtAnyAlignment() {
        final byte[] bytes = new byte[17];
        Le.putByte(bytes, 0, 0x1FE);
        Le.putShort(bytes, 1, 0x1F2F3);
        Le.putInt(bytes, 3, 0xF4F5F6F7);
        Le.putLong(bytes, 7, 0xF8F9FAFBFCFDFEFFL);
        assertArrayEquals(new byte[] {(byte) 0xFE, (byte) 0xF3, (byte) 0xF2, (byte) 0xF7, (byte) 0xF6, (byte) 0xF5,
            (byte) 0xF4, (byte) 0xFF, (byte) 0xFE, (byte) 0xFD, (byte) 0xFC, (byte) 0xFB, (byte) 0xFA, (byte) 0xF9,
            (byte) 0xF8, 0, 0}, bytes);
        assertEquals(0xFE, Le.getByte(bytes, 0));
        assertEquals(0xF2F3, Le.getShort(bytes, 1));
        assertEquals(0xF4F5F6F7, Le.getInt(bytes, 3));
        assertEquals(0xF8F9FAFBFCFDFEFFL, Le.getLong(bytes, 7));
    }

    @Test
    void shouldThrowBeyondTheArray() {
        assertThrows(IndexOutOfBoundsException.class, () -> Le.getLong(new byte[8], 1));
        assertThrows(IndexOutOfBoundsException.class, () -> Le.putInt(new byte[8], -1, 0));
    }

    @Test
    void shouldFindAnyByteThatIsNotZero() {
        final byte[] bytes = new byte[10];
        assertTrue(Le.isZero(bytes, 0, 10));
        bytes[4] = (byte) 0x80;
        assertFalse(Le.isZero(bytes, 4, 5));
        assertTrue(Le.isZero(bytes, 0, 4));
        assertTrue(Le.isZero(bytes, 5, 10));
    }
}
