package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class SessionTableTest {

    @Test
    void shouldKeepSessionsSortedWhenTheyComeAndGo() {
        SessionTable table = SessionTable.EMPTY;
        for (final long id : new long[] {5, 1, 9, 3, 7}) {
            table = table.with(id, (int) id, salt((int) id));
        }
        final SessionTable all = table;
        table = table.without(1).without(5).without(6);
        assertEquals(5, all.size(), "an older table does not change");
        assertEquals(3, table.size());
        for (int i = 0; i < 3; i++) {
            final int id = 3 + 4 * i - (i == 2 ? 2 : 0);
            assertEquals(id, table.id(i));
            assertEquals(id, table.volumeKeyNumber(i));
            assertArrayEquals(salt(id), table.salt(i));
            assertEquals(i, table.indexOf(id));
        }
        assertEquals(-1, table.indexOf(5));
        assertSame(table, table.without(5));
    }

    @Test
    void shouldRefuseASessionTwiceAndAWrongSalt() {
        final SessionTable table = SessionTable.EMPTY.with(1, 1, salt(1));
        assertThrows(IllegalArgumentException.class, () -> table.with(1, 1, salt(2)));
        assertThrows(IllegalArgumentException.class, () -> table.with(2, 1, new byte[31]));
    }

    @Test
    void shouldRoundTripPages() {
        SessionTable table = SessionTable.EMPTY;
        for (int i = 0; i < 85; i++) {
            table = table.with(i * 3, i, salt(i));
        }
        assertEquals(2, SessionPageCodec.pages(table.size()));
        final byte[] first = new byte[4080];
        final byte[] second = new byte[4080];
        SessionPageCodec.encode(table, 0, first);
        SessionPageCodec.encode(table, 1, second);
        final SessionTable back =
            SessionPageCodec.decode(second, true, SessionPageCodec.decode(first, false, SessionTable.EMPTY));
        assertEquals(85, back.size());
        for (int i = 0; i < 85; i++) {
            assertEquals(i * 3, back.id(i));
            assertEquals(i, back.volumeKeyNumber(i));
            assertArrayEquals(salt(i), back.salt(i));
        }
        assertNull(SessionPageCodec.decode(first, true, back), "ids must rise");
        assertNull(SessionPageCodec.decode(second, false, SessionTable.EMPTY), "only the last page may be short");
    }

    private static byte[] salt(final int value) {
        final byte[] salt = new byte[32];
        salt[31] = (byte) value;
        return salt;
    }
}
